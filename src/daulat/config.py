"""daulat.toml, typed: each room owns its options, this file puts them together and says what is wrong in which line."""

import ast
import difflib
import inspect
import re
import textwrap
import tomllib
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from urllib.parse import urlsplit

import msgspec

from daulat.corpus.options import CorpusOptions
from daulat.errors import DaulatError
from daulat.evals.options import EvalOptions
from daulat.model.options import BaseOptions, ExportOptions, PretrainOptions, TokenizerOptions
from daulat.nation.countries import countries
from daulat.records import Language, Place, Purpose, Record, Source
from daulat.release.gate import ReleaseOptions
from daulat.serve.options import ServeOptions

FILE = "daulat.toml"
LONGEST_PATH = 1_000
"""Bytes. Ours: systems take 4,096 with the folder before it."""


class NationOptions(Record, frozen=True):
    """Whose stack this is."""

    code: str
    """Which pack of `nations/` decides: `id`, `my`, `ph`, `sg`, `th`, `vn`."""
    language: Language
    """The language that the model is adapted to."""
    operator: str
    """Who runs it, as it is to stand on record."""
    sector: Literal["public", "private", "unknown"] = "unknown"
    """Some acts bind only public, or only private operators."""
    purpose: Purpose | None = None
    """What this project builds for; asked where a source was given for some purposes only."""


class WorkOptions(Record, frozen=True):
    """Where the work is done."""

    where: Literal["local", "ray"] = "local"
    """On every core of this machine, or of the machines of a Ray cluster, all of them where `[place]` says; the bytes are
    the same."""
    price_per_hour: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """What an hour of this machine costs; with it training shows what it spends, and `--budget 5usd` is a time."""
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "USD"
    """Of that price, by its three letters."""
    address: str = ""
    """Of the cluster, `HOST:PORT`. Default: what `RAY_ADDRESS` says, else a cluster of this machine alone."""


class Config(Record, frozen=True):
    """The whole of daulat.toml; a section that is left out has its defaults."""

    nation: NationOptions
    place: Place
    work: WorkOptions = WorkOptions()
    source: tuple[Source, ...] = ()
    corpus: CorpusOptions = CorpusOptions()
    base: BaseOptions = BaseOptions()
    tokenizer: TokenizerOptions = TokenizerOptions()
    pretrain: PretrainOptions = PretrainOptions()
    export: ExportOptions = ExportOptions()
    evals: EvalOptions = EvalOptions()
    release: ReleaseOptions = ReleaseOptions()
    serve: ServeOptions = ServeOptions()


def load(project: Path) -> Config:
    """What `daulat.toml` in that folder says.

    Raises: DaulatError naming line and key for what is not TOML, unknown, missing or of the wrong type.
    """
    path = project / FILE
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors put a byte order mark before it
    except FileNotFoundError:
        raise DaulatError(
            f"no `{FILE}` in `{project}`", "run `daulat init CODE` there, or name the folder: `--project`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DaulatError(f"`{FILE}` cannot be read: {error}", "it must be UTF-8 text that you may read") from None
    config = parse(text)
    _names_are_unique(text, config)
    _place_is_a_pair(text, config.place)
    _countries_exist(text, config)
    _paths_are_paths(text, config)
    _sources_are_whole(text, config)
    return config


def parse(text: str) -> Config:
    """The same, from text."""
    try:
        return msgspec.convert(tomllib.loads(text), Config)
    except tomllib.TOMLDecodeError as error:
        raise DaulatError(f"`{FILE}` is not valid TOML: {error}", "correct that line; texts need quotes") from None
    except msgspec.ValidationError as error:
        raise _named(text, str(error)) from None


def keys() -> dict[str, list[tuple[str, str]]]:
    """Every section with its keys and their types, as `daulat config schema` prints them."""
    found: dict[str, list[tuple[str, str]]] = {}
    for section in msgspec.structs.fields(Config):
        kind = _record(section.type)
        found[section.name] = [(f.name, _type_name(f.type)) for f in msgspec.structs.fields(kind)]
    return found


def field_docs(section: str) -> dict[str, str]:
    """What is written under each field of that section's record, by key."""
    field = next(f for f in msgspec.structs.fields(Config) if f.name == section)
    tree = ast.parse(textwrap.dedent(inspect.getsource(_record(field.type))))
    found: dict[str, str] = {}
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for field_line, below in pairwise(body):
        match field_line, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as words)):
                found[name] = words
    return found


def _record(kind: Any) -> type[Record]:
    inner: type[Record] = getattr(kind, "__args__", (kind,))[0]
    assert issubclass(inner, Record)
    return inner


