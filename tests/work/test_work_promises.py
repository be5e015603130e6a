"""The promises of the design that can be tried without a model: from a folder of text to a corpus, on the journey."""

import json
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as some

from daulat.errors import DaulatError, NotAllowed
from daulat.journey import statement
from daulat.journey.trace import trace
from daulat.journey.verify import verify
from daulat.journey.views.croissant import FIELDS, dataset
from daulat.nation.profile import nation
from daulat.work import plan
from daulat.work.project import Project, create
from daulat.work.query import latest_step
from daulat.work.run import Outcome, run
from daulat.work.template import OwnText, settings, starting_sources

PEOPLE = {
    "e-mail": "siti.rahayu@contoh.co.id",
    "phone": "+62 812-3456-7890",
    "Indonesian NIK": "3171234101900001",
    "Thai PIN": "1101700230708",
    "card": "4111 1111 1111 1111",
    "Singapore NRIC": "S1234567D",
}
WORDS = (
    "Pemerintah daerah menyediakan layanan kesehatan bagi seluruh warga di wilayah {n}. Petani di desa {n} menanam "
    "padi dan jagung pada musim hujan, lalu menjual hasil panen ke pasar kota. Sekolah dasar nomor {n} mengajarkan "
    "bahasa, matematika, dan ilmu pengetahuan alam kepada anak-anak setiap hari kerja. Perpustakaan kota membuka ruang "
    "baca {n} untuk pelajar yang ingin meminjam buku sejarah, sastra, serta teknologi informasi tanpa dipungut biaya."
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project on a folder of text of its own, in which every document names somebody."""
    text = tmp_path / "text"
    text.mkdir()
    for n in range(24):
        person = list(PEOPLE.values())[n % len(PEOPLE)]
        varied = " ".join(WORDS.format(n=n).split()[n % 7 :])
        (text / f"{n:02d}.txt").write_text(f"{varied}\n\nHubungi petugas nomor {n} di {person} untuk keterangan.\n")
    (text / "noise.txt").write_text("1 2 3")
    return make(tmp_path / "project", text, "CC-BY-4.0")


def make(folder: Path, text: Path, licence: str | None) -> Project:
    sources = starting_sources(nation("id"), OwnText(text, licence, "Dinas Contoh"))[:1]
    return create(folder, settings(nation("id"), sources, operator="lab"))


def corpus(project: Project) -> Outcome:
    return run(project, plan._corpus(project, plan.fetch_sources(project)))


def log_text(project: Project) -> str:
    """Every statement, read out of its envelope, and the files as they lie there."""
    said = [json.dumps(entry.statement, ensure_ascii=False) for entry in project.journey.statements()]
    files = [path for path in sorted((project.folder / "journey").rglob("*")) if path.is_file()]
    return "\n".join([*said, *(path.read_bytes().decode(errors="replace") for path in files)])


def test_what_is_looked_for_in_the_log_would_be_found_there(project: Project) -> None:
    corpus(project)
    assert "Dinas Contoh" in log_text(project), "the owner of a source stands on record"


def digits(low: int, high: int) -> some.SearchStrategy[str]:
    return some.text("0123456789", min_size=low, max_size=high).filter(lambda text: len(set(text)) > 3)


IDENTIFIERS = some.one_of(
    digits(16, 16),  # Indonesian NIK, cards
    digits(13, 13),  # Thai PIN
    digits(12, 12),  # Vietnamese CCCD, Malaysian MyKad
    digits(9, 10).map(lambda number: f"+62 8{number}"),
    some.from_regex(r"[STFG][0-9]{7}[A-Z]", fullmatch=True).filter(lambda text: len(set(text)) > 4),
    some.from_regex(r"[a-z]{6,12}\.[a-z]{6,12}@[a-z]{5,9}\.co\.id", fullmatch=True),
    some.from_regex(r"Siti [A-Z][a-z]{9,14}", fullmatch=True),
)


@settings_of_hypothesis(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=some.lists(IDENTIFIERS, min_size=8, max_size=8, unique=True))
def test_whoever_is_named_in_a_text_or_in_a_files_name_is_not_in_the_log(
    tmp_path_factory: pytest.TempPathFactory, people: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("people")
    text = folder / "text"
    text.mkdir()
    for n, person in enumerate(people):
        plain = person.replace(" ", "").replace("+", "")
        words = " ".join(WORDS.format(n=n).split()[n % 7 :])
        (text / f"{plain}.txt").write_text(f"{words}\n\nHubungi {person} nomor{plain}di kantor desa {n}.\n")
    project = make(folder / "project", text, "CC-BY-4.0")
    corpus(project)
    log = log_text(project)
    for person in people:
        assert person not in log
        assert person.replace(" ", "").replace("+", "") not in log


def test_nobody_named_in_the_text_is_in_the_log(project: Project) -> None:
    corpus(project)
    log = log_text(project)
    for kind, person in PEOPLE.items():
        assert person not in log, kind
        assert "".join(c for c in person if c.isalnum()) not in log, kind


def test_nobody_named_in_the_text_is_in_what_is_learnt_from(project: Project) -> None:
    import pyarrow.parquet as pq

    made = corpus(project)
    tree = project.journey.store.read_tree(made.output)
    texts = []
    for name in tree:
        if name.startswith(("train.", "heldout.")):
            digest = tree[name][0] if isinstance(tree[name], tuple) else tree[name]
            texts += pq.read_table(project.journey.store.path(digest)).column("text").to_pylist()
    assert len(texts) > 10
    for kind, person in PEOPLE.items():
        assert not any(person in text for text in texts), kind


def test_nothing_vanishes_uncounted(project: Project) -> None:
    tallies = corpus(project).facts["tallies"]
    assert tallies[0]["taken"] == 25
    for tally in tallies:
        assert tally["taken"] == tally["kept"] + sum(tally["dropped"].values()) + sum(tally["held"].values())
    stages = [tally["stage"] for tally in tallies]
    assert stages[0] == "extract"
    for before, after in pairwise(tallies):
        assert before["kept"] == after["taken"], f"{before['stage']} -> {after['stage']}"


def test_text_without_a_licence_is_not_even_read(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text(WORDS.format(n=1))
    project = make(tmp_path / "project", tmp_path / "text", None)
    with pytest.raises(NotAllowed, match="rule 1, licence") as caught:
        plan.fetch_sources(project)
    assert "`licence`" in caught.value.hint
    kinds = [entry.kind for entry in project.journey.statements()]
    assert kinds == ["keyring", "decision"]
    assert not (project.folder / "store").exists() or not list((project.folder / "store").rglob("*.txt"))


def test_what_was_before_is_the_latest_again_and_no_cache_has_what_came_between(
    project: Project, tmp_path: Path
) -> None:
    def cached() -> bytes:
        every = [pa.ipc.open_file(path).read_all() for path in sorted(project.cache.rglob("*.text"))]
        return b"".join("\n".join(filter(None, table["text"].to_pylist())).encode() for table in every)

    def curated() -> Outcome:
        return plan.curate(project, plan.fetch_sources(project))

    first = curated()
    own = cached()
    assert b"Hubungi petugas nomor 3 di" in own
    (tmp_path / "text" / "secret.txt").write_text(WORDS.format(n="rahasia"))
    between = curated()
    assert b"rahasia" in cached()
    assert latest_step(project, "corpus").output == between.output
    (tmp_path / "text" / "secret.txt").unlink()
    again = curated()
    assert again.cached
    assert again.output == first.output
    assert latest_step(project, "corpus").output == first.output
    assert latest_step(project, "corpus").facts["again"] == first.index
    assert b"rahasia" not in cached()
    size = project.journey.log.checkpoint().size
    assert curated().cached
    assert project.journey.log.checkpoint().size == size
    (tmp_path / "text" / "98.txt").write_text(WORDS.format(n=98))
    curated()
    for path in (tmp_path / "text").iterdir():
        path.unlink()
    with pytest.raises(DaulatError, match="no file"):
        curated()
    assert not cached()


def test_a_file_whose_name_cannot_be_kept_is_named_with_its_source(project: Project, tmp_path: Path) -> None:
    (tmp_path / "text" / "a\nb.txt").write_text(WORDS.format(n=1))
    with pytest.raises(DaulatError, match="source `own-text` has a file whose name cannot be kept"):
        plan.fetch_sources(project)


def test_a_second_run_makes_nothing_and_a_changed_file_makes_a_new_snapshot(project: Project, tmp_path: Path) -> None:
    first = corpus(project)
    size = project.journey.log.checkpoint().size
    assert corpus(project).cached
    assert project.journey.log.checkpoint().size == size
    (tmp_path / "text" / "99.txt").write_text(WORDS.format(n=99))
    again = corpus(project)
    assert not again.cached
    assert again.output != first.output
    assert verify(project.folder).ok


def test_every_step_on_record_names_its_law_its_place_and_its_key(project: Project) -> None:
    corpus(project)
    steps = [entry for entry in project.journey.statements() if entry.kind == "step"]
    assert len(steps) == 2
    for entry in steps:
        inside = entry.statement["predicate"]["buildDefinition"]["internalParameters"]
        assert inside["place"]["jurisdiction"] == "id"
        assert {decision["outcome"] for decision in inside["decisions"]} == {"allow"}
        assert entry.by == "operator"
        assert statement.step_key(entry.statement) == inside["key"]
    assert latest_step(project, "corpus").facts["tallies"]


def test_a_corpus_is_a_data_set_that_croissants_own_library_reads(project: Project, tmp_path: Path) -> None:
    import mlcroissant
    import pyarrow.parquet as pq

    made = corpus(project)
    said = dataset(project.journey, made.output)
    project.journey.store.materialise(made.output, tmp_path / "corpus")
    (tmp_path / "corpus" / "croissant.json").write_text(json.dumps(said))
    read = mlcroissant.Dataset(tmp_path / "corpus" / "croissant.json")
    assert not read.metadata.issues.errors
    assert said["conformsTo"].endswith("/1.1")
    train = next((tmp_path / "corpus").glob("train.*.parquet"))
    assert pq.read_schema(train).names == list(FIELDS)
    records = list(read.records("train-documents"))
    assert len(records) == sum(
        pq.read_metadata(file).num_rows for file in (tmp_path / "corpus").glob("train.*.parquet")
    )
    assert {record["train-documents/licence"] for record in records} == {b"CC-BY-4.0"}
    assert [one["sc:name"] for one in said["prov:wasDerivedFrom"]] == ["own-text"]
    with pytest.raises(DaulatError, match="is no corpus"):
        dataset(project.journey, "own-text")


def test_a_project_is_never_begun_twice(project: Project) -> None:
    with pytest.raises(DaulatError, match="already"):
        create(project.folder, "")


def test_an_init_that_was_killed_leaves_a_folder_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "operator.key").write_text("half")
    sources = starting_sources(nation("id"), OwnText(tmp_path, "CC0-1.0", "us"))[:1]
    made = create(tmp_path, settings(nation("id"), sources, operator="lab"))
    assert json.dumps([entry.kind for entry in made.journey.statements()]) == '["keyring"]'


def test_an_unknown_answer_is_named(project: Project) -> None:
    from daulat.work.trail import trail

    with pytest.raises(DaulatError, match="ans-00000000000000000000000000"):
        trail(project, "ans-00000000000000000000000000", down=False)


def settings_changed(project: Project, old: str, new: str) -> Project:
    file = project.folder / "daulat.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    return Project.open(project.folder)


def test_terms_that_changed_are_on_record_for_what_is_made_from_then_on(project: Project) -> None:
    first = corpus(project)
    changed = settings_changed(project, 'licence = "CC-BY-4.0"', 'licence = "CC-BY-SA-4.0"')
    second = corpus(changed)
    assert latest_step(changed, "fetch own-text").facts["source"]["licence"] == "CC-BY-SA-4.0"
    trees = [trace(changed.journey, f"#{made.index}") for made in (first, second)]
    assert [tree.made_from[0].facts["source"]["licence"] for tree in trees] == ["CC-BY-4.0", "CC-BY-SA-4.0"]
    assert trees[0].made_from[0].id == trees[1].made_from[0].id, "the bytes are the same"
    assert "CC-BY-SA-4.0" in json.dumps(dataset(changed.journey, second.output))
    assert corpus(changed).cached


@pytest.mark.parametrize("licence", ["Banana", "All rights reserved", "free for all"])
def test_a_word_that_is_no_licence_is_held_as_silence_is(project: Project, licence: str) -> None:
    changed = settings_changed(project, 'licence = "CC-BY-4.0"', f'licence = "{licence}"')
    with pytest.raises(NotAllowed, match="rule 1, licence"):
        corpus(changed)


def test_what_is_hidden_in_a_folder_is_no_text_of_it(project: Project, tmp_path: Path) -> None:
    before = corpus(project)
    for name in (".git/config.txt", "sub/.cache/note.txt", ".hidden.txt"):
        (tmp_path / "text" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "text" / name).write_text(WORDS.format(n=999))
    after = corpus(project)
    assert (after.output, after.cached) == (before.output, True)


def test_a_thing_is_traced_by_the_number_of_its_statement_and_the_name_of_its_step(project: Project) -> None:
    made = corpus(project)
    for thing in (f"{made.index}", f"#{made.index}", "corpus", made.output, made.output.upper()):
        assert trace(project.journey, thing).id == made.output, thing
    with pytest.raises(DaulatError, match="a keyring: it made nothing"):
        trace(project.journey, "0")
    with pytest.raises(DaulatError) as short:
        trace(project.journey, "ab12")
    assert "8 or more digits" in short.value.hint
    with pytest.raises(DaulatError) as unknown:
        trace(project.journey, "rel-000000000000")
    assert "digits" not in unknown.value.hint
