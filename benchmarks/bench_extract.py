"""Claim: the main text of a page is found at least as well as by the best known extractors, and little of it is lost.

Pages are made from real text in nine languages (../shared/data/corpus), so that their main text is known: seven kinds of
layout, from HTML 5 to tables and nameless `<div>`s, each with menus, teasers, notices and footers in the same language.
They are our pages: other layouts may rank otherwise. F1 of ICU words against the main text, the same of the layout that
each does worst, and megabytes of HTML a CPU second; the peers read the same pages in the same run. resiliparse is faster.
"""

import html
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from machine_words import machine_words

from daulat.corpus.extract.charset import decode
from daulat.corpus.extract.html import read_text
from daulat.corpus.extract.reading import Unreadable

ROOT = Path(__file__).parent.parent
CORPUS = Path(os.environ.get("DAULAT_SHARED", ROOT.parent / "shared")) / "data" / "corpus"
RESULTS = ROOT / "benchmarks" / "results" / "extract.json"
LANGUAGES = ("id", "th", "vi", "ms", "tl", "km", "my", "zh", "en")
BOUNDS = {"f1": 0.95, "f1_worst": 0.9, "mb_per_cpu_s": 12.0, "times_trafilatura": 4.0}
COLUMNS = ["f1", "f1_worst", "precision", "recall", "mb_per_cpu_s"]
PAGES_A_LAYOUT = 6
SEED = 7


