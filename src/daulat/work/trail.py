"""Trace with a little patience: an answer is durable at once, and in the signed log a moment later."""

import time

from daulat.errors import DaulatError
from daulat.journey.trace import Node, trace
from daulat.work import documents
from daulat.work.project import Project

PATIENCE_S = 10.0
"""The gateway hands answers to the journey every second or so."""


def trail(project: Project, thing: str, *, up: bool = True, down: bool = False) -> Node:
    """Where a thing came from (`up`), and where it went (`down`).

    Raises: DaulatError for a thing that is unknown, named ambiguously, or an answer that no batch has taken yet.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return trace(project.journey, thing, up=up, down=down, documents=lambda name: documents.find(project, name))
        except DaulatError:
            from daulat.work.serving import recorded

            if not thing.startswith("ans-") or recorded(project, thing) is None:
                raise
            if time.monotonic() > deadline:
                raise DaulatError(
                    f"the answer `{thing}` is recorded, but not yet in the signed log",
                    "it goes there with its batch while the gateway runs: `daulat deploy`",
                ) from None
            time.sleep(0.2)
            project.journey.refresh()
