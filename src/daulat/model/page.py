"""The training as a page that an open browser reads again while it goes on: its loss, its speed, and what is left.

The page is one file, replaced whole; it asks for nothing outside, and shows no text of the corpus.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from daulat.paper import language_name, paper

AGAIN_S = 5
GOING = "going on"
MOST_POINTS = 600
"""Of a curve: more are not seen on a screen."""
SMOOTHED = 16
"""The line is the mean of so many steps."""
_HEIGHT = 220
_STYLE = f"""
.curve{{width:100%;height:{_HEIGHT}px;overflow:visible;border-bottom:1px solid var(--soft);border-left:1px solid var(--soft)}}
.curve polyline{{fill:none;stroke:var(--kept);stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}}
.curve .each{{stroke:var(--soft);stroke-width:1;opacity:.45}}
.scale{{display:flex;justify-content:space-between;font-size:.85rem;color:var(--soft)}}
dl{{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.2rem;margin:.8rem 0}}dt{{color:var(--soft)}}dd{{margin:0}}
progress{{width:100%;height:.9rem;accent-color:var(--kept)}}
"""


@dataclass(frozen=True)
class Price:
    """What an hour costs."""

    per_hour: float
    currency: str

    def of(self, seconds: float) -> str:
        """So many seconds, in words."""
        return f"{self.per_hour * seconds / 3600:.2f} {self.currency}"


@dataclass(frozen=True)
class Standing:
    """How a training stands. Seconds are of the machine; `losses` nats per token, of the last steps, for a page of all."""

    state: str
    share: float
    seconds: float
    left_s: float
    tokens_per_s: float
    step: int
    losses: Sequence[float]
    tokens: dict[str, int]
    """By language."""
    facts: tuple[tuple[str, str], ...] = ()
    price: Price | None = None

    @property
    def loss(self) -> float:
        """The mean of the last steps."""
        recent = self.losses[-SMOOTHED:]
        return sum(recent) / max(1, len(recent))

    def words(self) -> str:
        """In one line."""
        spent = f", {self.price.of(self.seconds)}" if self.price else ""
        speed = f"{self.tokens_per_s:.0f} tokens/s"
        return f"step {self.step}, loss {self.loss:.2f}, {speed}, {clock(self.left_s)} left{spent}"


def write(standing: Standing, path: Path) -> None:
    """The page, whole or as it was."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(page(standing), encoding="utf-8")
    partial.replace(path)


def page(standing: Standing) -> str:
    """The page."""
    going = standing.state == GOING
    known = [
        ("step", f"{standing.step:,}"),
        (
            "loss",
            f"{standing.loss:.3f} nats per token, the mean of the last {min(SMOOTHED, max(1, len(standing.losses)))} steps",
        ),
        ("speed", f"{standing.tokens_per_s:,.0f} tokens/s"),
        ("spent", clock(standing.seconds) + (f", {standing.price.of(standing.seconds)}" if standing.price else "")),
        *((("left", _left(standing)),) if going else ()),
        *((f"tokens in {language_name(code)}", f"{count:,}") for code, count in sorted(standing.tokens.items())),
        *standing.facts,
    ]
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in known)
    body = (
        f"<h1>Training: {escape(standing.state)}</h1>\n"
        f'<progress max="1" value="{standing.share:.4f}" aria-label="how much is done">{standing.share:.0%}</progress>\n'
        f"{_curve(standing.losses)}\n<dl>{listed}</dl>"
    )
    return paper(f"Training, step {standing.step}", body, _STYLE, again_s=AGAIN_S if going else None)


def clock(seconds: float) -> str:
    """`45 s`, `3:07`, `2:05:10`."""
    whole = max(0, round(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours}:{minutes:02}:{whole % 60:02}"
    return f"{minutes}:{whole % 60:02}" if minutes else f"{whole} s"


def _left(standing: Standing) -> str:
    ends = f", {standing.price.of(standing.seconds + standing.left_s)} in the end" if standing.price else ""
    return clock(standing.left_s) + ends


def _curve(losses: Sequence[float]) -> str:
    """Each step's loss thin, their running mean thick."""
    if len(losses) < 2:
        return ""
    every = max(1, -(-len(losses) // MOST_POINTS))
    shown = [(at, sum(part) / len(part)) for at in range(0, len(losses), every) if (part := losses[at : at + every])]
    smooth = [
        (at, sum(part) / len(part))
        for at in range(0, len(losses), every)
        if (part := losses[max(0, at - SMOOTHED + 1) : at + 1])
    ]
    low, high = (limit(value for _, value in shown) for limit in (min, max))
    described = f"Loss of {len(losses)} steps, from {losses[0]:.2f} to {losses[-1]:.2f} nats per token"
    lines = "".join(
        f'<polyline class="{look}" points="{_points(line, len(losses) - 1, low, high)}"/>'
        for look, line in (("each", shown), ("mean", smooth))
    )
    return (
        f'<div class="scale"><span>{high:.2f} nats per token</span></div>\n'
        f'<svg class="curve" role="img" aria-label="{described}" viewBox="0 0 1000 {_HEIGHT}" preserveAspectRatio="none">'
        f"{lines}</svg>\n"
        f'<div class="scale"><span>{low:.2f}; step 1</span><span>step {len(losses):,}</span></div>'
    )


def _points(line: Sequence[tuple[int, float]], last: int, low: float, high: float) -> str:
    tall = max(high - low, 1e-9)
    return " ".join(f"{1000 * at / last:.1f},{_HEIGHT * (high - value) / tall:.1f}" for at, value in line)
