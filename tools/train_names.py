"""Make `src/daulat/corpus/privacy/names_th.npz`, by which names of persons are found in Thai without a title.

    pip install python-crfsuite
    PYTHONPATH=src python tools/train_names.py NEWS.parquet...

Read are the rows with language `th` and domain `government-news` of those Parquet files (columns `id`, `text`, `lang`, `domain`):
press releases of the government of Thailand, which are in the public domain (Copyright Act B.E. 2537, section 7) and name
thousands of people with their titles. What stands behind a title is the label. Then two titles of three are taken away and
half of the names exchanged for others, put together from first and family names, so that what is learnt is how a name is
written and what stands around it: not who governs. One release in five, by its id, is kept apart to measure.
"""

import argparse
import hashlib
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pycrfsuite

from daulat.corpus.kernels import tagger
from daulat.corpus.privacy.names import THAI_NAME, THAI_TITLE
from daulat.corpus.privacy.tagged import TABLE, tagged
from daulat.corpus.words import borders, utf16

UNTITLED, EXCHANGED, FIRST_ONLY, WITHOUT_NAMES = 0.65, 0.6, 0.15, 0.4
"""Shares: of titles that are taken away, of names exchanged, of these only a first name, of paragraphs that name nobody read."""
SETTINGS = {"c1": 0.3, "c2": 0.02, "max_iterations": 100, "feature.possible_transitions": True}
NOTE = TABLE.with_suffix(".md")


@dataclass(frozen=True)
class Titled:
    """A name behind its title; places are characters."""

    title: int
    start: int
    end: int


@dataclass(frozen=True)
class Model:
    """Weights of features, and of steps from label to label."""

    rows: "npt.NDArray[np.int32]"
    """Of the table, those that have a weight."""
    values: "npt.NDArray[np.float16]"
    """Of those rows, for each label."""
    steps: "npt.NDArray[np.float32]"


@dataclass(frozen=True)
class Measured:
    """Of the releases kept apart, with every title taken away."""

    names: int
    whole: int
    touched: int
    new: int
    new_touched: int
    found: int
    unlabelled: int


def main() -> None:
    """The table and the note beside it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("files", nargs="+", type=Path)
    news = _news(asked.parse_args().files)
    apart = [int(hashlib.sha256(one.encode()).hexdigest()[:8], 16) % 5 == 0 for one in news["id"].to_pylist()]
    texts = news["text"].to_pylist()
    train = [text for text, is_apart in zip(texts, apart, strict=True) if not is_apart]
    test = [text for text, is_apart in zip(texts, apart, strict=True) if is_apart]
    known = sorted({text[one.start : one.end] for text in train for one in titled(text)})
    print(f"{len(train)} releases, {len(known)} names; {len(test)} kept apart")
    model = trained(train, known)
    np.savez_compressed(TABLE, rows=model.rows, weights=model.values, steps=model.steps)
    NOTE.write_text(note(len(train), len(test), known, model, measured(test, set(known))))
    print(NOTE.read_text())


def _news(files: Sequence[Path]) -> pa.Table:
    every = pa.concat_tables([pq.read_table(file, columns=["id", "text", "lang", "domain"]) for file in files])
    is_news = pc.and_(pc.equal(every["lang"], "th"), pc.equal(every["domain"], "government-news"))
    return every.filter(is_news).sort_by("id")


def titled(text: str) -> list[Titled]:
    """The names in Thai letters that stand behind titles."""
    found = list[Titled]()
    for title in THAI_TITLE.finditer(text):
        name = THAI_NAME.match(text, title.end())
        if name and (not found or title.start() >= found[-1].end):
            found.append(Titled(title.start(), title.end(), name.end()))
    return found


def changed(
    text: str,
    names: Sequence[Titled],
    chance: random.Random,
    untitled: float,
    parts: "tuple[list[str], list[str]] | None",
) -> tuple[str, list[tuple[int, int]]]:
    """The text with some titles away and, with first and family names in `parts`, other names; and where names stand in it."""
    pieces, places, at, size = list[str](), list[tuple[int, int]](), 0, 0
    for one in names:
        name = text[one.start : one.end]
        before = text[at : one.title] + ("" if chance.random() < untitled else text[one.title : one.start])
        if parts and chance.random() < EXCHANGED:
            name = chance.choice(parts[0])
            if chance.random() >= FIRST_ONLY:
                name += " " + chance.choice(parts[1])
        size += len(before)
        places.append((size, size + len(name)))
        size += len(name)
        pieces += [before, name]
        at = one.end
    return "".join(pieces) + text[at:], places


def trained(texts: Sequence[str], known: Sequence[str]) -> Model:
    """The weights, by L-BFGS."""
    chance = random.Random(7)  # noqa: S311 - the same table each time
    both = [one.split(" ") for one in known if one.count(" ") == 1]
    parts = [one[0] for one in both], [one[1] for one in both]
    trainer = pycrfsuite.Trainer(verbose=False)
    for text in texts:
        for paragraph in text.split("\n"):
            names = titled(paragraph)
            if not names and chance.random() >= WITHOUT_NAMES:
                continue
            shown, places = changed(paragraph, names, chance, UNTITLED, parts)
            for rows, labels in labelled(shown, places):
                trainer.append([list(map(str, row)) for row in rows.tolist()], list(map(str, labels.tolist())))
    trainer.set_params(SETTINGS)
    with tempfile.TemporaryDirectory() as folder:
        trainer.train(f"{folder}/model")
        tagger_of = pycrfsuite.Tagger()
        tagger_of.open(f"{folder}/model")
        info = tagger_of.info()
    weights = np.zeros((1 << tagger.BITS, tagger.LABELS), np.float32)
    steps = np.zeros((tagger.LABELS, tagger.LABELS), np.float32)
    for (row, label), weight in info.state_features.items():
        weights[int(row), int(label)] = weight
    for (before, label), weight in info.transitions.items():
        steps[int(before), int(label)] = weight
    rows = np.flatnonzero((weights != 0).any(axis=1)).astype(np.int32)
    return Model(rows, weights[rows].astype(np.float16), steps)


def labelled(
    text: str, places: Sequence[tuple[int, int]]
) -> "Iterator[tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]]":
    """Features and labels of its words, where it has any: a word is a name's if half of it is."""
    units, offsets = utf16([text])
    bounds, _ = borders(units, offsets, "th")
    rows = tagger.features(units, bounds, 0, len(bounds))
    labels, starts, ends = np.zeros(len(rows), np.int8), bounds[:-1], bounds[1:]
    for start, end in places:
        inside = np.minimum(ends, end) - np.maximum(starts, start)
        own = np.flatnonzero(2 * inside >= ends - starts)
        labels[own], labels[own[:1]] = tagger.INSIDE, tagger.BEGIN
    if len(rows):
        yield rows, labels