def _type_name(kind: Any) -> str:
    """A type as a person reads it: limits are told in the message when they are broken."""
    if get_origin(kind) is Annotated:
        return _type_name(get_args(kind)[0])
    if get_origin(kind) is Literal:
        return " | ".join(f'"{value}"' for value in get_args(kind))
    if get_origin(kind) in (Union, UnionType):
        return " | ".join(_type_name(part) for part in get_args(kind) if part is not NoneType)
    if get_origin(kind) is tuple:
        return f"list of {_type_name(get_args(kind)[0])}"
    plain = {"str": "text", "bool": "true | false", "int": "whole number", "float": "number"}
    name: str = kind.__name__
    return plain.get(name, name)


def _named(text: str, problem: str) -> DaulatError:
    """msgspec's sentence with section, key and line, and the nearest known key."""
    path = re.search(r"at `\$\.?([^`]*)`", problem)
    where = path.group(1) if path else ""
    section = re.sub(r"\[\d+\]|\[\.\.\.\]", "", where).split(".")[0]
    unknown = re.search(r"unknown field `([^`]+)`", problem)
    missing = re.search(r"missing required field `([^`]+)`", problem)
    known = {name: [key for key, _ in pairs] for name, pairs in keys().items()}
    if unknown:
        key = unknown.group(1)
        choices = known[section] if section in known else list(known)
        near = difflib.get_close_matches(key, choices, 1, 0.5)
        hint = f"did you mean `{near[0]}`? " if near else ""
        spot = f" in `[{section}]`" if section else ""
        return DaulatError(
            f"`{FILE}`{_line(text, section, key)}: unknown key `{key}`{spot}",
            f"{hint}`daulat config schema` lists all keys",
        )
    if missing:
        spot = f"`[{section}]`" if section else "the file"
        return DaulatError(
            f"`{FILE}`{_line(text, section, None)}: {spot} lacks `{missing.group(1)}`",
            "add it; `daulat config schema` lists all keys",
        )
    key = re.sub(r"\[[^\]]*\]$", "", where.split(".")[-1]) if "." in where else section
    words = problem.split(" - at ")[0]
    return DaulatError(
        f"`{FILE}`{_line(text, section, key)}: `{where}`: {words}", "`daulat config schema` lists keys and types"
    )


def _line(text: str, section: str, key: str | None, value: str = "") -> str:
    """`, line N` of that key (with that value) in that section; nothing where it is not found (an inline table, say)."""
    inside = not section or section == key
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*([\w.]+)", line)
        if header:
            inside = header.group(1) == section or (not section and header.group(1) == key)
            if inside and (key is None or header.group(1) == key):
                return f", line {number}"
        elif inside and key is not None and re.match(rf'\s*"?{re.escape(key)}"?\s*=.*{re.escape(value)}', line):
            return f", line {number}"
    return ""


def _names_are_unique(text: str, config: Config) -> None:
    names = [source.name for source in config.source]
    for name in names:
        if names.count(name) > 1:
            raise DaulatError(f"`{FILE}`: two sources are called `{name}`", "each source needs a name of its own")


def _place_is_a_pair(text: str, place: Place) -> None:
    """A cloud's name alone does not say where a machine is."""
    if place.provider != "own" and place.region in ("-", ""):
        raise DaulatError(
            f"`{FILE}`{_line(text, 'place', 'provider')}: the provider `{place.provider}` stands without a region",
            "write both in `[place]`: `provider` and `region` say together where the machine is",
        )


def _countries_exist(text: str, config: Config) -> None:
    """A code that no country has would be asked of no law."""
    said = [("place", "jurisdiction", config.place.jurisdiction)]
    said += [("source", "country", one.country) for one in config.source if one.country]
    said += [("base", "country", config.base.country)] if config.base.country else []
    said += [("source", "jurisdiction", source.jurisdiction) for source in config.source if source.jurisdiction]
    for section, key, code in said:
        if code not in countries() and code not in ("unknown", "international"):
            near = difflib.get_close_matches(code, countries(), 1)
            hint = f"did you mean `{near[0]}` ({countries()[near[0]]})? " if near else ""
            raise DaulatError(
                f"`{FILE}`{_line(text, section, key, code)}: no country has the code `{code}`",
                f"{hint}`{key}` is an ISO 3166-1 code such as `id`",
            )


def _paths_are_paths(text: str, config: Config) -> None:
    """What no file can be called is a slip."""
    for source in config.source:
        for key in ("location", "access_evidence", "consent_record", "opt_out_snapshot"):
            said = getattr(source, key) or ""
            if "\0" in said or len(said.encode()) > LONGEST_PATH:
                raise DaulatError(
                    f"`{FILE}`{_line(text, 'source', key)}: `{key}` of `{source.name}` is no path: too long, or with a zero byte",
                    "correct it",
                )


