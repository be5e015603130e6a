"""What people see and say of a corpus on record: its page, a sheet for native speakers, and their verdicts as a step.

```
corpus ──> page                                        nothing is recorded: it shows what is there
corpus ──> sheet ──people──> verdict files ──> step `review LANG` ──> verdicts.json, and the table as its facts
```
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from daulat.corpus.overview import overview
from daulat.corpus.page import page
from daulat.corpus.privacy import identifiers, replaced
from daulat.corpus.review import Judgement, Review, Sample, Verdicts, read, review, sample, together
from daulat.corpus.sheet import sheet
from daulat.errors import DaulatError
from daulat.journey import canonical
from daulat.records import Digest, Language
from daulat.work.project import Project
from daulat.work.query import Made, artefact_folder, latest_step, steps
from daulat.work.questions import questions
from daulat.work.run import Bench, Facts, Outcome, Step, ask, plain, run


def corpus_page(project: Project) -> str:
    """The newest corpus on record as one HTML page."""
    made = latest_step(project, "corpus")
    with artefact_folder(project, made.output) as folder:
        return page(overview(folder, _languages(project, made)), made.output)


def review_sheet(project: Project, language: Language, samples: int) -> str:
    """A blind sheet of the newest corpus, to be handed to people: the law is asked, for they will read its text.

    Raises: NotAllowed, with the refusal on record; DaulatError for a language that the corpus has not.
    """
    ask(project, f"review {language}", questions(project, "measure"))
    made = latest_step(project, "corpus")
    return sheet(_sample(project, made, language, samples), made.output, language, samples)


def take(project: Project, language: Language, files: Sequence[Path]) -> Outcome:
    """The step that these verdicts of one sheet are on record by; its facts are the `Review`.

    What reviewers wrote goes into the store without identifiers of persons, and not into the log.
    Raises: DaulatError for files that are not of one sheet of a corpus on record.
    """
    said = together([read(path) for path in files], language)
    made = _corpus(project, said[0].corpus)
    notes = [_without_identifiers(one, project.config.nation.code.upper()) for one in said]
    kept = msgspec.json.format(msgspec.json.encode(notes, order="sorted"), indent=1) + b"\n"

    def make(bench: Bench) -> Facts:
        found = review(_sample(project, made, language, said[0].samples), said)
        (bench.into / "verdicts.json").write_bytes(kept)
        return {"review": plain(found)}

    step = Step(
        name=f"review {language}",
        room="corpus",
        inputs={"corpus": made.output},
        output="verdicts",
        options={"language": language, "samples": said[0].samples, "verdicts": canonical.digest(kept)},
        questions=questions(project, "measure"),
        make=make,
        single_file=True,
    )
    return run(project, step)


def reviewed(outcome: Outcome) -> Review:
    """What a step `review LANG` found."""
    return msgspec.convert(outcome.facts["review"], Review)


def _without_identifiers(said: Verdicts, region: str) -> Verdicts:
    def clean(one: Judgement) -> Judgement:
        return msgspec.structs.replace(one, note=replaced(one.note, identifiers(one.note, region)))

    return msgspec.structs.replace(said, judgements=tuple(map(clean, said.judgements)))


def _sample(project: Project, made: Made, language: Language, samples: int) -> Sample:
    with artefact_folder(project, made.output) as folder:
        return sample(folder, made.output, language, _languages(project, made), samples)


def _corpus(project: Project, digest: Digest) -> Made:
    for made in reversed(steps(project, "corpus")):
        if made.output == digest:
            return made
    raise DaulatError(
        f"the verdicts are on a corpus that is not on record here: {digest[:19]}",
        "take them in the project whose `daulat corpus review` made the sheet",
    )


def _languages(project: Project, made: Made) -> dict[str, Language]:
    """The language that each source of that corpus promises, as the step stated it."""
    build = project.journey.entry(made.index).statement["predicate"]["buildDefinition"]
    sources = build["externalParameters"]["options"].get("sources", [])
    return {source["name"]: source["language"] for source in sources}
