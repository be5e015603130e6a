"""Manual pages: the text between the macros. Source: man(7), groff_char(7)."""

import re

from daulat.corpus.extract.charset import decode
from daulat.corpus.extract.reading import Reading

_BREAKS = frozenset(re.findall(r"\w+", "PP P LP TP IP HP SH SS TQ RS RE sp br Pp It Sh Ss"))
_FONTS = frozenset(re.findall(r"\w+", "B I R BI BR IB IR RB RI SM SB"))
_SPECIAL = {
    "aq": "'",
    "dq": '"',
    "lq": "“",
    "rq": "”",
    "oq": "‘",
    "cq": "’",
    "em": "-",
    "en": "-",
    "bu": "•",
    "co": "©",
    "ti": "~",
    "rs": "\\",
}


def read(data: bytes) -> Reading:
    """The paragraphs of a manual page; headings are paragraphs, tables and examples are left out."""
    reading, lines, literal = Reading([]), list[str](), False

    def flush() -> None:
        text = " ".join(" ".join(lines).split())
        lines.clear()
        if text:
            reading.paragraphs.append(text)

    for line in decode(data).splitlines():
        macro, _, rest = line[1:].lstrip().partition(" ") if line[:1] in (".", "'") else ("", "", line)
        if macro in ("nf", "EX", "TS"):
            flush()
            literal = True
        elif macro in ("fi", "EE", "TE"):
            literal = False
        elif literal:
            reading.leave_out("listing", line)
        elif macro in _BREAKS or not line.strip():
            flush()
            if macro in ("SH", "SS"):
                lines.append(_plain(rest).strip('"'))
                flush()
        elif macro in _FONTS or (not macro and line[:1] not in (".", "'")):
            words = _plain(rest)
            lines.append(words.replace('"', "") if macro else words)
    flush()
    return reading


def _plain(text: str) -> str:
    """Without fonts, sizes, comments; escapes become their characters."""
    text = re.sub(r'\\["#].*', "", text)
    text = re.sub(r"\\f(?:\[\w*\]|\(..|.)|\\s[-+]?\d|\\[&/,|^)%:]|\\c$", "", text)
    text = re.sub(r"\\\(([a-z]{2})|\\\[([a-z]{2})\]", lambda m: _SPECIAL.get(m[1] or m[2], ""), text)
    return text.replace("\\-", "-").replace("\\ ", " ").replace("\\~", " ").replace("\\e", "\\").replace("\\\\", "\\")
