"""Claim: personal identifiers of six countries are found as people write them there, in 150 MB of text a CPU-second.

On a labelled set generated here (`privacy_samples.py`): recall is the share of identifiers that are covered whole by
what was found, of whatever kind; precision the share of what was found that touches an identifier. The set was
written beside the rules: it shows which forms are covered, not what share of a nation's identifiers is found.

The same texts are given to Presidio: its recognisers for the Philippines, Singapore and Thailand switched on, which
they are not by default; its telephone recogniser told these six regions; no language model, as names are not asked
for; each word its own lemma, so that its context words work; no network; the score threshold at which its F1 is best.
`presidio_recall_own` counts only the kinds that it has a recogniser for.

Speed is megabytes of UTF-8 per CPU-second, on real text where that lies beside the checkout, else on the generated;
Presidio gets a sample of the same; each the better of two runs. `found_per_million` is what was found in a million
characters of it.
"""

import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from machine_words import machine_words
from privacy_samples import Sample, samples

from daulat.corpus.options import CorpusOptions
from daulat.corpus.privacy import Subjects, identifiers, redact

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "privacy.json"
SHARED = Path(os.environ.get("DAULAT_SHARED", ROOT.parent / "shared"))
BOUNDS = {"recall": 0.98, "precision": 0.95, "mb_per_core_s": 150.0}
COLUMNS = ["found_per_million", "recall", "precision", "presidio_recall", "presidio_precision", "presidio_recall_own"]
COLUMNS += ["mb", "mb_per_core_s", "with_names", "presidio_mb_per_core_s"]
EACH = 60
PRESIDIO_BYTES = 60_000
"""Of each language, for Presidio: it takes seconds for a megabyte."""
COUNTRIES = {"th": "th", "vi": "vn", "id": "id", "jv": "id", "su": "id", "ms": "my", "tl": "ph", "ceb": "ph"}
PRESIDIO_KINDS = {
    "card": ("CREDIT_CARD",),
    "email": ("EMAIL_ADDRESS",),
    "ip": ("IP_ADDRESS",),
    "passport": ("PH_PASSPORT",),
    "ph_tin": ("PH_TIN",),
    "ph_umid": ("PH_UMID",),
    "phone": ("PHONE_NUMBER",),
    "sg_nric": ("SG_NRIC_FIN",),
    "sg_uen": ("SG_UEN",),
    "th_pin": ("TH_TNIN",),
}
Span = tuple[int, int]


def main() -> None:
    cases = list(samples(EACH))
    rows = scored(cases, [[(one.start, one.end) for one in _ours(case)] for case in cases], "")
    find = presidio()
    if find is None:
        print("bench-privacy: presidio-analyzer is not installed; its columns stay empty")
    else:
        scores = [find(case.text) for case in cases]
        threshold = max((0.0, 0.1, 0.3, 0.35, 0.4, 0.5), key=lambda least: _f1(cases, scores, least))
        print(f"presidio at threshold {threshold}")
        theirs = [[(start, end) for start, end, score in one if score >= threshold] for one in scores]
        for name, row in scored(cases, theirs, "presidio_").items():
            rows[name].update(row)
        own = [case for case in cases if any(kind in PRESIDIO_KINDS for _, _, kind in case.spans)]
        kept = [spans for case, spans in zip(cases, theirs, strict=True) if case in own]
        rows["all kinds"]["presidio_recall_own"] = scored(own, kept, "")["all kinds"]["recall"]
        rows["all kinds"]["presidio_threshold"] = threshold
    rows.update(speed(rows, cases, find))
    write(rows)


def _ours(case: Sample) -> list[Any]:
    return identifiers(case.text, case.country.upper())