_OF_KIND = {
    "endpoint": ("objects",),
    "region": ("objects",),
    "credentials": ("table",),
    "tables": ("table",),
    "query": ("table",),
    "text_columns": ("table",),
    "text_column": ("debian", "npm", "folder", "objects"),
    "changed_column": ("table",),
    "timeout_s": ("objects", "table"),
    "main": ("debian", "npm", "folder", "objects"),
}
"""Keys that mean something for sources of these kinds only."""


def _sources_are_whole(text: str, config: Config) -> None:
    """Each kind has the keys that it needs, and none that it would pass over."""
    for number, source in enumerate(config.source):
        for key, kinds in _OF_KIND.items():
            if getattr(source, key) not in (None, ()) and source.kind not in kinds:
                raise _of_source(
                    text,
                    number,
                    key,
                    f'`{key}` means nothing for `kind = "{source.kind}"`',
                    f"it is for: {', '.join(kinds)}",
                )
        if source.kind == "objects":
            _objects_are_whole(text, number, source)
        elif source.kind == "table":
            _table_is_whole(text, number, source)


def _objects_are_whole(text: str, number: int, source: Source) -> None:
    if not re.fullmatch(r"(s3|az)://[A-Za-z0-9][A-Za-z0-9._-]{1,62}(/[^?#]*)?", source.location):
        hint = "write `s3://bucket/prefix`, or `az://container/prefix`; keys belong in the environment"
        raise _of_source(text, number, "location", f"`{source.name}` has a `location` that is no bucket", hint)
    if source.endpoint and not _is_address(source.endpoint):
        hint = "write it as `https://host`, without keys: they belong in the environment"
        raise _of_source(text, number, "endpoint", f"`{source.name}` has an `endpoint` that is no address", hint)
    if source.location.startswith("az:") and not source.endpoint:
        hint = 'add `endpoint = "https://ACCOUNT.blob.core.windows.net"`'
        raise _of_source(text, number, "location", f"`{source.name}` does not say whose container it is", hint)
    if not source.endpoint and not source.region:
        hint = "add `region` for AWS, or the `endpoint` of another service"
        raise _of_source(text, number, "location", f"`{source.name}` does not say where its bucket is", hint)


def _is_address(endpoint: str) -> bool:
    try:
        place = urlsplit(endpoint)
        port = place.port
    except ValueError:  # brackets that do not close, a port that is none
        return False
    plain = "@" not in place.netloc and not place.query and port != 0
    return plain and place.scheme in ("http", "https") and bool(place.hostname)


def _table_is_whole(text: str, number: int, source: Source) -> None:
    try:
        place = urlsplit(source.location)
    except ValueError:
        place = urlsplit("")
    if place.scheme not in ("postgresql", "mysql", "sqlite") or not place.path.strip("/"):
        hint = "write `postgresql://host:port/database`, `mysql://host:port/database` or `sqlite:///file`"
        raise _of_source(text, number, "location", f"`{source.name}` has a `location` that is no database", hint)
    if "@" in place.netloc or place.query:
        hint = 'name the environment variable that has the whole address: `credentials = "CLINIC_DSN"`'
        raise _of_source(text, number, "location", "user, password and options do not belong in the settings", hint)
    if place.scheme != "sqlite" and not place.hostname:
        raise _of_source(text, number, "location", f"`{source.name}` names no host", "write `//host:port/database`")
    for key in ("text_columns", "id_column"):
        if not getattr(source, key):
            hint = "`text_columns` are the document, `id_column` tells rows apart"
            raise _of_source(text, number, "kind", f"`{source.name}` lacks `{key}`", hint)
    if bool(source.tables) == bool(source.query):
        hint = 'name `tables = ["..."]`, or write a SELECT as `query = "..."`'
        raise _of_source(text, number, "kind", f"`{source.name}` needs either `tables` or a `query`", hint)
    if source.paths != ("**/*",):
        raise _of_source(text, number, "paths", "`paths` means nothing for a table", "name `tables`")


def _of_source(text: str, number: int, key: str, problem: str, hint: str) -> DaulatError:
    """About that key of the source of that number, with its line."""
    at = [n for n, line in enumerate(text.splitlines()) if re.match(r"\s*\[\[\s*source\s*\]\]", line)]
    if number >= len(at):
        return DaulatError(f"`{FILE}`: {problem}", hint)
    above = "\n".join(text.splitlines()[at[number] :])
    line = re.search(r"line (\d+)", _line(above, "source", key))
    where = f", line {at[number] + int(line[1])}" if line else f", line {at[number] + 1}"
    return DaulatError(f"`{FILE}`{where}: {problem}", hint)
