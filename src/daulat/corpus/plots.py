"""Plots as inline SVG that stretch with the page: widths are shares of it, letters keep their size on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LINE_CHARACTERS = 42
"""Of a name and the number beside it, on a phone 360 pixels wide; the table beneath has all of it. Ours: capitals of 13 px."""
STYLE = """
.patterns{position:absolute;width:0;height:0}
svg.plot{display:block;width:100%;margin:.7rem 0 .3rem;overflow:visible}
.plot text{font-size:13px;fill:var(--ink)}.plot .soft{fill:var(--soft)}.plot .strong{font-weight:600}
.plot .end{text-anchor:end}.plot .middle{text-anchor:middle}.plot .small{font-size:11px;fill:var(--soft)}
.kept{fill:var(--kept)}.dropped{fill:var(--dropped)}.held{fill:var(--held)}.pale{fill:var(--pale)}.heldout{fill:var(--heldout)}
.axis{stroke:var(--soft);stroke-width:1}
.mark{stroke:var(--paper);stroke-width:1.6}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;margin:.5rem 0 0;list-style:none;font-size:.9rem}
.key svg{width:14px;height:14px;margin-right:.45rem;vertical-align:-2px}
"""
PATTERNS = """<svg class="patterns" aria-hidden="true" focusable="false"><defs>
<pattern id="dropped" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect class="dropped" width="6" height="6"/><path class="mark" d="M0 0V6"/></pattern>
<pattern id="held" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="held" width="6" height="6"/><path class="mark"
d="M0 3H6"/></pattern></defs></svg>"""
"""What was dropped is hatched and what was held is striped: nobody needs to tell the colours apart."""
_BAR, _ROW = 14, 42
_HEIGHT = 150


@dataclass(frozen=True)
class Part:
    """A stretch of a bar: `look` is `kept`, `heldout`, `dropped` or `held`; `share` of the plot's width, 0 to 1."""

    look: str
    share: float
    words: str


@dataclass(frozen=True)
class Bar:
    """A bar with its name, its number as written, and its parts from left to right."""

    label: str
    value: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Fall:
    """A stage that documents flow through: how many came, and how many left there, by look and reason."""

    stage: str
    taken: int
    left: tuple[tuple[str, str, int], ...]

    @property
    def kept(self) -> int:
        """How many go on."""
        return self.taken - sum(n for _, _, n in self.left)


def bars(name: str, title: str, described: str, rows: Sequence[Bar]) -> str:
    """Bars below each other, each under its own name."""
    parts = []
    for number, row in enumerate(rows):
        y = number * _ROW
        parts.append(f'<text x="0" y="{y + 13}">{escape(short(row.label, row.value))}</text>')
        parts.append(f'<text class="end" x="100%" y="{y + 13}">{escape(row.value)}</text>')
        parts.append(_stretches(y + 19, _BAR, row.parts))
    return _plot(name, title, described, len(rows) * _ROW, parts)