def scored(cases: Sequence[Sample], found: Sequence[Sequence[Span]], prefix: str) -> dict[str, dict[str, Any]]:
    """Recall by kind, and both measures over all kinds."""
    labelled, covered = Counter[str](), Counter[str]()
    taken = right = 0
    for case, spans in zip(cases, found, strict=True):
        for start, end, kind in case.spans:
            labelled[kind] += 1
            covered[kind] += any(a <= start and b >= end for a, b in spans)
        taken += len(spans)
        right += sum(any(a < end and b > start for start, end, _ in case.spans) for a, b in spans)
    rows: dict[str, dict[str, Any]] = {
        kind: {f"{prefix}recall": covered[kind] / labelled[kind]} for kind in sorted(labelled)
    }
    total = {f"{prefix}recall": covered.total() / labelled.total(), f"{prefix}precision": right / max(1, taken)}
    return {**rows, "all kinds": total}


def _f1(cases: Sequence[Sample], scores: Sequence[Sequence[tuple[int, int, float]]], least: float) -> float:
    spans = [[(start, end) for start, end, score in one if score >= least] for one in scores]
    total = scored(cases, spans, "")["all kinds"]
    return 2 * total["recall"] * total["precision"] / max(1e-9, total["recall"] + total["precision"])


def presidio() -> Callable[[str], list[tuple[int, int, float]]] | None:
    """Presidio with the recognisers that could find these kinds; None where it is not installed."""
    try:
        import spacy
        import tldextract.tldextract
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import SpacyNlpEngine
        from presidio_analyzer.predefined_recognizers import (
            CreditCardRecognizer,
            EmailRecognizer,
            IpRecognizer,
            PhoneRecognizer,
            PhPassportRecognizer,
            PhTinRecognizer,
            PhUmidRecognizer,
            SgFinRecognizer,
            SgUenRecognizer,
            ThTninRecognizer,
        )
    except ImportError:
        return None

    @spacy.Language.component("each_word_its_own_lemma")
    def each_word_its_own_lemma(doc: Any) -> Any:
        for token in doc:
            token.lemma_ = token.lower_
        return doc

    class Blank(SpacyNlpEngine):  # type: ignore[misc]
        def load(self) -> None:
            self.nlp = {"en": spacy.blank("xx")}
            self.nlp["en"].add_pipe("each_word_its_own_lemma")

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    engine = Blank()
    engine.load()
    registry = RecognizerRegistry(supported_languages=["en"])
    plain = (
        CreditCardRecognizer,
        EmailRecognizer,
        IpRecognizer,
        PhPassportRecognizer,
        PhTinRecognizer,
        PhUmidRecognizer,
    )
    for recognizer in (*plain, SgFinRecognizer, SgUenRecognizer, ThTninRecognizer):
        registry.add_recognizer(recognizer(supported_language="en"))
    registry.add_recognizer(PhoneRecognizer(supported_regions=("TH", "ID", "VN", "MY", "PH", "SG")))
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])

    def find(text: str) -> list[tuple[int, int, float]]:
        return [(one.start, one.end, one.score) for one in analyzer.analyze(text, "en")]

    return find


def speed(
    rows: dict[str, dict[str, Any]], cases: Sequence[Sample], find: Callable[[str], list[tuple[int, int, float]]] | None
) -> dict[str, dict[str, Any]]:
    """A row a language, and what was found in a million characters by kind; totals go to `all kinds`."""
    texts = real_text() or {"generated": documents([case.text for case in cases] * 400, "")}
    found, by_language, characters = Counter[str](), dict[str, dict[str, Any]](), 0
    took: defaultdict[str, float] = defaultdict(float)
    redact(next(iter(texts.values())).slice(0, 100), Subjects(b"k" * 32), CorpusOptions(names=True))
    for language, table in texts.items():
        mb = pc.sum(pc.binary_length(table["text"])).as_py() / 1e6
        subjects = Subjects(b"k" * 32)
        redact(table, subjects)
        ours = _cpu_seconds(lambda table=table: redact(table, Subjects(b"k" * 32)))
        names = _cpu_seconds(lambda table=table: redact(table, Subjects(b"k" * 32), CorpusOptions(names=True)))
        row: dict[str, Any] = {"mb": mb, "mb_per_core_s": mb / ours, "with_names": mb / names}
        own = pc.sum(pc.utf8_length(table["text"])).as_py()
        row["found_per_million"] = subjects.counts.total() / own * 1e6
        took["mb"], took["ours"], took["names"] = took["mb"] + mb, took["ours"] + ours, took["names"] + names
        if find is not None:
            few = few_texts(table)
            theirs = _cpu_seconds(lambda few=few: [find(text) for text in few])
            few_mb = sum(len(text.encode()) for text in few) / 1e6
            row["presidio_mb_per_core_s"] = few_mb / theirs
            took["few"], took["theirs"] = took["few"] + few_mb, took["theirs"] + theirs
        found.update(subjects.counts)
        characters += own
        by_language[language] = row
    for kind, count in found.items():
        rows.setdefault(kind, {})["found_per_million"] = count / characters * 1e6
    total = rows["all kinds"]
    total |= {"mb": took["mb"], "mb_per_core_s": took["mb"] / took["ours"], "with_names": took["mb"] / took["names"]}
    total["found_per_million"] = found.total() / characters * 1e6
    if took["theirs"]:
        total["presidio_mb_per_core_s"] = took["few"] / took["theirs"]
    return {f"text in {language}": row for language, row in by_language.items()}


