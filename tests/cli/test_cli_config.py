"""What is wrong in daulat.toml is named with line and key, and the way out."""

from pathlib import Path

import pytest

from daulat.cli.develop import planned, seconds
from daulat.config import Config, WorkOptions, load, parse
from daulat.errors import DaulatError
from daulat.nation.profile import nation, samples
from daulat.work.template import OwnText, settings, starting_sources

HEAD = """\
[nation]
code = "id"
language = "id"
operator = "lab"
[place]
name = "here"
jurisdiction = "id"
operator = "lab"
"""


def refused(text: str) -> DaulatError:
    with pytest.raises(DaulatError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize("code", ["id", "th", "vi"])
def test_the_first_settings_of_a_project_are_read_back_as_they_were_meant(code: str) -> None:
    found = nation(code)
    config = parse(settings(found, samples(code), operator='a "quoted" name', sector="public", budget_s=90))
    assert config.source == samples(code)
    assert config.nation.operator == 'a "quoted" name'
    assert config.nation.sector == "public"
    assert config.place.jurisdiction == found.code
    assert config.pretrain.budget_s == 90


def test_an_empty_section_has_its_defaults() -> None:
    assert parse(HEAD) == Config(nation=parse(HEAD).nation, place=parse(HEAD).place)


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() -> None:
    error = refused(HEAD + "\n[pretrain]\nbudget = 3\n")
    assert "line 11" in error.problem
    assert "`budget`" in error.problem
    assert "[pretrain]" in error.problem
    assert "did you mean `budget_s`" in error.hint


def test_an_unknown_section_is_named() -> None:
    error = refused(HEAD + "\n[modle]\nx = 1\n")
    assert "`modle`" in error.problem
    assert "line 10" in error.problem


def test_a_wrong_type_is_named_with_its_line() -> None:
    error = refused(HEAD + '\n[pretrain]\nbudget_s = "long"\n')
    assert "line 11" in error.problem
    assert "budget_s" in error.problem


def test_a_mistake_in_a_source_is_named() -> None:
    error = refused(
        HEAD + '\n[[source]]\nname = "a"\nkind = "folder"\nlocation = "."\nlanguage = "id"\nlicense = "MIT"\n'
    )
    assert "line 15" in error.problem
    assert "did you mean `licence`" in error.hint


def test_a_missing_key_is_named() -> None:
    assert "`name`" in refused(HEAD + '\n[[source]]\nkind = "folder"\nlocation = "."\nlanguage = "id"\n').problem


def test_what_is_not_toml_is_named_with_its_line() -> None:
    error = refused(HEAD + "\n[pretrain\n")
    assert "line 10" in error.problem
    assert "TOML" in error.problem


def test_no_settings_at_all_tells_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(DaulatError, match="daulat init"):
        load(tmp_path)


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    source = '[[source]]\nname = "a"\nkind = "folder"\nlocation = "."\nlanguage = "id"\n'
    (tmp_path / "daulat.toml").write_text(HEAD + source + source)
    with pytest.raises(DaulatError, match="two sources"):
        load(tmp_path)


def test_own_text_without_a_licence_stays_without_one(tmp_path: Path) -> None:
    mine = starting_sources(nation("id"), OwnText(tmp_path, None, None))[0]
    assert (mine.licence, mine.basis, mine.owner) == (None, None, None)


def test_own_text_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DaulatError, match="no folder"):
        starting_sources(nation("id"), OwnText(tmp_path / "nowhere", "CC0-1.0", "us"))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('jurisdiction = "id"', 'jurisdiction = "ZZZ"', "jurisdiction"),
        ('language = "id"', 'language = "Bahasa"', "language"),
        ('operator = "lab"\n[place]', 'operator = "lab"\nsector = "neither"\n[place]', "sector"),
    ],
)
def test_a_word_that_the_law_would_not_know_is_refused_as_an_unknown_key_is(old: str, new: str, key: str) -> None:
    error = refused(HEAD.replace(old, new))
    assert key in error.problem
    assert "line" in error.problem


@pytest.mark.parametrize(
    ("field", "value"), [("basis", "theft"), ("country", "Indonesia"), ("name", "../../x"), ("name", "rel-deadbeef")]
)
def test_a_source_says_its_terms_in_known_words(field: str, value: str) -> None:
    source = {"name": "own", "kind": "folder", "location": "text", "language": "id", field: value}
    text = HEAD + "\n[[source]]\n" + "".join(f'{key} = "{word}"\n' for key, word in source.items())
    assert field in refused(text).problem


def test_settings_that_begin_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "daulat.toml").write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
    assert load(tmp_path).nation.code == "id"


def test_a_cloud_without_a_region_says_nothing_of_where_a_machine_is(tmp_path: Path) -> None:
    (tmp_path / "daulat.toml").write_text(HEAD + 'provider = "aws"\n')
    with pytest.raises(DaulatError, match=r"line 9: the provider `aws` stands without a region"):
        load(tmp_path)
    (tmp_path / "daulat.toml").write_text(HEAD + 'provider = "aws"\nregion = "ap-southeast-3"\n')
    assert load(tmp_path).place.region == "ap-southeast-3"


