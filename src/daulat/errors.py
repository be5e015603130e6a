"""Every error a user may see: one clear sentence, and the way out."""


class DaulatError(Exception):
    """Something the user can mend: `problem` is one sentence that carries the values, `hint` the way out.

    The CLI prints both without a traceback and exits with 1. Invariants of our own are `assert`s instead.
    """

    exit_code = 1

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(f"{problem} (hint: {hint})")
        self.problem = problem
        self.hint = hint

    def __reduce__(self) -> tuple[type["DaulatError"], tuple[str, str]]:
        """Survive the way back from a worker process."""
        return type(self), (self.problem, self.hint)


class NotAllowed(DaulatError):
    """The law pack, or the operator's own rule, does not allow it: nothing was done. The problem cites the article."""


class NotVerified(DaulatError):
    """A statement, an artefact or a checkpoint is not what the record says. Exit code 3."""

    exit_code = 3
