"""Quickstart: from a nation's text to its own answer, once, by the commands that a user would type.

Each step below is a real command, printed and then run in this process; nothing is done beside them but the counting.
"""

import shlex
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daulat.cli.corpus import reasons
from daulat.cli.main import daulat
from daulat.cli.manage import own_text_and_base
from daulat.cli.talk import colour, say, size, table
from daulat.errors import DaulatError, NotVerified
from daulat.records import Scorecard

if TYPE_CHECKING:
    from daulat.config import Config

MAX_ANSWER_TOKENS = 60


@click.command(short_help="From a nation's text to its own answer, on this machine.")
@click.argument("code", default="id")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=None, help="The project's folder (default: quickstart-CODE)."
)
@own_text_and_base
@click.option("--budget", default="4m", show_default=True, help="Training time on this machine.")
@click.option("--fetch-only", is_flag=True, help="Download sources and base, then stop: the rest needs no network.")
@click.option("--stop", is_flag=True, help="Stop serving at the end.")
def quickstart(code: str, folder: Path | None, fetch_only: bool, stop: bool, budget: str, **own: Any) -> None:
    """From the text of CODE (id, my, ph, sg, th, vn) to its own answer: every step of the stack, small, on this machine."""
    from daulat.nation.profile import nation
    from daulat.places.memory import PeakMemory
    from daulat.work.serving import pids

    began = time.monotonic()
    found = nation(code)
    code = found.code
    folder = folder or Path(f"quickstart-{code}")
    say(colour(f"daulat quickstart: {found.name}, in {folder}/", bold=True))
    with PeakMemory(also=lambda: pids(folder / "run")) as memory:
        _begin(folder, code, own)
        _do(folder, "What the law says of each source, before anything is read", "source", "check")
        _do(folder, "Snapshots of every source, and the base model", "source", "fetch")
        if fetch_only:
            say("\nfetched; now the same command without --fetch-only needs no network")
            return
        _do(folder, "Text -> corpus -> tokenizer -> model -> scorecard", "develop", "--budget", budget)
        _do(folder, "What the corpus kept and dropped", "corpus", "show", "--short")
        release = _do(folder, "Base against ours, on text that neither was trained on", "release", "propose")
        _do(
            folder,
            "The operator's key signs for it (`daulat key add approver` gives another person a key of their own)",
            "release",
            "approve",
            str(release),
            "--reason",
            "quickstart: every threshold is met",
        )
        _do(folder, "The approved release, served on this machine", "deploy")
        answer = _ask(folder, found.question)
        _do(folder, "Where that answer came from", "trace", answer)
        _do(folder, "Is all of it true? Checked offline", "verify")
        _tamper(folder)
        if stop:
            _do(folder, "Stop serving", "deploy", "stop")
    _close(folder, answer, time.monotonic() - began, memory.peak_bytes)


def _begin(folder: Path, code: str, own: dict[str, Any]) -> None:
    """`daulat init`, unless this folder has a project already: then its settings decide."""
    options = [word for key, value in own.items() if value for word in _option(key, value)]
    if not (folder / "daulat.toml").exists():
        _do(folder, "A project of its own: settings, keys, an empty journey", "init", code, *options)
        return
    from daulat.config import load

    config = load(folder)
    begun = _begun_with(config)
    for key, value in own.items():
        if value and begun[key] not in (value, str(value), str(Path(str(value)).resolve())):
            raise DaulatError(
                f"`{folder}` was begun with other settings: `{_option(key, value)[0]}` is {begun[key] or 'not set'} there",
                f"`--folder` names another folder; or change `{folder}/daulat.toml`; or remove `{folder}`",
            )
    say(f"\ngoing on in {folder}/: its daulat.toml decides, and what is on record is not done again")


def _begun_with(config: "Config") -> dict[str, Any]:
    """What the flags of own text and base would say of an existing project."""
    from daulat.work.template import OWN_TEXT

    source = next((source for source in config.source if source.name == OWN_TEXT), None)
    return {
        "text": source and source.location,
        "licence": source and source.licence,
        "owner": source and source.owner,
        "base": config.base.location,
        "base_licence": config.base.licence,
        "accept_terms": config.base.accept_terms,
    }


def _option(key: str, value: Any) -> list[str]:
    flag = f"--{key.replace('_', '-')}"
    return [flag] if value is True else [flag, str(value)]


def _do(folder: Path, words: str, *argv: str) -> Any:
    """Print the command and run it; what it raises is raised."""
    say(f"\n{colour(words, bold=True)}\n{colour('$ daulat ' + shlex.join(argv), fg='cyan')}")
    found = daulat.main(["--project", str(folder), *argv], standalone_mode=False)
    if isinstance(found, int) and found != 0:  # click gives back the code of an `Exit`
        raise click.exceptions.Exit(found)
    return found


