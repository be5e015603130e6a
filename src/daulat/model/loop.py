"""The training loop: one pack, one step, rates by the share of the run that is over, and a checkpoint every so often."""

import math
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from daulat import machine
from daulat.errors import DaulatError
from daulat.model import checkpoint, page
from daulat.model.exposure import Exposure
from daulat.model.network import Network
from daulat.model.options import PretrainOptions
from daulat.model.packing import Pack
from daulat.records import Progress

RESERVE_S = 0.5
"""Kept back from the budget, so that the last step ends within it."""
BETAS = (0.9, 0.95)
_KEEPING = 20
"""A checkpoint is not begun before so many times as long as the last one took: 16 bytes a parameter are many."""
_KEPT_BYTES_PER_S = 2e8
"""Bytes of a checkpoint that are copied, hashed and on the disk in a second, or more. Measured: 1.6 GB took 8 s."""
_SHOWN_STEPS = 8
"""The speed that is shown is the mean over so many steps."""


@dataclass(frozen=True)
class Watched:
    """Where a page says how the training stands, and what an hour of it costs, if anybody said."""

    path: Path
    price: page.Price | None = None


@dataclass
class Run:
    """What changes while it trains, besides tensors."""

    step: int = 0
    seconds: float = 0.0
    """Spent so far, all calls together."""
    ready_s: float = 0.0
    """When the first step could begin."""
    resumed: int = 0
    precision: str = "float32"
    """Number format of the frozen body, which a resumed run keeps."""
    start: str = "none"
    start_nats: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    curve: list[tuple[int, float, float]] = field(default_factory=list)


