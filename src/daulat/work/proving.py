"""Find the statement that a thing is about, and prove it."""

from daulat.errors import DaulatError
from daulat.journey.proof import Proof
from daulat.journey.prove import prove_answer, prove_statement
from daulat.journey.trace import Node
from daulat.work import witnessed
from daulat.work.project import Project
from daulat.work.trail import trail


def prove(project: Project, thing: str, *, latest: bool = False) -> tuple[Proof, str]:
    """The proof of the statement that a trace of that thing begins with, and what it is about in a few words.

    In the newest checkpoint that a witness cosigned and that covers it, where there is one; with `latest` in the newest.

    Raises: DaulatError for a thing that is unknown, or that no statement is about.
    """
    thing = thing.removeprefix("#")
    if thing.isdecimal() and len(thing) < _INDEX_DIGITS:
        index = int(thing)
        words = f"a {project.journey.entry(index).kind}"
    else:
        node = trail(project, thing)
        index, words = _stated(node), f"{node.kind} {node.name}"
    text = None if latest else witnessed.newest(project.folder, at_least=index + 1)
    if thing.startswith("ans-"):
        return prove_answer(project.journey, thing, text), words
    return prove_statement(project.journey, index, text), words


_INDEX_DIGITS = 8
"""From so many digits on, a number is the beginning of a digest."""


def _stated(node: Node) -> int:
    if node.index is None:
        raise DaulatError(
            f"no statement is about {node.kind} `{node.id}` itself", "prove the corpus or the step it is in"
        )
    return node.index
