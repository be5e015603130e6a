"""The real gateway as a program of its own, as an operator would run it: `python serve_gateway_process.py FOLDER`."""

import logging
import sys
from pathlib import Path

import msgspec

from daulat.records import Answer, Deployment, Place
from daulat.serve.gateway.app import application
from daulat.serve.gateway.meter import Meter, batch_name
from daulat.serve.gateway.server import serve
from daulat.serve.gateway.settings import GatewaySettings
from daulat.serve.gateway.tenants import Tenants

PEPPER = b"p" * 32
COMMITMENT_KEY = b"c" * 32
ENGINE_KEY = "an-engine-key-of-the-tests"


class Options(msgspec.Struct):
    engine_url: str
    settings: dict[str, object]
    batch_answers: int = 20
    batch_seconds: float = 0.05


def place() -> Place:
    return Place(name="test-room", jurisdiction="id", operator="tests")


def deployment() -> Deployment:
    return Deployment(
        id="dep-1",
        release="rel-1",
        model="sha256:" + "0" * 64,
        place=place(),
        engine="llamacpp",
        url="http://127.0.0.1",
    )


def main(folder: Path) -> None:
    options = msgspec.json.decode((folder / "options.json").read_bytes(), type=Options)

    def take(answers: list[Answer]) -> None:
        with (folder / "batches.txt").open("a") as file:
            file.write(batch_name(answers) + " " + ",".join(answer.id for answer in answers) + "\n")

    meter = Meter(
        folder / "usage.sqlite", take, batch_answers=options.batch_answers, batch_seconds=options.batch_seconds
    )
    app = application(
        msgspec.convert(options.settings, GatewaySettings),
        Tenants(folder / "tenants.json", PEPPER),
        deployment(),
        options.engine_url,
        ENGINE_KEY,
        COMMITMENT_KEY,
        meter,
        lambda release: (folder / f"withdrawn-{release}").exists(),
    )

    def ready(port: int) -> None:
        fresh = folder / ".port"
        fresh.write_text(str(port))
        fresh.replace(folder / "port")

    serve(app, ready=ready)
    meter.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main(Path(sys.argv[1]))