def _ask(folder: Path, question: str) -> str:
    """The answer's id, from the command itself."""
    from daulat.work.project import Project
    from daulat.work.query import latest_step

    answer = _do(
        folder, "A question, in the nation's language", "ask", "--max-tokens", str(MAX_ANSWER_TOKENS), question
    )
    millions = latest_step(Project.open(folder), "adopt").facts["parameters"] / 1e6
    say(
        colour("honestly: ", bold=True)
        + f"a model of {millions:.0f} million parameters after minutes of training gives words, not sense; this shows the "
        "machinery and a measured gain. For better answers name a larger base: "
        "`daulat quickstart --base /models/Llama-3.1-8B --base-licence ... --accept-terms`"
    )
    return str(answer)


def _tamper(folder: Path) -> None:
    """Change one byte of one artefact on a copy; raise unless verify finds it."""
    from daulat.work.tamper import tampered_copy

    say(f"\n{colour('One byte of one artefact is changed, on a copy', bold=True)}")
    with tampered_copy(folder) as (copy, name):
        try:
            say(f"changed byte 1 of {name}")
            _do(copy, "Does verify find it?", "verify")
        except click.exceptions.Exit as stopped:
            if stopped.exit_code == NotVerified.exit_code:
                say("found, as it must be")
                return
            raise
    raise NotVerified(f"a changed byte in {name} was not found", "this is a bug in daulat: please report it")


def _close(folder: Path, answer: str, seconds: float, peak_bytes: int) -> None:
    """The table, what to try next, and the line for programs."""
    from daulat.work.project import Project
    from daulat.work.query import latest_scorecard, latest_step

    project = Project.open(folder)
    language = project.config.nation.language
    tallies = latest_step(project, "corpus").facts["tallies"]
    scorecard = latest_scorecard(project)
    numbers = _numbers(scorecard, language)
    say("")
    click.echo(
        table(
            ("what", "value"),
            [
                *_corpus_rows(tallies),
                *_score_rows(numbers),
                ("seconds", f"{seconds:.0f}"),
                ("peak memory", size(peak_bytes)),
            ],
        )
    )
    say(f"\nnext, in {folder}/ (put .venv/bin on your PATH, or write ../.venv/bin/daulat):")
    for command in (
        'daulat ask "..."',
        f"daulat trace {answer} --json",
        "daulat corpus dropped --limit 5",
        "daulat law explain",
        "daulat deploy stop",
    ):
        say(f"  {command}")
    click.echo(
        f"quickstart: seconds={seconds:.0f} peak_gb={peak_bytes / 1e9:.2f} "
        f"bytes_per_token_base={numbers['bytes_per_token_base']:.2f} "
        f"bytes_per_token_ours={numbers['bytes_per_token_ours']:.2f} "
        f"bpb_base={numbers['bits_per_byte_base']:.3f} bpb_ours={numbers['bits_per_byte_ours']:.3f} "
        f"english_change={numbers['english_change']:+.4f} verified=yes tamper_found=yes"
    )


def _numbers(scorecard: Scorecard, language: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for metric in ("bytes_per_token", "bits_per_byte"):
        for model in ("base", "ours"):
            value = scorecard.value(metric, model, language)
            assert value is not None, "a release was approved, so both were measured"
            found[f"{metric}_{model}"] = value
    base, ours = (scorecard.value("bits_per_byte", model, "en") for model in ("base", "ours"))
    found["english_change"] = ours / base - 1 if base and ours else float("nan")
    return found


def _corpus_rows(tallies: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """In, kept, and why not, over all stages: each document leaves the corpus once."""
    first, last = tallies[0]["stage"], tallies[-1]["stage"]
    taken = sum(t["taken"] for t in tallies if t["stage"] == first)
    kept = [t for t in tallies if t["stage"] == last]
    dropped, held = Counter[str](), Counter[str]()
    for tally in tallies:
        dropped.update(tally["dropped"])
        held.update(tally["held"])
    why = reasons({"dropped": dropped, "held": held})
    return [
        ("documents in", f"{taken}"),
        ("documents kept", f"{sum(t['kept'] for t in kept)} ({size(sum(t['kept_utf8_bytes'] for t in kept))})"),
        ("documents dropped", f"{dropped.total()} (most: {why})"),
        ("documents held", f"{held.total()}"),
    ]


def _score_rows(numbers: dict[str, float]) -> list[tuple[str, str]]:
    saved = 1 - numbers["bytes_per_token_base"] / numbers["bytes_per_token_ours"]
    return [
        (
            "bytes per token",
            f"{numbers['bytes_per_token_base']:.2f} -> {numbers['bytes_per_token_ours']:.2f} ({saved:.0%} fewer)",
        ),
        ("bits per byte, held-out", f"{numbers['bits_per_byte_base']:.3f} -> {numbers['bits_per_byte_ours']:.3f}"),
        ("English, bits per byte", f"{numbers['english_change']:+.1%}"),
    ]