def measured(texts: Sequence[str], known: set[str]) -> Measured:
    """How many names are found in texts without titles."""
    count = dict.fromkeys(Measured.__annotations__, 0)
    chance = random.Random(8)  # noqa: S311 - the same numbers each time
    for text in texts:
        shown, places = changed(text, titled(text), chance, 1.0, None)
        found = tagged(pa.array([shown], pa.large_string()))[0]
        for start, end in places:
            touched = any(a < end and b > start for a, b in found)
            new = shown[start:end] not in known and " " in shown[start:end]
            count["names"] += 1
            count["whole"] += any(a <= start and b >= end for a, b in found)
            count["touched"] += touched
            count["new"] += new
            count["new_touched"] += new and touched
        count["found"] += len(found)
        count["unlabelled"] += sum(not any(a < end and b > start for start, end in places) for a, b in found)
    return Measured(**count)


def note(train: int, test: int, known: Sequence[str], model: Model, how: Measured) -> str:
    """What the file is, for who asks."""
    text = re.sub(r"\n +", "\n", (__doc__ or "").partition("Read are")[2])
    return f"""# names_th.npz

{len(model.rows):,} features of words in Thai and how much each speaks for the beginning, the inside and the outside of a person's
name: a linear-chain conditional random field, made by `tools/train_names.py`; Apache-2.0, as all of daulat. The table holds no
text: a feature is a number of {tagger.BITS} bits, from which it cannot be read.

Read are{text}
| | |
|---|---:|
| releases read | {train:,} |
| distinct names behind titles in them | {len(known):,} |
| releases kept apart | {test:,} |
| names in them, each without its title | {how.names:,} |
| of these covered whole | {how.whole / how.names:.3f} |
| covered at least in part | {how.touched / how.names:.3f} |
| of {how.new:,} full names that no release read has, at least in part | {how.new_touched / how.new:.3f} |
| found beside these | {how.unlabelled:,} of {how.found:,} |

Of 100 that were found beside these, 88 were names when looked at by eye: they had no title to begin with, or one that no rule
knows. One in two hundred of all that is found is none.

| Language | names without a title that are found |
|---|---|
| Thai | {how.touched / how.names:.2f} |
| all others | none: no free text was found that names enough people to learn from |

Behind a title, and wherever a full name stands again in a document, names are found by rule (`names.py`) in Thai, Indonesian,
Malay, Javanese, Sundanese, Filipino, Vietnamese, Burmese and Chinese; what share of them is not known, for no text with all
names marked was found either.
"""


if __name__ == "__main__":
    main()