def flow(name: str, title: str, described: str, falls: Sequence[Fall], ending: str) -> str:
    """From stage to stage downwards: the stream narrows by what leaves it, and each reason stands where it left.

    Stages that nothing left are not drawn.
    """
    first = max(1, falls[0].taken)
    parts: list[str] = []
    y = 0
    for fall in [falls[0], *(fall for fall in falls[1:] if fall.left)]:
        height = 24 + _BAR + 19 * len(fall.left) + 12
        parts.append(_rect("pale", 0, y, fall.taken / first, 24))
        parts.append(_rect("pale", 0, y + 24 + _BAR, fall.kept / first, height - 24 - _BAR))
        parts.append(f'<text class="strong" x="6" y="{y + 17}">{escape(fall.stage)}</text>')
        parts.append(f'<text class="end strong" x="100%" dx="-6" y="{y + 17}">{fall.taken:,}</text>')
        stretches = [Part("kept", fall.kept / first, f"{fall.stage}: {fall.kept:,} go on")]
        stretches += [Part(look, n / first, f"{fall.stage}: {n:,} {look}: {reason}") for look, reason, n in fall.left]
        parts.append(_stretches(y + 24, _BAR, stretches))
        for row, (look, reason, n) in enumerate(fall.left):
            at = y + 24 + _BAR + 19 * row
            parts.append(f'<text x="6" y="{at + 15}">{escape(short(f"{look}: {reason}", f"−{n:,}"))}</text>')
            parts.append(f'<text class="end" x="100%" dx="-6" y="{at + 15}">−{n:,}</text>')
        y += height
    last = falls[-1].kept
    parts.append(_rect("pale", 0, y, last / first, 24))
    parts.append(f'<text class="strong" x="6" y="{y + 17}">{escape(ending)}</text>')
    parts.append(f'<text class="end strong" x="100%" dx="-6" y="{y + 17}">{last:,}</text>')
    parts.append(_stretches(y + 24, _BAR, [Part("kept", last / first, f"{ending}: {last:,}")]))
    return _plot(name, title, described, y + 24 + _BAR + 4, parts)


def histogram(name: str, title: str, described: str, counts: Sequence[int], edges: Sequence[str]) -> str:
    """Columns side by side, with `edges` between them, one fewer than there are columns."""
    most, width = max(1, *counts), 100 / len(counts)
    parts = []
    for number, count in enumerate(counts):
        height = round(_HEIGHT * count / most, 1)
        x, y = number * width, 16 + _HEIGHT - height
        if count:
            height = max(height, 1.5)
            parts.append(
                f'<rect class="kept" x="{x + 0.3:.2f}%" y="{16 + _HEIGHT - height:.1f}" width="{width - 0.6:.2f}%"'
                f' height="{height:.1f}"><title>{count:,}</title></rect>'
            )
            parts.append(f'<text class="middle small" x="{x + width / 2:.2f}%" y="{y - 4:.1f}">{count:,}</text>')
    base = 16 + _HEIGHT
    parts.append(f'<line class="axis" x1="0" x2="100%" y1="{base}" y2="{base}"/>')
    for number, edge in enumerate(edges, 1):
        x = number * width
        parts.append(f'<line class="axis" x1="{x:.2f}%" x2="{x:.2f}%" y1="{base}" y2="{base + 4}"/>')
        parts.append(f'<text class="middle small" x="{x:.2f}%" y="{base + 16}">{escape(edge)}</text>')
    return _plot(name, title, described, base + 20, parts)


def key(looks: Sequence[tuple[str, str]]) -> str:
    """What each look means."""
    items = (f'<li><svg aria-hidden="true"><rect {_fill(look)} width="14" height="14" rx="2"/></svg>{escape(words)}</li>'
             for look, words in looks)  # fmt: skip
    return f'<ul class="key">{"".join(items)}</ul>'


def short(words: str, beside: str) -> str:
    """What fits into a line with what stands at its end."""
    room = LINE_CHARACTERS - len(beside)
    return words if len(words) <= room else words[: room - 1] + "…"


def _stretches(y: int, height: int, parts: Sequence[Part]) -> str:
    found, x = [], 0.0
    for part in parts:
        if part.share > 0:
            found.append(_rect(part.look, x, y, part.share, height, part.words))
            x += part.share
    return "".join(found)


def _rect(look: str, x: float, y: int, width: float, height: int, words: str = "") -> str:
    told = f"<title>{escape(words)}</title>" if words else ""
    size = f'x="{100 * x:.3f}%" y="{y}" width="{100 * width:.3f}%" height="{height}"'
    return f"<rect {_fill(look)} {size}>{told}</rect>" if told else f"<rect {_fill(look)} {size}/>"


def _fill(look: str) -> str:
    return f'fill="url(#{look})"' if look in ("dropped", "held") else f'class="{look}"'


def _plot(name: str, title: str, described: str, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg class="plot" role="img" height="{height}" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(described)}</desc>'
        f"{''.join(parts)}</svg>"
    )
