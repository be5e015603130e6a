"""Corpus: what was curated, what was left out, and what native speakers say of it."""

import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from daulat.cli.talk import colour, data, say, short, size, table
from daulat.errors import DaulatError

if TYPE_CHECKING:
    from daulat.corpus.review import Review
    from daulat.work.project import Project


@click.group()
def corpus() -> None:
    """The curated text, and what did not get into it."""


@corpus.command(name="show")
@click.option("--short", "by_source", is_flag=True, help="One line a source, over all stages.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def corpus_show(project: Path, by_source: bool, as_json: bool) -> None:
    """What each stage kept, dropped and held, by source: it adds up."""
    from daulat.work.project import Project
    from daulat.work.query import latest_step

    facts = latest_step(Project.open(project), "corpus").facts
    tallies = facts["tallies"]
    if as_json:
        data(tallies)
        return
    for words in facts.get("contradictions", ()):
        say(f"look at this: {words}")
    if by_source:
        click.echo(
            table(
                ("source", "in", "kept", "dropped", "held", "kept text", "most often dropped for"), over_stages(tallies)
            )
        )
        return
    rows = [
        (
            t["stage"],
            t["source"],
            str(t["taken"]),
            str(t["kept"]),
            str(sum(t["dropped"].values())),
            str(sum(t["held"].values())),
            size(t["kept_utf8_bytes"]),
            reasons(t),
        )
        for t in tallies
    ]
    click.echo(table(("stage", "source", "taken", "kept", "dropped", "held", "kept text", "reasons"), rows))


def over_stages(tallies: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """One row a source: what came in at its first stage, what is left after its last, and why the rest is not."""
    rows = []
    for name in dict.fromkeys(t["source"] for t in tallies):
        own = [t for t in tallies if t["source"] == name]
        dropped, held = Counter[str](), Counter[str]()
        for tally in own:
            dropped.update(tally["dropped"])
            held.update(tally["held"])
        last, why = own[-1], reasons({"dropped": dropped, "held": held})
        counts = (own[0]["taken"], last["kept"], dropped.total(), held.total())
        rows.append((name, *map(str, counts), size(last["kept_utf8_bytes"]), why))
    return rows


def reasons(tally: dict[str, Any]) -> str:
    """Why, the most frequent first."""
    pairs = {**tally["dropped"], **{f"held: {k}": v for k, v in tally["held"].items()}}
    return ", ".join(f"{reason} {n}" for reason, n in sorted(pairs.items(), key=lambda p: -p[1])[:3])


@corpus.command(name="dropped")
@click.option("--reason", default=None, help="Only what was dropped for this reason.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many documents.")
@click.option("--held", is_flag=True, help="What was held instead.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def corpus_dropped(project: Path, reason: str | None, limit: int, held: bool, as_json: bool) -> None:
    """Look at what was dropped, and why."""
    from daulat.corpus import inspect
    from daulat.work.project import Project
    from daulat.work.query import artefact_folder, latest_step

    opened = Project.open(project)
    with artefact_folder(opened, latest_step(opened, "corpus").output) as folder:
        rows = (inspect.held if held else inspect.dropped)(folder, reason, limit)
    if as_json:
        data(rows)
        return
    for row in rows:
        click.echo(colour(f"{row['stage']}: {row['reason']}", bold=True) + f"  {row['source']}  {row['path']}")
        click.echo(f"  {' '.join(row['text'].split())[:300]}\n")
    if not rows:
        say("nothing was " + ("held" if held else "dropped") + (f" for `{reason}`" if reason else ""))


@corpus.command(name="page")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("corpus.html"),
    show_default=True,
    help="The file to write.",
)
@click.pass_obj
def corpus_page(project: Path, out: Path) -> None:
    """The corpus in plots, with the numbers beneath: one HTML file that needs nothing else."""
    from daulat.work.project import Project
    from daulat.work.review import corpus_page as made

    _write(out, made(Project.open(project)))
    say(f"open it in a browser: {out}")


@corpus.command(name="tokens", short_help="The corpus in tokens: its shards, and which document stands where.")
@click.option(
    "--at", "place", metavar="SHARD:PLACE", help="The document whose token stands there, places counted from 0."
)
@click.option("--of", "document", metavar="DOCUMENT", help="Where the tokens of that document stand.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder to put the files in, for Megatron-LM, NeMo or a loader of your own.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def corpus_tokens(project: Path, place: str | None, document: str | None, out: Path | None, as_json: bool) -> None:
    """The corpus in the model's tokens, shard by shard, as trainings read it."""
    from daulat.corpus import packed
    from daulat.work.project import Project
    from daulat.work.query import artefact_folder, latest_step

    if sum(one is not None for one in (place, document, out)) > 1:
        raise click.UsageError("--at, --of and --out are three questions: ask one at a time")
    opened = Project.open(project)
    made = latest_step(opened, "pack").output
    if out is not None:
        _copy_of(opened, made, out)
        return
    with artefact_folder(opened, made) as folder:
        if place is not None:
            shard, _, number = place.rpartition(":")
            if not shard or not number.isdecimal():
                raise DaulatError(
                    f"`{place}` is no place among tokens", "write the shard and a number: train.th.00000:1234"
                )
            rows = [{"shard": shard, **packed.document_at(folder, shard, int(number))}]
        elif document is not None:
            rows = packed.places_of(folder, document)
            if not rows:
                raise DaulatError(
                    f"the document `{document}` is not among the tokens",
                    f"what became of it: `daulat trace {document}`",
                )
        else:
            facts = packed.facts_of(folder)
            rows = [msgspec.to_builtins(shard) for shard in facts.shards]
    if as_json:
        data(rows)
        return
    names = list(rows[0])
    click.echo(
        table(tuple(name.replace("_", " ") for name in names), [tuple(str(row[n]) for n in names) for row in rows])
    )
    if place is None and document is None:
        total, text = (sum(row[name] for row in rows) for name in ("tokens", "utf8_bytes"))
        say(f"{total} tokens of {size(text)} of text, {facts.dtype} each; token {facts.separator} between documents")


def _copy_of(project: "Project", tokens: str, out: Path) -> None:
    """The files of an artefact, in a folder that was not there."""
    from daulat.work.query import copy_out

    if out.exists():
        raise DaulatError(f"`{out}` is there already", "name a folder that is not")
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        copy_out(project, tokens, partial)
        partial.rename(out)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise DaulatError(f"`{out}` cannot be written: {error.strerror}", "choose another folder with --out") from None
    say(f"in {out}: the name of a shard without its ending is what Megatron-LM calls a data prefix")


@corpus.command(name="review", short_help="Ask native speakers about the rules, blind.")
@click.argument("language", metavar="LANG")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--take", is_flag=True, help="Take the verdict FILES that the sheet saved, and record what they say.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="The sheet to write (default: review-LANG.html).",
)
@click.option(
    "--samples", type=click.IntRange(1, 500), default=60, show_default=True, help="How many documents on the sheet."
)
@click.option("--json", "as_json", is_flag=True, help="With --take, for programs.")
@click.pass_obj
def corpus_review(
    project: Path, language: str, files: tuple[Path, ...], take: bool, out: Path | None, samples: int, as_json: bool
) -> None:
    """A sheet of documents in LANG for native speakers, who are not told which were kept; with --take, what they say.

    `daulat corpus review th` writes the sheet; `daulat corpus review th --take verdicts-*.json` records the verdicts.
    """
    from daulat.work import review
    from daulat.work.project import Project

    if take != bool(files):
        raise click.UsageError(
            "--take and the verdict files go together: `daulat corpus review th --take a.json b.json`"
        )
    opened = Project.open(project)
    if not take:
        out = out or Path(f"review-{language}.html")
        _write(out, review.review_sheet(opened, language, samples))
        say(f"give it to native speakers: {out}")
        say(f"then: `daulat corpus review {language} --take` and the files that they saved")
        return
    outcome = review.take(opened, language, files)
    found = review.reviewed(outcome)
    if as_json:
        data({"review": outcome.facts["review"], "verdicts": outcome.output, "index": outcome.index})
        return
    _show_review(found)
    say(f"on record: statement {outcome.index}, verdicts {short(outcome.output)}; `daulat trace 'review {language}'`")


def _show_review(found: "Review") -> None:
    rows = [
        (
            one.rule,
            str(one.in_corpus),
            str(one.judged),
            str(one.disagree),
            f"{one.share:.0%}" if one.judged else "",
            f"{one.low:.0%} to {one.high:.0%}",
        )
        for one in found.rules
    ]
    click.echo(table(("rule", "in corpus", "judged", "disagree", "share", "95% interval"), rows))
    say(f"{found.judgements} judgements by {found.reviewers} " + ("reviewers" if found.reviewers > 1 else "reviewer"))
    say("disagree: kept and called not good, or left out and called good; a document counts once, by the majority")
    tied = sum(one.tied for one in found.rules)
    if tied:
        say(f"{tied} documents on which reviewers were evenly split are in no share")
    if found.kappa is not None:
        whose = "Cohen" if found.reviewers == 2 else "Fleiss"
        say(f"reviewers agree beyond chance: kappa {found.kappa:.2f} ({whose}), on {found.kappa_documents} documents")
    elif found.reviewers > 1:
        say(f"kappa is not defined: {found.kappa_documents} documents that all judged, or one answer to all of them")


def _write(out: Path, text: str) -> None:
    """Whole, or not at all."""
    if out.parent != Path() and not out.parent.is_dir():
        raise DaulatError(f"there is no folder `{out.parent}`", "make it, or name another file: `--out`")
    partial = out.with_name(f".{out.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(out)
