"""Make `src/daulat/corpus/near_words.npz`, the words that tell six near languages apart, from packages anyone can fetch.

    PYTHONPATH=src python tools/train_near.py CACHE [--exclude FOLDER]

Counted are the words of translated messages of Debian packages and of the Unicode names of emoji and places; a word
that the English original has too is not counted, and English words weigh nothing for anybody. Word lists of Tesseract and the
function words in `tools/function_words.toml` stand for the languages that have few messages. One message in ten, the
same in every language, is kept apart to measure. Paragraphs found in the Parquet files of `--exclude` are not read.
"""

import argparse
import hashlib
import io
import json
import math
import re
import struct
import subprocess
import tarfile
import tomllib
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from daulat.corpus import apt
from daulat.corpus.near import NAMES, TABLE, UNIT, Words, place, probabilities, words_in

HERE = Path(__file__).parent
MESSAGES = {
    "aptitude-common": "GPL-2.0-or-later",
    "atril-common": "GPL-2.0-or-later",
    "blueman": "GPL-3.0-or-later",
    "caja-common": "GPL-2.0-or-later",
    "deja-dup": "GPL-3.0-or-later",
    "deluge-common": "GPL-3.0-or-later",
    "engrampa-common": "GPL-2.0-or-later",
    "eog": "GPL-2.0-or-later",
    "eom-common": "GPL-2.0-or-later",
    "epiphany-browser-data": "GPL-3.0-or-later",
    "evince-common": "GPL-2.0-or-later",
    "evolution-common": "LGPL-2.0-only OR LGPL-3.0-only",
    "file-roller": "GPL-2.0-or-later",
    "gedit-common": "GPL-2.0-or-later",
    "gimp-data": "GPL-3.0-or-later",
    "gnome-calculator": "GPL-2.0-or-later",
    "gnome-control-center-data": "GPL-2.0-or-later",
    "gnome-shell-common": "GPL-2.0-or-later",
    "gnome-software-common": "GPL-2.0-or-later",
    "gnome-system-monitor": "GPL-2.0-or-later",
    "gnome-terminal-data": "GPL-3.0-or-later",
    "gnumeric-common": "GPL-2.0-only OR GPL-3.0-only",
    "iso-codes": "LGPL-2.1-or-later",
    "libglib2.0-data": "LGPL-2.1-or-later",
    "libgtk-3-common": "LGPL-2.0-or-later",
    "libgtk-4-common": "LGPL-2.0-or-later",
    "mate-control-center-common": "GPL-2.0-or-later",
    "mate-panel-common": "GPL-2.0-or-later",
    "mate-terminal-common": "GPL-3.0-or-later",
    "mate-utils-common": "GPL-2.0-or-later",
    "minetest-data": "LGPL-2.1-or-later",
    "nautilus-data": "GPL-3.0-or-later",
    "pidgin-data": "GPL-2.0-or-later",
    "pluma-common": "GPL-2.0-or-later",
    "seahorse": "GPL-2.0-or-later",
    "synaptic": "GPL-2.0-or-later",
    "thunar-data": "GPL-2.0-or-later",
    "totem-common": "GPL-2.0-or-later",
    "vlc-l10n": "GPL-2.0-or-later",
    "xfce4-panel": "GPL-2.0-or-later",
    "xfce4-settings": "GPL-2.0-or-later",
    "xfce4-terminal": "GPL-2.0-or-later",
}
"""Debian packages with messages in Malay and others, and their licences. None of them is in the benchmark."""
LISTS = {"id": "ind", "ms": "msa", "jv": "jav", "su": "sun", "tl": "fil", "ceb": "ceb", "en": "eng"}
"""Word lists of Debian's `tesseract-ocr-*`, Apache-2.0."""
EMOJI = ("cldr-annotations-full@48.2.0", "cldr-localenames-full@48.2.0")
"""npm packages of the Unicode CLDR, Unicode-3.0."""
ALIAS = {"ms_MY": "ms", "fil": "tl", "id_ID": "id"}
EVIDENCE = {  # messages and names, word list, function words
    "id": (0.60, 0.25, 0.15),
    "ms": (0.60, 0.25, 0.15),
    "jv": (0.10, 0.55, 0.35),
    "su": (0.00, 0.50, 0.50),
    "tl": (0.30, 0.30, 0.40),
    "ceb": (0.00, 0.40, 0.60),
}
"""How much each kind of evidence says of a language's words. Ours: a language has text or it has lists."""
LENT = {"jv": ("id", 0.7), "su": ("id", 0.7), "ceb": ("tl", 0.3)}
"""A listed word that the greater neighbour has too is no rarer than this, against there: lists have no frequencies, and
what is common in the neighbour is mostly a loan. Not so its function words. Ours."""
UNSEEN = 3e-7
"""Likelihood of a word that a language was never seen with. Ours: about one word of a large list."""
LARGEST = 5.0
"""No word says more than this, in natural logarithms. Ours."""
ENGLISH_LISTED = 0.3
"""Lists are taken from the web: an English word in them counts so much. Ours."""
SLOTS, FILLED = 1 << 16, 52_000
"""Of the table. Ours: 520 kB in memory, half of it on disk, four fifths full."""
_MARKUP = re.compile(
    r"<[^>]*>|&\w+;|%\(\w+\)\w|%[-+0-9.$#l]*\w|\$\{?\w+\}?|\{[^}]*\}|https?://\S+|\S+@\S+|--?[a-z][\w-]*|\\[nt]|@\d+"
)
_ACCELERATOR = re.compile(r"[_&](?=\w)")