def _cpu_seconds(do: Callable[[], object]) -> float:
    """The better of two runs: the machine has other work."""
    took = []
    for _ in range(2):
        begun = time.process_time()
        do()
        took.append(time.process_time() - begun)
    return min(took)


def real_text() -> dict[str, pa.Table]:
    """By language; nothing where it does not lie beside the checkout."""
    found = {}
    for file in sorted((SHARED / "data" / "corpus").glob("*.parquet")):
        if file.stat().st_size > 100_000:
            found[file.stem] = documents(pq.read_table(file, columns=["text"])["text"], file.stem)
    return found


def documents(texts: Any, language: str) -> pa.Table:
    column = texts if isinstance(texts, pa.ChunkedArray) else pa.chunked_array([texts])
    rows = len(column)
    return pa.table(
        {
            "id": pa.array(map(str, range(rows)), pa.string()),
            "source": pa.array(["real"] * rows),
            "country": pa.array([COUNTRIES.get(language)] * rows, pa.string()),
            "language": pa.array([language] * rows),
            "text": column.cast(pa.large_string()).combine_chunks(),
        }
    )


def few_texts(table: pa.Table) -> list[str]:
    """Every so manieth document, up to `PRESIDIO_BYTES` together."""
    few: list[str] = []
    for text in table["text"].to_pylist()[:: max(1, table.num_rows // 100)]:
        if sum(len(one.encode()) for one in few) < PRESIDIO_BYTES:
            few.append(text)
    return few


def write(rows: dict[str, dict[str, Any]]) -> None:
    total = rows["all kinds"]
    names = {"recall": total["recall"], "precision": total["precision"], "mb_per_core_s": total["mb_per_core_s"]}
    total["missed"] = [f"{name} {value:.3g}" for name, value in names.items() if value < BOUNDS[name]]
    on = {"machine": machine_words(), "at": datetime.now(UTC).date().isoformat()}
    ordered = {"all kinds": total, **{name: row for name, row in rows.items() if name != "all kinds"}}
    content = {
        "claim": " ".join((__doc__ or "").split()),
        "bounds": BOUNDS,
        "columns": COLUMNS,
        "rows": {name: {**row, **on} for name, row in ordered.items()},
    }
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")
    for name, row in ordered.items():
        cells = (f"{key}={row[key]:.4g}" for key in COLUMNS if key in row)
        print(f"{name:18} {' '.join(cells)}")
    theirs = [f"{total.get(name, float('nan')):.3f}" for name in ("presidio_recall", "presidio_precision")]
    print(
        f"bench-privacy: pii_recall={total['recall']:.3f} pii_precision={total['precision']:.3f} "
        f"presidio_recall={theirs[0]} presidio_precision={theirs[1]} mb_per_core_s={total['mb_per_core_s']:.0f} "
        f"presidio_mb_per_core_s={total.get('presidio_mb_per_core_s', float('nan')):.2f}"
    )


if __name__ == "__main__":
    main()