class Words:
    """Pages of one language: its paragraphs are main text, pieces of others are furniture."""

    def __init__(self, language: str) -> None:
        import pyarrow.parquet as pq

        self.language = language
        self.random = random.Random(SEED)
        texts = pq.read_table(CORPUS / f"{language}.parquet", columns=["text"])["text"].to_pylist()
        lines = [line.strip() for text in texts for line in text.split("\n")]
        self.paragraphs = [line for line in lines if 120 <= len(line) <= 900 and "<" not in line]
        self.short = [line for line in lines if 15 <= len(line) <= 60 and "<" not in line]

    def label(self) -> str:
        """The words of a link."""
        return html.escape(self.random.choice(self.short)[:40])

    def menu(self, count: int, tag: str = "ul", name: str = "") -> str:
        links = "".join(f'<li><a href="/{n}">{self.label()}</a></li>' for n in range(count))
        return f"<{tag}{name and f' class={name}'}>{links}</{tag}>"

    def teasers(self, count: int) -> str:
        return "".join(self._teaser(f"/x{n}") for n in range(count))

    def _teaser(self, url: str) -> str:
        begins = html.escape(self.random.choice(self.paragraphs)[:90])
        head = f'<h4><a href="{url}">{self.label()}</a></h4>'
        return f'<div class="t">{head}<p>{begins}…</p><a href="{url}">{self.label()}</a></div>'

    def main(self) -> tuple[str, list[str]]:
        """Main text as HTML and as its lines: headings, paragraphs, a list, a table."""
        lines, parts = list[str](), list[str]()
        for number in range(self.random.randint(3, 14)):
            text = self.random.choice(self.paragraphs)
            if number % 4 == 0:
                lines.append(heading := self.random.choice(self.short))
                parts.append(f"<h{1 if number == 0 else 2}>{html.escape(heading)}</h{1 if number == 0 else 2}>")
            lines.append(text)
            words = html.escape(text).split(" ")
            words[len(words) // 2] = f'<a href="/w">{words[len(words) // 2]}</a>'
            parts.append(f"<p>{' '.join(words)}</p>")
        if self.random.random() < 0.3:
            cells = [self.random.choice(self.short) for _ in range(6)]
            lines += cells
            rows = "".join(
                f"<tr><td>{html.escape(a)}</td><td>{html.escape(b)}</td></tr>"
                for a, b in zip(cells[::2], cells[1::2], strict=True)
            )
            parts.append(f"<table>{rows}</table>")
        if self.random.random() < 0.3:
            items = [self.random.choice(self.paragraphs)[:120] for _ in range(4)]
            lines += items
            parts.append("<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in items) + "</ul>")
        return "".join(parts), lines


def layouts(words: Words, main: str) -> Iterator[tuple[str, str]]:
    """The same main text in each kind of page."""
    menu, foot, side = words.menu(12), f"<p>© {words.label()}</p>{words.menu(8)}", words.teasers(4) + words.menu(6)
    notice = f"<div id=cookies><p>{words.label()} {words.label()}</p><button>OK</button></div>"
    yield (
        "html5",
        f"<header>{menu}</header><nav>{menu}</nav><main>{main}</main><aside>{side}</aside><footer>{foot}</footer>",
    )
    yield "article", f"<header>{menu}</header><div><article>{main}</article>{side}</div><footer>{foot}</footer>"
    yield (
        "content id",
        f"<div class=top>{menu}</div><div id=content>{main}</div><div class=sidebar>{side}</div><div>{foot}</div>",
    )
    yield "nameless", f"<div><div>{menu}</div><div><div>{main}</div><div>{side}</div></div><div>{foot}</div></div>"
    named = f'<div class="navbar">{menu}</div><div class="post-body">{main}</div><div class="related">{side}</div>'
    yield "named classes", f'{notice}{named}<div class="footer">{foot}</div>'
    yield "table", f"<table><tr><td colspan=2>{menu}<tr><td width=150>{side}<td>{main}<tr><td colspan=2>{foot}</table>"
    yield "flat", f"{menu}{main}<hr>{side}{foot}"


def pages() -> Iterator[tuple[str, str, str, list[str]]]:
    """Language, layout, page, main lines."""
    for language in LANGUAGES:
        words = Words(language)
        for _ in range(PAGES_A_LAYOUT):
            main, lines = words.main()
            for layout, body in layouts(words, main):
                head = f"<head><meta charset=utf-8><title>{words.label()}</title><style>p{{margin:0}}</style></head>"
                yield (
                    language,
                    layout,
                    f"<!DOCTYPE html><html>{head}<body>{body}<script>var x=1</script></body></html>",
                    lines,
                )


def ours(page: str) -> str:
    try:
        return "\n".join(read_text(decode(page.encode()), None).paragraphs)
    except Unreadable:
        return ""


def peers() -> dict[str, Callable[[str], str]]:
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text

    def resiliparse(page: str) -> str:
        return extract_plain_text(page, main_content=True, list_bullets=False, alt_texts=False)

    def with_trafilatura(page: str, **options: Any) -> str:
        return trafilatura.extract(page, include_comments=False, **options) or ""

    return {
        "daulat": ours,
        "resiliparse": resiliparse,
        "trafilatura": with_trafilatura,
        "trafilatura, fast": lambda page: with_trafilatura(page, fast=True),
    }


def scored(found: str, lines: list[str], language: str) -> tuple[float, float, float]:
    """Precision, recall, F1 of words."""
    got, wanted = _words(found, language), _words("\n".join(lines), language)
    both = sum((got & wanted).values())
    precision, recall = both / max(1, got.total()), both / max(1, wanted.total())
    return precision, recall, 2 * precision * recall / (precision + recall or 1)


def _words(text: str, language: str) -> Counter[str]:
    import icu

    breaker = icu.BreakIterator.createWordInstance(icu.Locale(language))
    whole = icu.UnicodeString(text)
    breaker.setText(whole)
    pieces = (str(whole[start:end]) for start, end in pairwise((0, *breaker)))
    return Counter(piece for piece in pieces if any(map(str.isalnum, piece)))


def main() -> None:
    if not CORPUS.is_dir():
        sys.exit("error: no text to make pages from\nhint: DAULAT_SHARED names the folder with data/corpus")
    made = list(pages())
    size = sum(len(page.encode()) for _, _, page, _ in made)
    rows: dict[str, dict[str, Any]] = {}
    on = {"machine": machine_words(), "at": datetime.now(UTC).date().isoformat()}
    for name, extract in peers().items():
        for _, _, page, _ in made[:5]:
            extract(page)
        begun = time.process_time()
        texts = [extract(page) for _, _, page, _ in made]
        seconds = time.process_time() - begun
        scores = [scored(text, lines, language) for text, (language, _, _, lines) in zip(texts, made, strict=True)]
        by_layout: dict[str, list[float]] = {}
        for (_, layout, _, _), (_, _, f1) in zip(made, scores, strict=True):
            by_layout.setdefault(layout, []).append(f1)
        means = {layout: sum(values) / len(values) for layout, values in by_layout.items()}
        worst = min(means, key=lambda layout: means[layout])
        precision, recall, f1 = (sum(column) / len(scores) for column in zip(*scores, strict=True))
        print(
            f"{name:20s} f1={f1:.3f} precision={precision:.3f} recall={recall:.3f} "
            + " ".join(f"{k}={v:.2f}" for k, v in means.items())
        )
        rows[name] = {
            "f1": f1,
            "f1_worst": means[worst],
            "precision": precision,
            "recall": recall,
            "mb_per_cpu_s": size / 1e6 / seconds,
            **on,
        }
    us = rows["daulat"]
    times = us["mb_per_cpu_s"] / rows["trafilatura"]["mb_per_cpu_s"]
    missed = [f"{key} {us[key]:.3g}" for key in ("f1", "f1_worst", "mb_per_cpu_s") if us[key] < BOUNDS[key]]
    missed += [f"times_trafilatura {times:.1f}"] if times < BOUNDS["times_trafilatura"] else []
    us["missed"] = missed
    content = {"claim": (__doc__ or "").strip(), "bounds": BOUNDS, "columns": COLUMNS, "rows": rows}
    RESULTS.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    peer = {name: rows[name] for name in ("resiliparse", "trafilatura")}
    print(
        f"bench-extract: pages={len(made)} mb={size / 1e6:.1f} f1={us['f1']:.3f} mb_per_cpu_s={us['mb_per_cpu_s']:.1f} "
        + " ".join(
            f"{name}_f1={row['f1']:.3f} {name}_mb_per_cpu_s={row['mb_per_cpu_s']:.1f}" for name, row in peer.items()
        )
    )


if __name__ == "__main__":
    main()