class Loop:
    """Trains a network until its budget is spent. INVARIANT: a checkpoint is only ever taken after a finite loss."""

    def __init__(
        self,
        network: Network,
        options: PretrainOptions,
        scratch: Path,
        run_key: str,
        began: float,
        progress: Progress,
        watched: Watched | None = None,
    ) -> None:
        import torch

        self.watched, self.shown_at, self.speeds = watched, 0.0, deque[float](maxlen=_SHOWN_STEPS)
        self.expected = ""
        """What the budget was to buy, in words, told beforehand."""

        self.network, self.options, self.progress = network, options, progress
        self.scratch, self.run_key = scratch, run_key
        self.run = Run()
        self.exposure = Exposure()
        self.began = began
        self.spent_before = 0.0
        self.step_s = 0.0
        parts = network.trainable()
        rates = {"new_in": options.read_rate, "new_out": options.write_rate}
        other = options.full_rate if network.full else options.adapter_rate
        groups: dict[float, list[Any]] = {}
        for name, tensor in parts.items():
            if tensor.numel():
                groups.setdefault(rates.get(name, other), []).append(tensor)
        self.optimizer = torch.optim.AdamW(
            [{"params": tensors, "lr": rate, "peak": rate} for rate, tensors in groups.items()],
            betas=BETAS,
            weight_decay=0.0,
            fused=True,
        )

    def resume(self, kept: checkpoint.Kept) -> None:
        """Go on from a checkpoint of this run."""
        import torch

        tensors, facts = kept
        with torch.no_grad():
            for name, tensor in self._learning().items():
                tensor.copy_(tensors[name])
                if f"{name}.m" in tensors:
                    self.optimizer.state[tensor] = {
                        "step": torch.tensor(float(facts["state"]["step"])),
                        "exp_avg": tensors[f"{name}.m"],
                        "exp_avg_sq": tensors[f"{name}.v"],
                    }
        self.run = Run(**facts["state"])
        self.run.resumed += 1
        self.spent_before = self.run.seconds

    def elapsed(self) -> float:
        """Seconds of the budget that are spent, those before a kill too."""
        return self.spent_before + time.monotonic() - self.began

    def train(self, stream: Iterator[Pack]) -> Run:
        """Steps until the budget is spent, at least one.

        Ctrl-C is taken between two steps, with a checkpoint to go on from; a second one at once.
        Raises: DaulatError where the loss is not a number; the last good checkpoint stays.
        """
        for step in range(self.run.step):
            self.exposure.note(step + 1, next(stream))
        if not self.run.ready_s:
            self.run.ready_s = self.elapsed()
        kept_at, wait = time.monotonic(), max(self.options.checkpoint_s, _KEEPING * self._keeping_s())
        with self._ending(), _interrupts() as asked_to_stop:
            while not self._over():
                self._step(next(stream))
                if asked_to_stop:
                    self._keep()
                    raise KeyboardInterrupt
                if time.monotonic() - kept_at > wait:
                    begun = time.monotonic()
                    self._keep()
                    if self.options.max_steps is None:
                        machine.choose_threads()
                    kept_at = time.monotonic()
                    wait = max(self.options.checkpoint_s, _KEEPING * (kept_at - begun))
        self.run.seconds = self.elapsed()
        return self.run

    def _over(self) -> bool:
        if self.options.max_steps is not None:
            return self.run.step >= self.options.max_steps
        return self.run.step > 0 and self.elapsed() + self.step_s + RESERVE_S > self.options.budget_s

    def _share(self) -> float:
        """How much of the run will be over when the coming step is done."""
        if self.options.max_steps is not None:
            return (self.run.step + 1) / (self.options.max_steps + 1)
        length = max(self.options.budget_s - self.run.ready_s, 1e-6)
        return min(1.0, (self.elapsed() + self.step_s - self.run.ready_s) / length)

    def _step(self, pack: Pack) -> None:
        import torch

        started = time.monotonic()
        factor = schedule(self._share(), self.options)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        loss = self.network.loss(pack, self.options.goldfish)
        loss.backward()
        learning = [tensor for tensor in self._learning().values() if tensor.grad is not None]
        norm = torch.nn.utils.clip_grad_norm_(learning, self.options.clip)
        if not (math.isfinite(loss.item()) and math.isfinite(norm.item())):
            raise _not_a_number(self.run.step, pack)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step_s = time.monotonic() - started
        self._count(pack, loss.item())

    def _count(self, pack: Pack, nats: float) -> None:
        run = self.run
        run.step += 1
        self.exposure.note(run.step, pack)
        for segment in pack.segments:
            language = segment.document.language
            run.tokens[language] = run.tokens.get(language, 0) + len(segment.tokens) - 1
        run.curve.append((run.step, round(self.elapsed(), 2), round(nats, 4)))
        self.speeds.append(pack.predicted / max(self.step_s, 1e-9))
        standing = self._standing(page.GOING, page.SMOOTHED)
        self.progress(0.05 + 0.9 * standing.share, standing.words())
        if time.monotonic() - self.shown_at > page.AGAIN_S:
            self._show(page.GOING)

    def _standing(self, state: str, points: int = 0) -> page.Standing:
        """With the last losses, so many; 0: all of them."""
        run, share, seconds = self.run, self._share(), self.elapsed()
        if self.options.max_steps is not None:
            left_s = (self.options.max_steps - run.step) * self.step_s
        else:
            left_s = self.options.budget_s - seconds
        facts = [("expected", self.expected)] if self.expected else []
        facts += [("what learns", self.options.method), ("number format", run.precision)]
        facts += [("went on from a checkpoint", str(run.resumed))]
        return page.Standing(
            state=state,
            share=share,
            seconds=seconds,
            left_s=max(0.0, left_s),
            tokens_per_s=sum(self.speeds) / max(1, len(self.speeds)),
            step=run.step,
            losses=[point[2] for point in run.curve[-points:]],
            tokens=run.tokens,
            facts=tuple(facts),
            price=self.watched.price if self.watched else None,
        )

    def _show(self, state: str) -> None:
        if self.watched:
            page.write(self._standing(state), self.watched.path)
            self.shown_at = time.monotonic()

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """What the page says in the end."""
        try:
            yield
        except KeyboardInterrupt:
            self._show("stopped, to go on")
            raise
        except DaulatError:
            self._show("failed")
            raise
        self._show("done")

    def _keeping_s(self) -> float:
        """How long the first checkpoint will take; later ones are known by the one before. Nothing where that is no matter."""
        size_bytes = 3 * sum(tensor.nbytes for tensor in self._learning().values())
        return size_bytes / _KEPT_BYTES_PER_S if size_bytes > _KEPT_BYTES_PER_S else 0.0

    def _keep(self) -> None:
        self.run.seconds = self.elapsed()
        tensors: dict[str, Any] = {}
        for name, tensor in self._learning().items():
            tensors[name] = tensor
            state = self.optimizer.state.get(tensor)
            if state:
                tensors[f"{name}.m"], tensors[f"{name}.v"] = state["exp_avg"], state["exp_avg_sq"]
        checkpoint.save(self.scratch, tensors, {"run": self.run_key, "state": asdict(self.run)})

    def _learning(self) -> dict[str, Any]:
        return {name: tensor for name, tensor in self.network.trainable().items() if tensor.numel()}


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Grows by one at the first Ctrl-C, which then has to be seen to; the next one interrupts as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield []  # signals go to the main thread
        return
    seen: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: Any) -> None:
        seen.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)


def schedule(share: float, options: PretrainOptions) -> float:
    """Rate as a share of its highest: a rise over `warm_up`, then down to zero at the end.

    Source of the last: 1 - sqrt, arXiv:2405.18392.
    """
    if share < options.warm_up:
        return share / options.warm_up
    after = min(1.0, (share - options.warm_up) / max(1 - options.warm_up, 1e-9))
    if options.schedule == "linear":
        return 1 - after
    if options.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * after))
    falling = (share - (1 - options.decay)) / max(options.decay, 1e-9)
    return 1 - math.sqrt(min(1.0, max(0.0, falling)))


def _not_a_number(step: int, pack: Pack) -> DaulatError:
    names = sorted({segment.document.id for segment in pack.segments})
    return DaulatError(
        f"the loss is no longer a number at step {step + 1}; documents in it: {', '.join(names[:4])}",
        "lower `adapter_rate`, `read_rate` and `write_rate` in `[pretrain]`, or take these documents out; "
        "the last good checkpoint is kept",
    )
