"""A corpus as Croissant 1.1: its files with their digests, its columns, and with PROV where each part came from.

Source: mlcommons.org/croissant/1.1; w3.org/TR/prov-o.
"""

from typing import Any

from daulat.errors import DaulatError
from daulat.journey import tree
from daulat.journey.journey import Journey
from daulat.journey.trace import Node, trace

PARQUET = "application/x-parquet"
"""As the Croissant specification and its library write it."""
PARTS = {"train": "documents to learn from", "heldout": "documents that no training sees: they measure"}
FIELDS = {
    "id": ("sc:Text", "SHA-256 of source, path and text"),
    "source": ("sc:Text", "name of the source"),
    "path": ("sc:Text", "file within the snapshot"),
    "language": ("sc:Text", "BCP 47"),
    "licence": ("sc:Text", "SPDX expression, or LicenseRef-"),
    "country": ("sc:Text", "ISO 3166, or international"),
    "role": ("sc:Text", "nation or replay"),
    "text": ("sc:Text", "after curation"),
    "utf8_bytes": ("sc:Integer", "size of the text"),
}
"""The columns of the corpus' documents: type and meaning."""
_TERMS = (
    "citeAs column conformsTo equivalentProperty extract field fileProperty fileObject fileSet format includes "
    "isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator "
    "source subField transform"
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
    "conformsTo": "dct:conformsTo",
}


def dataset(journey: Journey, corpus: str) -> dict[str, Any]:
    """The corpus of that digest, or of that beginning of one.

    Raises: DaulatError where it is no corpus on record, or not in the store.
    """
    root = trace(journey, corpus)
    if root.name != "corpus" or root.index is None:
        raise DaulatError(f"`{corpus}` is no corpus but {root.kind} `{root.name}`", "name a corpus by its digest")
    path = journey.store.path(root.id)
    if not path.is_file():
        raise DaulatError(f"the corpus `{root.id}` is not in the store any more", "restore it from a copy")
    files = {name: found for name, found in sorted(tree.read(path).items()) if name.endswith(".parquet")}
    parts = [part for part in PARTS if any(name.startswith(f"{part}.") for name in files)]
    short = root.id.removeprefix("sha256:")[:12]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": f"corpus-{short}",
        "description": f"Curated text, made by {journey.log.checkpoint().origin}; statement {root.index} of its journey.",
        "url": f"urn:{root.id}",
        "version": "1.0.0",
        "datePublished": root.at,
        "license": sorted({str(source["licence"]) for source in _sources(root) if source.get("licence")}),
        "creator": {"@type": "sc:Organization", "name": journey.log.checkpoint().origin},
        "distribution": [
            *(_file(name, digest, size) for name, (digest, size) in files.items()),
            *(_file_set(part) for part in parts),
        ],
        "recordSet": [_records(part) for part in parts],
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "@id": f"urn:{journey.entry(root.index).digest}",
            "sc:name": root.step,
            "prov:endedAtTime": root.at,
            "prov:wasAssociatedWith": {"@type": "prov:Agent", "sc:name": root.by},
        },
        "prov:wasDerivedFrom": [_derived(node) for node in root.made_from],
    }


def _sources(root: Node) -> list[dict[str, Any]]:
    return [node.facts["source"] for node in root.made_from if isinstance(node.facts.get("source"), dict)]


def _file(name: str, digest: str, size: int) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{size} B",
        "encodingFormat": PARQUET,
        "sha256": digest.removeprefix("sha256:"),
    }


def _file_set(part: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": part,
        "name": part,
        "encodingFormat": PARQUET,
        "includes": f"{part}.*.parquet",
    }


def _records(part: str) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": f"{part}-documents",
        "name": f"{part}-documents",
        "description": PARTS[part],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{part}-documents/{name}",
                "name": name,
                "description": meaning,
                "dataType": kind,
                "source": {"fileSet": {"@id": part}, "extract": {"column": name}},
            }
            for name, (kind, meaning) in FIELDS.items()
        ],
    }


def _derived(node: Node) -> dict[str, Any]:
    source = node.facts.get("source")
    said = source if isinstance(source, dict) else {}
    found: dict[str, Any] = {
        "@type": "prov:Entity",
        "@id": f"urn:{node.id}",
        "sc:name": str(said.get("name") or node.name),
    }
    if said.get("licence"):
        found["sc:license"] = str(said["licence"])
    if said.get("owner"):
        found["prov:wasAttributedTo"] = {"@type": "prov:Agent", "sc:name": str(said["owner"])}
    if said.get("country"):
        found["sc:countryOfOrigin"] = str(said["country"])
    return found
