"""The scorecard as one page that needs nothing else: no script, no font, no address outside."""

from html import escape

from daulat.records import Score, Scorecard

_STYLE = """
body{font:16px/1.5 system-ui,'Noto Sans',sans-serif;
max-width:60rem;margin:2rem auto;padding:0 1rem;color:#123f46;background:#fbfaf6}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .7rem;border-bottom:1px solid #d8d2c0}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.good{color:#1b6e3c}.bad{color:#9c2b2b}
svg{display:block;margin:.6rem 0}code{font-size:.85em;color:#5a5a4a}
"""
_COLOURS = {"base": "#b9b29a", "ours": "#1f5a63", "unigram": "#e0c987"}
_TEXT = "font-size=13 fill='#123f46'"
_NO_CHANGE = 0.0005
"""Less than this is written as 0.0%, and is neither good nor bad."""
_BAR_WIDTH, _BAR_HEIGHT, _LABEL_WIDTH = 520, 20, 120


def page(scorecard: Scorecard, language: str) -> str:
    """The whole page, in English."""
    languages = sorted(
        {s.language for s in scorecard.scores if s.metric == "bits_per_byte"}, key=lambda c: (c != language, c)
    )
    name = escape(language)
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Scorecard, {name}</title><style>{_STYLE}</style>"
    ]
    parts.append(f"<h1>Scorecard: {name}</h1>")
    parts.append("<p>On held-out text that no training saw. Brackets: 95% bootstrap intervals.</p>")
    for metric, title, lower in (
        ("bits_per_byte", "Bits per byte (lower is better)", True),
        ("bytes_per_token", "Bytes per token (higher is cheaper and faster)", False),
    ):
        parts.append(
            f"<h2>{title}</h2>" + _bars(scorecard, metric, languages) + _table(scorecard, metric, languages, lower)
        )
    parts.append("<h2>Speed of the exported model, on the machine that measured it</h2><table>")
    speeds = [score for score in scorecard.scores if score.metric not in ("bits_per_byte", "bytes_per_token")]
    parts += [f"<tr><td>{escape(s.metric)}<td class=n>{s.value:,.1f} {escape(s.unit)}" for s in speeds]
    parts.append("</table><h2>Measured from</h2><table>")
    digests = {"base": scorecard.base, "model": scorecard.model, "corpus": scorecard.corpus}
    parts += [f"<tr><td>{what}<td><code>{escape(digest)}</code>" for what, digest in digests.items()]
    return "".join([*parts, "</table></html>\n"])


def _found(scorecard: Scorecard, metric: str, language: str) -> dict[str, Score]:
    return {s.model: s for s in scorecard.scores if (s.metric, s.language) == (metric, language)}


def _table(scorecard: Scorecard, metric: str, languages: list[str], lower: bool) -> str:
    floors = any("unigram" in _found(scorecard, metric, language) for language in languages)
    last = "<th class=n>unigram floor" if floors else ""
    rows = [f"<table><tr><th>language<th class=n>base<th class=n>ours<th class=n>change{last}"]
    for language in languages:
        found = _found(scorecard, metric, language)
        if "base" not in found or "ours" not in found:
            continue
        change = found["ours"].value / found["base"].value - 1
        verdict = "" if abs(change) < _NO_CHANGE else " good" if (change < 0) == lower else " bad"
        floor = f"<td class=n>{found['unigram'].value:.3f}" if "unigram" in found else ""
        cells = [_interval(found["base"]), _interval(found["ours"])]
        rows.append(
            f"<tr><td>{escape(language)}" + "".join(f"<td class=n>{cell}" for cell in cells)
            + f"<td class='n{verdict}'>{change:+.1%}{floor}"
        )  # fmt: skip
    return "".join([*rows, "</table>"])


def _interval(score: Score) -> str:
    around = f" [{score.low:.3f}, {score.high:.3f}]" if score.low is not None and score.high is not None else ""
    return f"{score.value:.3f}{around}"


def _bars(scorecard: Scorecard, metric: str, languages: list[str]) -> str:
    bars = [score for language in languages for score in _found(scorecard, metric, language).values()]
    most = max((score.high or score.value for score in bars), default=1.0)
    height = (_BAR_HEIGHT + 4) * len(bars)
    parts = [f"<svg viewBox='0 0 {_LABEL_WIDTH + _BAR_WIDTH + 60} {height}' width='100%' role=img>"]
    for row, score in enumerate(bars):
        y, width = row * (_BAR_HEIGHT + 4), _BAR_WIDTH * score.value / most
        label = escape(f"{score.language} {score.model}")
        parts.append(f"<text x=0 y={y + 15} {_TEXT}>{label}</text>")
        fill = _COLOURS.get(score.model, "#999")
        parts.append(f"<rect x={_LABEL_WIDTH} y={y} width={width:.1f} height={_BAR_HEIGHT} rx=3 fill='{fill}'/>")
        end = width
        if score.low is not None and score.high is not None:
            end = max(width, _BAR_WIDTH * score.high / most)
            low, high = (_LABEL_WIDTH + _BAR_WIDTH * edge / most for edge in (score.low, score.high))
            parts.append(f"<path d='M{low:.1f} {y + 10}H{high:.1f}' stroke='#7d2e3b' stroke-width=2 />")
        parts.append(f"<text x={_LABEL_WIDTH + end + 8:.1f} y={y + 15} {_TEXT}>{score.value:.2f}</text>")
    return "".join([*parts, "</svg>"])