@dataclass
class Evidence:
    """What was read of each language."""

    counts: dict[str, Counter[bytes]] = field(default_factory=lambda: {name: Counter() for name in (*NAMES, "en")})
    lists: dict[str, set[bytes]] = field(default_factory=dict)
    apart: list[tuple[str, str]] = field(default_factory=list)
    """Messages to measure with: language, text."""
    read: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    versions: dict[str, str] = field(default_factory=dict)


def main() -> None:
    """Fetch, count, weigh, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--exclude", type=Path)
    chosen = parser.parse_args()
    evidence = gather(chosen.cache, paragraphs_of(chosen.exclude) if chosen.exclude else set())
    words, probability = likelihoods(evidence)
    table = tabled(words, probability)
    np.savez_compressed(TABLE, marks=table.marks, weights=table.weights)
    TABLE.with_suffix(".md").write_text(account(evidence, table), encoding="utf-8")
    print(account(evidence, table))


def paragraphs_of(folder: Path) -> set[bytes]:
    """Digests of every paragraph of those Parquet files, as `digest` has it."""
    import pyarrow.parquet as pq

    texts = (text for file in sorted(folder.glob("*.parquet")) for text in pq.read_table(file)["text"].to_pylist())
    return {digest(line) for text in texts for line in text.split("\n")}


def digest(text: str) -> bytes:
    """Of a paragraph, whatever its case and white space."""
    return hashlib.sha256(" ".join(text.lower().split()).encode("utf-8", "replace")).digest()[:16]


def gather(cache: Path, known: set[bytes]) -> Evidence:
    """Everything that there is to count."""
    evidence = Evidence()
    messages: dict[str, dict[str, str]] = defaultdict(dict)
    for name in MESSAGES:
        for path, data in files(name, cache, evidence):
            parts = path.split("/")
            if path.endswith(".mo") and "LC_MESSAGES" in parts:
                language = parts[parts.index("LC_MESSAGES") - 1]
                language = ALIAS.get(language, language)
                if language in NAMES:
                    for original, message in catalogue(data):
                        messages[f"{name}\0{original}"].setdefault(language, message)
    for key, translations in messages.items():
        count_message(key.split("\0")[1], translations, zlib.crc32(key.encode()) % 10 == 0, known, evidence)
    for package in EMOJI:
        for language, text in emoji_names(package, cache, evidence):
            if digest(text) not in known:
                evidence.counts[language].update(words_in(text))
    for language, code in LISTS.items():
        for path, data in files(f"tesseract-ocr-{code}", cache, evidence):
            if path.endswith(".traineddata"):
                evidence.lists[language] = {word for entry in listed(data) for word in words_in(entry)}
    return evidence


def count_message(
    original: str, translations: dict[str, str], is_apart: bool, known: set[bytes], evidence: Evidence
) -> None:
    """One message in every language that has it; what is untranslated says nothing."""
    english = words_in(plain(original))
    if not is_apart:
        evidence.counts["en"].update(english)
    for language, message in translations.items():
        if message == original or not message.strip():
            continue
        evidence.read[language] += 1
        if any(digest(line) in known for line in (message, *message.split("\n"), plain(message))):
            evidence.excluded[language] += 1
        elif not is_apart:
            evidence.counts[language].update(word for word in words_in(plain(message)) if word not in set(english))
        elif 40 <= len(message) <= 400:
            evidence.apart.append((language, plain(message)))


def plain(message: str) -> str:
    """Without markup, placeholders and accelerators."""
    return _ACCELERATOR.sub("", _MARKUP.sub(" ", message))


def files(name: str, cache: Path, evidence: Evidence) -> Iterator[tuple[str, bytes]]:
    """Every file of a Debian package."""
    deb = apt.package(name, cache)
    evidence.versions[name] = deb.version
    packed = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(deb.path)], check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name, content.read()


def catalogue(data: bytes) -> Iterator[tuple[str, str]]:
    """Originals and messages of a compiled catalogue, singular only. Source: GNU gettext manual."""
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    count, originals, translations = struct.unpack_from(f"{order}3I", data, 8)
    for index in range(count):
        pair = []
        for at in (originals, translations):
            length, start = struct.unpack_from(f"{order}2I", data, at + 8 * index)
            pair.append(data[start : start + length].split(b"\0")[0].decode("utf-8", "replace"))
        if pair[0]:
            yield pair[0].split("\x04")[-1], pair[1]


def emoji_names(package: str, cache: Path, evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Names in each language of an npm package of the CLDR."""
    name, version = package.split("@")
    file = cache / f"{name}-{version}.tgz"
    if not file.exists():
        subprocess.run(["npm", "pack", "--silent", package], check=True, cwd=cache, stdout=subprocess.DEVNULL)
    evidence.versions[name] = version
    with tarfile.open(file) as archive:
        for member in archive:
            language = member.name.split("/")[-2]
            language = ALIAS.get(language, language)
            content = archive.extractfile(member) if member.isfile() and member.name.endswith(".json") else None
            if content is not None and language in (*NAMES, "en"):
                yield from ((language, text) for text in strings(json.load(content)))


