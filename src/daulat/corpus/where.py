"""Where blocks are worked on: threads of this machine, or the machines of a Ray cluster. What comes out has the same bytes.

```
parts ──gather, here──> what is needed ──work, anywhere──> answers, here, as they come
```
`work` is pure: it reads no file of this machine and writes none, so that it may be done again where a machine is lost. Nothing
may depend on the order of answers, but that those of one part come in theirs.
"""

import logging
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from itertools import islice
from queue import Full, Queue
from threading import Event, Lock, Thread
from typing import Any, Protocol, TypeVar, cast

from daulat.code import code_digest
from daulat.errors import DaulatError

Part = TypeVar("Part")
Given = TypeVar("Given")
Answer = TypeVar("Answer")
_BEHIND = 2
"""Answers that may wait for each worker, and parts that are handed to each."""
_NODE_S, _CONNECT_S = 60, 5


class Where(Protocol):
    """A place where work is done."""

    ships: bool
    """Whether it is done where files of this machine cannot be read: `gather` must read them."""

    def each(
        self, gather: Callable[[Part], Given], work: Callable[[Given], Iterable[Answer]], parts: Sequence[Part]
    ) -> Iterator[tuple[Part, Answer]]:
        """Every answer, with the part that it is of, as they come.

        Raises: whatever `gather` or `work` raises; DaulatError where a machine is lost and no other takes over.
        """


class Local:
    """So many threads of this process: nearly all of the work is compiled code, which holds no lock."""

    ships = False

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers

    def each(
        self, gather: Callable[[Part], Given], work: Callable[[Given], Iterable[Answer]], parts: Sequence[Part]
    ) -> Iterator[tuple[Part, Answer]]:
        """As `Where` says."""
        if self.workers == 1 or len(parts) <= 1:
            yield from ((part, answer) for part in parts for answer in work(gather(part)))
            return
        answers: Queue[tuple[Part, Answer] | BaseException | None] = Queue(self.workers * _BEHIND)
        todo, turn, stop = iter(parts), Lock(), Event()

        def put(what: tuple[Part, Answer] | BaseException | None) -> None:
            while not stop.is_set():
                with suppress(Full):
                    answers.put(what, timeout=0.1)
                    return

        def run() -> None:
            try:
                while not stop.is_set():
                    with turn:
                        mine = list(islice(todo, 1))
                    if not mine:
                        break
                    for answer in work(gather(mine[0])):
                        put((mine[0], answer))
                        if stop.is_set():
                            break
            except BaseException as error:  # noqa: BLE001 - raised again where the answer is waited for
                put(error)
            put(None)

        threads = [Thread(target=run, daemon=True) for _ in range(min(self.workers, len(parts)))]
        try:
            for thread in threads:
                thread.start()
            at_work = len(threads)
            while at_work:
                came = answers.get()
                if isinstance(came, BaseException):
                    raise came
                if came is None:
                    at_work -= 1
                else:
                    yield came
        finally:
            stop.set()
            for thread in threads:
                thread.join()


class Ray:
    """The machines of a Ray cluster, one task a core; a task whose machine is lost is done again on another."""

    ships = True

    def __init__(self) -> None:
        """Of the cluster that this process is connected to: see `place`."""
        import ray

        @ray.remote(num_cpus=1, max_retries=3, num_returns="streaming")  # type: ignore[untyped-decorator,unused-ignore]
        def apart(work: Any, given: Any) -> Any:
            yield from work(given)

        self._apart = apart.options(_generator_backpressure_num_objects=_BEHIND)

    def each(
        self, gather: Callable[[Part], Given], work: Callable[[Given], Iterable[Answer]], parts: Sequence[Part]
    ) -> Iterator[tuple[Part, Answer]]:
        """As `Where` says."""
        import ray

        if not parts:
            return
        resources: Any = ray.cluster_resources
        what, todo = ray.put(work), iter(parts)
        most = _BEHIND * max(1, int(resources().get("CPU", 1)))
        running: dict[Any, Part] = {}
        try:
            while True:
                while len(running) < most and (mine := list(islice(todo, 1))):
                    running[self._apart.remote(what, gather(mine[0]))] = mine[0]
                if not running:
                    return
                ready: Any = ray.wait(list(running), num_returns=1)[0]
                try:
                    answer: Any = ray.get(next(ready[0]))
                except StopIteration:
                    del running[ready[0]]
                    continue
                yield running[ready[0]], answer
        except ray.exceptions.RayTaskError as error:
            raise (error.cause if isinstance(error.cause, DaulatError) else error) from None
        except ray.exceptions.RayError as error:
            raise DaulatError(
                f"the cluster lost work and could not do it again: {str(error).splitlines()[0]}",
                "see `ray status`, then run it again: what was done is kept",
            ) from None
        finally:
            for task in running:
                ray.cancel(task, force=False)


@contextmanager
def place(where: str, address: str = "", workers: int = 1) -> Iterator[Where]:
    """`local`, or `ray`: the cluster at that address (default: `RAY_ADDRESS`, else one of this machine alone).

    Raises: DaulatError where Ray is not installed, no cluster is there, or one of its machines has other code than this one.
    """
    if where == "local":
        yield Local(workers)
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody outside
    try:
        import ray
    except ModuleNotFoundError:
        raise DaulatError('`where = "ray"` needs Ray', "install it: `pip install 'daulat[cluster]'`") from None
    own = not ray.is_initialized()
    if own:
        given = address or os.environ.get("RAY_ADDRESS", "")
        try:
            host, _, port = given.rpartition("://")[2].rpartition(":")
            if host:
                socket.create_connection((host, int(port)), _CONNECT_S).close()  # Ray itself would wait for minutes
            ray.init(
                address or None, include_dashboard=None if address else False, log_to_driver=False,
                logging_level=logging.ERROR, configure_logging=False,
            )  # fmt: skip
        except (OSError, ValueError, RuntimeError) as error:
            raise DaulatError(
                f"no Ray cluster: {str(error).splitlines()[0]}",
                "start one, `ray start --head`, and give its address: `[work] address`",
            ) from None
    try:
        _same_everywhere()
        yield Ray()
    finally:
        if own:
            ray.shutdown()


def _same_everywhere() -> None:
    """Other code or another ICU makes other bytes.

    Raises: DaulatError naming the machine that has it.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    asked, listed = ray.remote(num_cpus=0)(made_with), cast(Any, ray.nodes)
    nodes = [node for node in listed() if node["Alive"] and node["Resources"].get("CPU")]
    refs = [
        asked.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote()
        for node in nodes
    ]
    own = made_with()
    for node, ref in zip(nodes, refs, strict=True):
        name = node["NodeManagerHostname"]
        try:
            theirs = ray.get(ref, timeout=_NODE_S)
        except ray.exceptions.RayError as error:
            why = str(error).strip().splitlines()[-1]
            raise DaulatError(f"`{name}` cannot work: {why}", "install daulat there, as it is here") from None
        for what, value in own.items():
            if theirs[what] != value:
                raise DaulatError(
                    f"`{name}` has {what} {theirs[what]}, this machine {value}: they would make other bytes",
                    "install the same on every machine",
                )


def made_with() -> dict[str, str]:
    """What the bytes of a block depend on besides its documents."""
    import icu

    versions = {name: version(name) for name in ("pyarrow", "numpy", "numba", "py3langid")}
    return {"code": code_digest("corpus"), "Python": sys.version.split()[0], "ICU": icu.ICU_VERSION, **versions}
