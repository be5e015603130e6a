"""A page as one file: light and dark, on a phone and on paper, with each script's own fonts and line height.

Nothing in it asks for anything outside: its policy forbids every address, and every script but the one that it names.
"""

import base64
import hashlib
import re
from functools import cache
from html import escape

FONTS = {
    "th": ("1.85", "'Noto Sans Thai','Noto Sans Thai Looped','Leelawadee UI',Thonburi"),
    "lo": ("1.95", "'Noto Sans Lao','Leelawadee UI','Lao Sangam MN'"),
    "km": ("2.1", "'Noto Sans Khmer','Leelawadee UI','Khmer Sangam MN'"),
    "my": ("2.2", "'Noto Sans Myanmar','Myanmar Text','Myanmar Sangam MN'"),
    "ta": ("1.8", "'Noto Sans Tamil','Nirmala UI','Tamil Sangam MN'"),
    "zh": ("1.8", "'Noto Sans CJK SC','PingFang SC','Microsoft YaHei'"),
}
"""Line height and fonts by language. Ours, after looking at them: marks above a line and below the last one must not touch."""

_CONTROLS = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]")

_STYLE = """
:root{color-scheme:light dark;--ink:#123f46;--paper:#fbfaf6;--soft:#55606a;--line:#cfc8b4;--raised:#fff;
--kept:#1f5a63;--dropped:#b4532f;--held:#84640a;--pale:#dbe6e4;--accent:#1f5a63;--on-accent:#fff}
@media screen and (prefers-color-scheme:dark){:root{--ink:#dfe9e6;--paper:#10191b;--soft:#a3b1b1;--line:#3a4a4c;--raised:#182427;
--kept:#5fb4c0;--dropped:#e88f6b;--held:#d9b54a;--pale:#20363a;--accent:#5fb4c0;--on-accent:#0c1517}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{font:16px/1.55 system-ui,'Noto Sans',sans-serif;max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem;
color:var(--ink);background:var(--paper);overflow-wrap:break-word}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .4rem}
h2{font-size:1.2rem;line-height:1.35;margin:2.6rem 0 .3rem}
h3{font-size:1rem;margin:1.6rem 0 .2rem}
p{margin:.3rem 0 .8rem;max-width:46rem}
small,.soft{color:var(--soft)}code{font-size:.88em;overflow-wrap:anywhere}
.text{line-height:1.7;overflow-wrap:anywhere}.text p{margin:0 0 .55em;white-space:pre-wrap;unicode-bidi:isolate}
"""
_PRINT = """
@page{margin:16mm 14mm}
@media print{:root{--paper:#fff;--raised:#fff}body{font-size:10.5pt;max-width:none;padding:0}
h2,h3{break-after:avoid}svg,tr,.sample{break-inside:avoid}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


def paper(title: str, body: str, style: str = "", script: str = "", again_s: int | None = None) -> str:
    """The whole page; `body` is HTML, and no style attribute or event handler in it would be heard.

    `again_s`: an open page is read again after so many seconds.
    """
    fonts = "\n".join(f":lang({code}).text{{line-height:{height};font-family:{names},'Noto Sans',sans-serif}}"
                      for code, (height, names) in FONTS.items())  # fmt: skip
    whole = f"{_STYLE}{fonts}{style}{_PRINT}"
    policy = f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src {_hash(whole)}"
    policy += f"; script-src {_hash(script)}" if script else ""
    ending = f"<script>{script}</script>" if script else ""
    again = f'<meta http-equiv="refresh" content="{again_s}">\n' if again_s else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">\n'
        f"{again}"
        f"<style>{whole}</style></head>\n<body>\n{body}\n{ending}</body></html>\n"
    )


def text_block(text: str, language: str | None) -> str:
    """Text of a corpus as it stands there, a `p` a paragraph, in its script's fonts; nothing in it is markup."""
    lang = f' lang="{escape(language)}"' if language else ""
    paragraphs = "".join(f'<p dir="auto">{escape(_visible(line))}</p>' for line in text.split("\n") if line.strip())
    return f'<div class="text"{lang}>{paragraphs}</div>'


def beginning(text: str, characters: int) -> str:
    """At most that many characters from the beginning, and no letter without its marks."""
    if len(text) <= characters:
        return text
    import icu

    units = text[: characters + 64].encode("utf-16-le")
    wanted = len(text[:characters].encode("utf-16-le")) // 2
    found = icu.BreakIterator.createCharacterInstance(icu.Locale.getRoot())
    found.setText(units.decode("utf-16-le"))
    end = wanted if found.isBoundary(wanted) else found.preceding(wanted)
    return units[: 2 * end].decode("utf-16-le")


@cache
def language_name(code: str, within: str = "en") -> str:
    """What the language of that code is called in English, or in the language `within`; the code where nobody knows."""
    import icu

    return str(icu.Locale(code).getDisplayLanguage(icu.Locale(within))) or code


def _visible(text: str) -> str:
    """Without what HTML has no letter for."""
    return _CONTROLS.sub("\ufffd", text)


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