def strings(value: object) -> Iterator[str]:
    """Every string of a JSON value, without keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def listed(data: bytes) -> Iterator[str]:
    """The words of a Tesseract model. Source: Tesseract, `tessdatamanager.h` and `dawg.h`: a squished word graph."""
    (number,) = struct.unpack_from("<i", data)
    offsets = struct.unpack_from(f"<{number}q", data, 4)

    def component(index: int) -> bytes:
        return data[offsets[index] : min([at for at in offsets if at > offsets[index]] + [len(data)])]

    lines = component(21).decode("utf-8").split("\n")
    letters = [line.split(" ")[0] for line in lines[1 : 1 + int(lines[0])]]
    graph = component(19)
    magic, unichars, number = struct.unpack_from("<hii", graph)
    assert magic == 42
    edges = np.frombuffer(graph, dtype="<u8", count=number, offset=10).tolist()
    shift = math.ceil(math.log2(unichars + 1))
    waiting = [(0, "")]
    while waiting:
        at, word = waiting.pop()
        while at < len(edges):
            letter, flags, following = edges[at] & (1 << shift) - 1, edges[at] >> shift & 7, edges[at] >> shift + 3
            longer = word + letters[letter]
            if flags & 4:
                yield longer
            if following:
                waiting.append((following, longer))
            if flags & 1:
                break
            at += 1


def likelihoods(evidence: Evidence) -> tuple[list[bytes], "np.ndarray"]:
    """Every word, and its likelihood in each language, a column each; English is in all of them alike."""
    with (HERE / "function_words.toml").open("rb") as file:
        functions = {language: weighted(text) for language, text in tomllib.load(file).items()}
    english = evidence.lists["en"]
    words = sorted(
        {word for name in NAMES for word in (*evidence.counts[name], *evidence.lists[name], *functions[name])}
    )
    at = {word: index for index, word in enumerate(words)}
    found = np.zeros((len(words), len(NAMES)))
    for column, name in enumerate(NAMES):
        lists = {word: (ENGLISH_LISTED if word in english else 1) / len(word) for word in evidence.lists[name]}
        for share, kind in zip(EVIDENCE[name], (evidence.counts[name], lists, functions[name]), strict=True):
            total = sum(kind.values())
            for word, count in kind.items() if share else ():
                found[at[word], column] += share * count / total
    for name, (lender, share) in LENT.items():
        own = set(functions[lender]) - set(functions[name])
        rows = [at[word] for word in sorted(evidence.lists[name] - own)]
        column, source = NAMES.index(name), NAMES.index(lender)
        found[rows, column] = np.maximum(found[rows, column], share * found[rows, source])
    background = evidence.counts["en"]
    total = sum(background.values())
    return words, found + UNSEEN + np.array([background[word] / total for word in words])[:, None]


def weighted(text: str) -> dict[bytes, float]:
    """`word:weight word:weight ...`"""
    pairs = (pair.split(":") for pair in text.split())
    return {words_in(word)[0]: float(weight) for word, weight in pairs}


def tabled(words: list[bytes], probability: "np.ndarray") -> Words:
    """The words that say most, in an open-addressed table."""
    logarithms = np.log(probability)
    weights = np.clip(logarithms - logarithms.mean(axis=1, keepdims=True), -LARGEST, LARGEST)
    says = (probability * np.abs(weights)).sum(axis=1)
    marks, columns = np.zeros(SLOTS, np.uint16), np.zeros((SLOTS, len(NAMES)), np.int8)
    for index in np.argsort(-says, kind="stable")[:FILLED].tolist():
        slot, mark = place(words[index], SLOTS)
        while marks[slot] not in (0, mark):
            slot = (slot + 1) % SLOTS
        if marks[slot] == 0:
            marks[slot], columns[slot] = mark, np.rint(weights[index] * UNIT)
    return Words(marks, columns)


def account(evidence: Evidence, table: Words) -> str:
    """What the table was made from, and how well it does on the messages kept apart."""
    from daulat.corpus.kernels.scripts import word_weights

    texts = [text.encode("utf-8", "replace") for _, text in evidence.apart]
    offsets = np.concatenate(([0], np.cumsum([len(text) for text in texts])))
    data = np.frombuffer(b"".join(texts), dtype=np.uint8)
    sums, known = word_weights(data, offsets[:-1], offsets[1:], table.marks, table.weights)
    odds = probabilities(sums, known)
    truth = np.array([NAMES.index(name) for name, _ in evidence.apart])
    best, top = odds.argmax(axis=1), odds.max(axis=1)
    packages = "\n".join(
        f"| {name} | {evidence.versions[name]} | {licence} |"
        for name, licence in sorted(
            {
                **MESSAGES,
                **{f"tesseract-ocr-{code}": "Apache-2.0" for code in LISTS.values()},
                **{package.split("@")[0]: "Unicode-3.0" for package in EMOJI},
            }.items()
        )
    )
    sizes = "\n".join(
        f"| {name} | {evidence.read[name]:,} | {evidence.excluded[name]:,} | {sum(evidence.counts[name].values()):,} "
        f"| {len(evidence.lists[name]):,} | {_share(best[truth == index] == index)} |"
        for index, name in enumerate(NAMES)
    )
    bands = "\n".join(
        f"| {low:.1f} to {high:.1f} | {int(inside.sum()):,} | {_share(best[inside] == truth[inside])} |"
        for low, high in ((0.2, 0.5), (0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.0))
        for inside in [(top >= low) & (top < high + (high == 1.0))]
    )
    return ACCOUNT.format(
        words=f"{int((table.marks > 0).sum()):,}", packages=packages, sizes=sizes, bands=bands, count=f"{len(truth):,}"
    )


def _share(right: "np.ndarray") -> str:
    return f"{right.mean():.3f}" if len(right) else "-"


ACCOUNT = """# near_words.npz

{words} words and how much each speaks for Indonesian, Malay, Javanese, Sundanese, Tagalog and Cebuano. Made by
`tools/train_near.py`; Apache-2.0, as all of daulat.

The table holds no text: for each word a mark of 16 bits, from which it cannot be read, and six numbers of 8 bits
that say in which language it is how frequent. How often a word stands in a text is a fact, in which the text's licence
has no share. The texts that were counted, all free, and their licences:

| Package | Version | Licence |
|---|---|---|
{packages}

Function words and their rough frequencies (`tools/function_words.toml`) are ours.

| Language | messages read | left out, as in the benchmark | words counted | words listed | right on messages kept apart |
|---|---:|---:|---:|---:|---:|
{sizes}

How sure it is, and how often right, on {count} messages that were kept apart:

| Probability | messages | right |
|---|---:|---:|
{bands}
"""

if __name__ == "__main__":
    main()
