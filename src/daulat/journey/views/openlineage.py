"""OpenLineage run events: one COMPLETE event for every step on record.

An artefact is a dataset named by what it is (`corpus`, `model`), whose version is its digest; a model is of type MODEL.
Source: openlineage.io/spec/2-0-2/OpenLineage.json and its facets' own versions, named in each facet.
"""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from daulat.journey import statement as st
from daulat.journey.index import Entry

PRODUCER = "https://pypi.org/project/daulat/"
_SPEC = "https://openlineage.io/spec"
_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_OURS = "urn:daulat:openlineage:decisions:v1"
_SPACE = uuid.UUID("1c6f3a52-7a0e-5d7e-9a0b-3f5f0a7f6f10")
"""So that a run's id follows from its statement's digest."""
_MODELS = frozenset({"base", "model", "gguf", "weights"})


def events(entries: Iterable[Entry], namespace: str) -> Iterator[dict[str, Any]]:
    """An event for each step among the entries, in recorded order; `namespace` is the log's origin."""
    for entry in entries:
        if entry.kind == "step":
            yield _event(entry, namespace)


def _event(entry: Entry, namespace: str) -> dict[str, Any]:
    said = entry.statement["predicate"]
    inner, times = said["buildDefinition"]["internalParameters"], said["runDetails"]["metadata"]
    return {
        "eventType": "COMPLETE",
        "eventTime": times["finishedOn"],
        "run": {
            "runId": str(uuid.uuid5(_SPACE, entry.digest)),
            "facets": {
                "nominalTime": _facet(
                    "1-0-1/NominalTimeRunFacet", nominalStartTime=times["startedOn"], nominalEndTime=times["finishedOn"]
                ),
                "daulat_record": {
                    "_producer": PRODUCER,
                    "_schemaURL": _OURS,
                    "statement": entry.digest,
                    "entry": entry.index,
                    "signedBy": entry.key_id,
                    "place": inner["place"],
                    "decisions": inner["decisions"],
                },
            },
        },
        "job": {
            "namespace": namespace,
            "name": st.step_name(entry.statement),
            "facets": {
                "jobType": _facet("2-0-4/JobTypeJobFacet", processingType="BATCH", integration="DAULAT", jobType="STEP")
            },
        },
        "inputs": [_dataset(namespace, name, found) for name, found in st.inputs(entry.statement).items()],
        "outputs": [_dataset(namespace, name, found) for name, found in st.outputs(entry.statement).items()],
        "producer": PRODUCER,
        "schemaURL": _EVENT,
    }


def _dataset(namespace: str, name: str, digest: str) -> dict[str, Any]:
    kind = "MODEL" if name in _MODELS else "FILE"
    facets = {
        "version": _facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=digest),
        "datasetType": _facet("1-0-1/DatasetTypeDatasetFacet", datasetType=kind),
    }
    return {"namespace": namespace, "name": name, "facets": facets}


def _facet(name: str, **fields: Any) -> dict[str, Any]:
    definition = name.rpartition("/")[2]
    return {"_producer": PRODUCER, "_schemaURL": f"{_SPEC}/facets/{name}.json#/$defs/{definition}", **fields}
