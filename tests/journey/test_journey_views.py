"""Views are what other tools read: valid by the formats' own schemas, the same each time, and without text or people."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from journey_world import build, create, step
from openlineage.client.generated import base as ol
from openlineage.client.generated.dataset_type_dataset import DatasetTypeDatasetFacet
from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
from openlineage.client.generated.job_type_job import JobTypeJobFacet
from openlineage.client.generated.nominal_time_run import NominalTimeRunFacet

from daulat.errors import DaulatError
from daulat.journey.journey import Journey
from daulat.journey.views.cyclonedx import bom
from daulat.journey.views.openlineage import events

FACETS = {
    "version": DatasetVersionDatasetFacet,
    "datasetType": DatasetTypeDatasetFacet,
    "jobType": JobTypeJobFacet,
    "nominalTime": NominalTimeRunFacet,
}


@pytest.fixture
def journey(tmp_path: Path) -> Journey:
    return build(tmp_path / "project")


def lineage(journey: Journey) -> list[dict]:
    return list(events(journey.statements(), journey.log.checkpoint().origin))


def rebuilt(facets: dict) -> dict:
    """The facets through the published classes, which refuse unknown fields and wrong kinds."""
    found = {}
    for name, facet in facets.items():
        if name in FACETS:
            fields = {key: value for key, value in facet.items() if not key.startswith("_")}
            found[name] = FACETS[name](**fields)
            assert found[name]._schemaURL == facet["_schemaURL"]
    return found


def test_every_step_is_an_event_that_openlineages_own_classes_take(journey: Journey) -> None:
    step(journey, "model", {}, "sha256:" + "77" * 32)
    steps = [entry for entry in journey.statements() if entry.kind == "step"]
    found = lineage(journey)
    assert len(found) == len(steps) > 0
    for event, entry in zip(found, steps, strict=True):
        taken = ol.RunEvent(
            eventTime=event["eventTime"],
            producer=event["producer"],
            run=ol.Run(runId=event["run"]["runId"], facets=rebuilt(event["run"]["facets"])),
            job=ol.Job(
                namespace=event["job"]["namespace"],
                name=event["job"]["name"],
                facets=rebuilt(event["job"]["facets"]),
            ),
            eventType=ol.EventType(event["eventType"]),
            inputs=[ol.InputDataset(d["namespace"], d["name"], rebuilt(d["facets"])) for d in event["inputs"]],
            outputs=[ol.OutputDataset(d["namespace"], d["name"], rebuilt(d["facets"])) for d in event["outputs"]],
        )
        assert taken.schemaURL == event["schemaURL"]
        assert event["run"]["facets"]["daulat_record"]["entry"] == entry.index
    versions = {d["facets"]["version"]["datasetVersion"] for event in found for d in event["outputs"]}
    assert all(journey.index.entries("made", digest) for digest in versions)
    kinds = {d["name"]: d["facets"]["datasetType"]["datasetType"] for event in found for d in event["outputs"]}
    assert kinds["model"] == "MODEL"
    assert kinds["corpus"] == "FILE"


def test_a_release_is_a_valid_bill_of_materials(journey: Journey) -> None:
    release = journey.index.things("release")[0]
    found = bom(journey, release)
    problem = JsonStrictValidator(SchemaVersion.V1_7).validate_str(json.dumps(found))
    assert problem is None, problem
    refs = [component["bom-ref"] for component in found["components"]]
    assert len(set(refs)) == len(refs)
    known = {*refs, release}
    for dependency in found["dependencies"]:
        assert {dependency["ref"], *dependency["dependsOn"]} <= known
    names = {component["name"] for component in found["components"]}
    assert {"pretrain", "corpus"} <= names, "the world names its model by its step"


def test_the_same_journey_gives_the_same_bytes(journey: Journey, tmp_path: Path) -> None:
    again = build(tmp_path / "again")
    release = journey.index.things("release")[0]
    assert json.dumps(lineage(journey)) == json.dumps(lineage(again))
    assert json.dumps(bom(journey, release)) == json.dumps(bom(again, release))


def test_what_is_no_release_is_a_sentence(journey: Journey) -> None:
    with pytest.raises(DaulatError, match="nothing on record"):
        bom(journey, "rel-unknown")
    with pytest.raises(DaulatError, match="only a release"):
        bom(journey, journey.index.things("source")[0])


def test_the_command_line_writes_both(journey: Journey, tmp_path: Path) -> None:
    def daulat(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "daulat", "--project", str(project), "journey", "export", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    project = tmp_path / "project"
    shown = daulat(project, "openlineage")
    assert [json.loads(line) for line in shown.stdout.splitlines()] == lineage(journey)
    assert daulat(project, "cyclonedx", "-o", str(tmp_path / "bom.json")).returncode == 0
    written = json.loads((tmp_path / "bom.json").read_text())
    assert written == bom(journey, journey.index.things("release")[-1])
    (tmp_path / "empty").mkdir()
    create(tmp_path / "empty").index.close()
    refused = daulat(tmp_path / "empty", "cyclonedx")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 2)
