"""The gateway's own process: wires it to the journey, and serves until it is told to stop.

`python -m daulat.work.gateway PROJECT`; the engine's key comes by the environment, everything else from the project.
"""

import logging
import os
import sys
from datetime import date
from pathlib import Path

import msgspec

from daulat.errors import DaulatError
from daulat.journey.usage import record_usage
from daulat.nation.law import LawPack
from daulat.nation.profile import nations
from daulat.records import Answer, Deployment
from daulat.serve.gateway.app import application
from daulat.serve.gateway.meter import Meter
from daulat.serve.gateway.server import serve
from daulat.serve.gateway.settings import GatewaySettings
from daulat.serve.gateway.tenants import Tenants
from daulat.work.lineage import lineage
from daulat.work.project import Project
from daulat.work.release import find
from daulat.work.run import now, plain
from daulat.work.serving import ENGINE_KEY, Files, may_go_on, model_name


def main(folder: Path) -> None:
    """Serve the project's deployment on loopback until SIGTERM; every answer is durable before its end is sent.

    Raises: DaulatError where the project, its keys or its deployment cannot be read.
    """
    project = Project.open(folder)
    files = Files(project.run_folder)
    deployment = msgspec.json.decode(files.deployment.read_bytes(), type=Deployment)
    options = project.config.serve
    settings = GatewaySettings(
        model=model_name(project), default_max_tokens=options.default_max_tokens, max_tokens=options.max_tokens
    )

    def hand_over(answers: list[Answer]) -> None:
        """One batch, one statement; a batch that was handed before and is on record already is not recorded twice."""
        project.journey.refresh()
        names = [answer.id for answer in answers]
        first, last = min(names), max(names)  # as the statement has them, in whatever order they ended
        if not project.journey.index.has_batch(first, last):
            record_usage(project.journey, [plain(answer) for answer in answers], project.gateway, now())

    laws: dict[date, dict[str, LawPack]] = {}
    stands_on = lineage(project, find(project, deployment.release))

    def is_withdrawn(release: str) -> bool:
        """Whatever is not approved on record, or not allowed by the laws of this day any more, is not served."""
        today = project.today
        if today not in laws:
            laws.clear()
            laws[today] = {code: LawPack(code, today) for code in nations()}
        return not may_go_on(project, release, laws[today], stands_on)

    def ready(port: int) -> None:
        files.ready.write_text(f"{port}\n")

    meter = Meter(files.usage, hand_over, batch_seconds=options.batch_s)
    try:
        app = application(
            settings,
            Tenants(files.tenants, project.derived("api keys")),
            deployment,
            f"http://127.0.0.1:{files.engine_port.read_text().strip()}",
            os.environ[ENGINE_KEY],
            project.derived("answers"),
            meter,
            is_withdrawn,
        )
        port = int(deployment.url.rpartition(":")[2])
        serve(app, "127.0.0.1", port, ready)
    finally:
        meter.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        main(Path(sys.argv[1]))
    except DaulatError as error:
        print(f"error: {error.problem}\nhint: {error.hint}", file=sys.stderr)  # noqa: T201  this process's own log
        sys.exit(error.exit_code)