def test_a_country_that_there_is_not_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "daulat.toml").write_text(HEAD.replace('jurisdiction = "id"', 'jurisdiction = "zz"'))
    with pytest.raises(DaulatError, match="line 7: no country has the code `zz`"):
        load(tmp_path)
    source = '[[source]]\nname = "a"\nkind = "folder"\nlocation = "t"\nlanguage = "id"\ncountry = '
    (tmp_path / "daulat.toml").write_text(HEAD + source + '"la"\n' + source.replace('"a"', '"b"') + '"vv"\n')
    with pytest.raises(DaulatError, match="line 20: no country has the code `vv`") as told:
        load(tmp_path)
    assert "ISO 3166-1" in told.value.hint


ONE = '[[source]]\nname = "first"\nkind = "folder"\nlocation = "."\nlanguage = "id"\n'


def second(**said: object) -> str:
    """A project's settings whose second source says this; its header is line 15."""
    import json

    lines = "".join(
        f"{key} = {json.dumps(value)}\n" for key, value in {"name": "second", "language": "id", **said}.items()
    )
    return f"{HEAD}\n{ONE}[[source]]\n{lines}"


OBJECTS = {"kind": "objects", "location": "s3://bucket/prefix", "region": "ap-southeast-3"}
TABLE = {
    "kind": "table",
    "location": "postgresql://db.example:5432/clinic",
    "tables": ["notes"],
    "text_columns": ["note"],
    "id_column": "id",
}


@pytest.mark.parametrize(
    ("said", "line", "words"),
    [
        ({**OBJECTS, "tables": ["x"]}, 21, '`tables` means nothing for `kind = "objects"`'),
        ({"kind": "folder", "location": ".", "endpoint": "https://x"}, 20, "`endpoint` means nothing"),
        ({**OBJECTS, "location": "bucket/prefix"}, 19, "no bucket"),
        ({**OBJECTS, "location": "s3://bucket/p?X-Amz-Signature=abc"}, 19, "no bucket"),
        ({**OBJECTS, "region": None}, 19, "where its bucket is"),
        ({**OBJECTS, "endpoint": "https://key:secret@host"}, 21, "`endpoint` that is no address"),
        ({**OBJECTS, "location": "az://container"}, 19, "whose container"),
        ({**TABLE, "location": "postgresql://u:p@db/clinic"}, 19, "do not belong in the settings"),
        ({**TABLE, "location": "oracle://db/clinic"}, 19, "no database"),
        ({**TABLE, "query": "SELECT 1"}, 18, "either `tables` or a `query`"),
        ({**TABLE, "tables": []}, 18, "either `tables` or a `query`"),
        ({**TABLE, "id_column": None}, 18, "lacks `id_column`"),
        ({**TABLE, "paths": ["*"]}, 23, "`paths` means nothing"),
        ({**TABLE, "jurisdiction": "qq"}, 23, "no country has the code"),
    ],
)
def test_a_source_that_lacks_what_its_kind_needs_is_named_with_its_line(
    tmp_path: Path, said: dict[str, object], line: int, words: str
) -> None:
    (tmp_path / "daulat.toml").write_text(second(**{key: value for key, value in said.items() if value is not None}))
    with pytest.raises(DaulatError) as caught:
        load(tmp_path)
    assert words in caught.value.problem
    assert f"line {line}" in caught.value.problem
    assert not any(secret in str(caught.value) for secret in ("secret", "u:p", "Signature"))


@pytest.mark.parametrize("said", [OBJECTS, TABLE, {**TABLE, "location": "sqlite:///x.sqlite"}])
def test_a_source_that_has_what_its_kind_needs_is_taken(tmp_path: Path, said: dict[str, object]) -> None:
    (tmp_path / "daulat.toml").write_text(second(**said))
    assert load(tmp_path).source[1].kind == said["kind"]


def test_a_budget_is_a_time_or_money_where_an_hour_has_a_price() -> None:
    priced, free = WorkOptions(price_per_hour=2.5, currency="USD"), WorkOptions()
    assert [seconds(words, priced) for words in ("90s", "4m", "2h", "30", "5usd", "0.5 USD")] == [
        90,
        240,
        7200,
        30,
        7200,
        720,
    ]
    assert (
        planned(parse(HEAD + "\n[pretrain]\nbudget_s = 600\n[work]\nprice_per_hour = 3\n"))
        == "10:00 of this machine, 0.50 USD"
    )
    assert planned(parse(HEAD + "\n[pretrain]\nbudget_s = 45\n")) == "45 s of this machine"
    with pytest.raises(DaulatError, match="nobody said what an hour of this machine costs") as caught:
        seconds("5usd", free)
    assert "`price_per_hour` in `[work]`" in caught.value.hint
    for words in ("", "0", "-3m", "5thb", "4 minutes", "usd"):
        with pytest.raises(DaulatError, match="is no budget") as caught:
            seconds(words, priced)
        assert "5usd" in caught.value.hint
