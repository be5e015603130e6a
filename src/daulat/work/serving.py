"""Serve an approved release on this machine: an engine and a gateway, each a process of its own.

```
approved release ──> law asked ──> model hashed ──> deployment on record ──> engine ──> gateway ──> answers
```
"""

import hashlib
import os
import secrets
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from daulat.errors import DaulatError, NotVerified
from daulat.journey import canonical, statement
from daulat.machine import available_cores
from daulat.nation.law import LawPack
from daulat.places import processes
from daulat.places.loopback import ensure_loopback
from daulat.records import Answer, Deployment, Release
from daulat.serve import client
from daulat.serve.gateway.keys import new_key
from daulat.serve.gateway.tenants import Tenant, load_tenants, save_tenants
from daulat.serve.gateway.usage_file import UsageFile
from daulat.work.lineage import Lineage, lineage
from daulat.work.project import Project, secret, write_secret
from daulat.work.query import deployments, releases
from daulat.work.questions import beneath
from daulat.work.release import find, question
from daulat.work.run import ask as ask_law
from daulat.work.run import now, plain

ENGINE_KEY = "DAULAT_ENGINE_KEY"
START_S = 120.0
"""A large model takes its time to be read."""


@dataclass(frozen=True)
class Files:
    """What lies in `run/`."""

    folder: Path

    @property
    def deployment(self) -> Path:
        """What is, or was last, served."""
        return self.folder / "deployment.json"

    @property
    def engine_port(self) -> Path:
        """Written by the engine when it is ready."""
        return self.folder / "engine.port"

    @property
    def ready(self) -> Path:
        """Written by the gateway when it takes requests."""
        return self.folder / "gateway.port"

    @property
    def tenants(self) -> Path:
        """Who may ask."""
        return self.folder / "tenants.json"

    @property
    def usage(self) -> Path:
        """Every answer, durable before its end is sent."""
        return self.folder / "usage.sqlite"


@dataclass(frozen=True)
class Served:
    """What runs now."""

    deployment: Deployment
    already: bool


def start(project: Project, release_id: str | None = None) -> Served:
    """The release (the last one approved) is served when this returns; what was served before is stopped.

    Raises: NotAllowed where the law or the record forbids it; NotVerified where the model is not the one that was
    signed; DaulatError, with the end of its log, where a process does not come up.
    """
    ensure_loopback()
    _can_record(project)
    release = find(project, release_id, "approved")
    asked = (question(project, release, "deploy"), *beneath(project, lineage(project, release), serving=True))
    decisions = ask_law(project, "deploy", asked)
    files = Files(project.run_folder)
    files.folder.mkdir(mode=0o700, exist_ok=True)
    running = _running(project)
    has_key = (project.folder / "keys" / "tenant.key").exists()
    if running is not None and running.release == release.id and _reachable(running) and has_key:
        return Served(running, already=True)
    _is_what_was_signed(project, release)
    stop(project)
    deployment = _deployment(project, release)
    if deployment.id not in deployments(project):
        facts = {"decisions": plain(decisions)}
        project.record(statement.deployment_statement(deployment=plain(deployment), at=now(), extra=facts))
    _replace(files.deployment, msgspec.json.format(msgspec.json.encode(deployment)))
    _tenant(project, files)
    try:
        _start_processes(project, files, release)
    except DaulatError:
        stop(project)
        raise
    return Served(deployment, already=False)


def stop(project: Project) -> bool:
    """Stop the gateway, then the engine; whether anything ran."""
    stopped = [processes.stop(name, project.run_folder) for name in ("gateway", "engine")]
    return any(stopped)


def status(project: Project) -> dict[str, Any]:
    """What runs, and what was answered so far."""
    files = Files(project.run_folder)
    running = _running(project)
    found: dict[str, Any] = {"serving": running is not None}
    if running is not None:
        found |= {
            "deployment": running.id,
            "release": running.release,
            "url": f"{running.url}/v1",
            "place": running.place.name,
        }
    if files.usage.exists():
        usage = UsageFile(files.usage)
        found |= {"usage": plain(usage.totals()), "not yet in the journey": usage.pending()}
    if running is None and files.deployment.exists():
        dead = [name for name in ("engine", "gateway") if processes.status(name, project.run_folder) is None]
        found["stopped"] = f"{' and '.join(dead)}; if not by `daulat deploy stop`, see {files.folder}/*.log"
    return found


def pids(run_folder: Path) -> list[int]:
    """Of the processes that serve now; none where nothing was ever served."""
    found = [processes.status(name, run_folder) for name in ("engine", "gateway")]
    return [process.pid for process in found if process is not None]


def ask(
    project: Project, words: str, max_tokens: int, on_text: Callable[[str], None], key: str | None = None
) -> client.Reply:
    """The served model's answer, piece by piece.

    Raises: DaulatError where nothing is served or the gateway refuses.
    """
    running = _running(project)
    if running is None:
        raise DaulatError("nothing is served in this project", "run `daulat deploy` first")
    if key is None:
        key = secret(project.folder / "keys" / "tenant.key").decode().strip()
    messages = [{"role": "user", "content": words}]
    return client.ask(running.url, key, messages, max_tokens=max_tokens, on_text=on_text)


def recorded(project: Project, answer_id: str) -> Answer | None:
    """The durable record of an answer, whether or not it is in the signed log yet."""
    files = Files(project.run_folder)
    return UsageFile(files.usage).get(answer_id) if files.usage.exists() else None


def model_name(project: Project) -> str:
    """What clients ask for."""
    return f"daulat-{project.nation.code}"


def _running(project: Project) -> Deployment | None:
    files = Files(project.run_folder)
    alive = [processes.status(name, project.run_folder) is not None for name in ("engine", "gateway")]
    if not all(alive) or not files.deployment.exists():
        return None
    return msgspec.json.decode(files.deployment.read_bytes(), type=Deployment)


def _reachable(deployment: Deployment) -> bool:
    """Whether its port answers from here: a gateway in another network namespace runs, and is of no use."""
    try:
        with socket.create_connection(("127.0.0.1", int(deployment.url.rpartition(":")[2])), timeout=2):
            return True
    except OSError:
        return False


def may_go_on(project: Project, release_id: str, laws: dict[str, LawPack], stands_on: Lineage | None = None) -> bool:
    """Whether that release may still be served: approved on record, whole in the store, and allowed by the laws of the day.

    `stands_on`: spares looking it up again, for it does not change.
    """
    project.journey.refresh()
    release = releases(project).get(release_id)
    if release is None or release.state != "approved":
        return False
    below = beneath(project, stands_on or lineage(project, release), serving=True)
    asked = (question(project, release, "deploy"), *below)
    return all(decision.outcome == "allow" for one in asked for decision in project.decide(one, laws))


def _can_record(project: Project) -> None:
    """Raises: DaulatError where no answer could be put on record: then none may be given."""
    key = project.gateway
    project.journey.refresh()
    if project.journey.keyring.keys.get(key.key_id, ("", None))[0] != "gateway":
        raise DaulatError(
            f"the gateway's key `{key.key_id}` is not in force: answers could not be recorded",
            "`daulat key rotate gateway` puts a new one in its place",
        )


def _is_what_was_signed(project: Project, release: Release) -> None:
    if canonical.digest_file(project.journey.store.path(release.model)) != release.model:
        raise NotVerified(
            f"the model of `{release.id}` is not the one that was signed: {release.model[:19]}", "run `daulat verify`"
        )


def _deployment(project: Project, release: Release) -> Deployment:
    url = f"http://127.0.0.1:{_port(project)}"
    place = project.config.place
    words = "\n".join([release.id, release.model, place.name, place.jurisdiction, url])
    return Deployment(
        id=f"dep-{hashlib.sha256(words.encode()).hexdigest()[:12]}",
        release=release.id,
        model=release.model,
        place=place,
        engine="llama.cpp",
        url=url,
    )


def _port(project: Project) -> int:
    """The port that was told, else the one used before, else any; free at this moment."""
    files = Files(project.run_folder)
    wanted = project.config.serve.port
    before = int(files.ready.read_text()) if files.ready.exists() else 0
    for port in [wanted] if wanted else [before, 0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DaulatError(f"port {wanted} is taken on this machine", "set another `port` in `[serve]`, or 0 for any")


def _tenant(project: Project, files: Files) -> None:
    """One tenant with one key, made at the first deployment: the operator itself."""
    path = project.folder / "keys" / "tenant.key"
    if files.tenants.exists() and path.exists():
        load_tenants(files.tenants)
        return
    key, kept = new_key(project.derived("api keys"))
    path.unlink(missing_ok=True)
    write_secret(path, key.encode() + b"\n")
    nation = project.config.nation
    save_tenants(files.tenants, (Tenant(nation.operator, nation.code, nation.sector, (kept,)),))


def _start_processes(project: Project, files: Files, release: Release) -> None:
    options = project.config.serve
    for path in (files.engine_port, files.ready):
        path.unlink(missing_ok=True)
    environment = {**os.environ, ENGINE_KEY: secrets.token_urlsafe(32)}
    engine = [
        *(sys.executable, "-m", "daulat.serve.engines.llamacpp"),
        *("--model", str(project.journey.store.path(release.model).resolve())),
        *("--port", "0", "--port-file", str(files.engine_port.resolve())),
        *("--context", str(options.context_tokens), "--parallel", str(options.parallel)),
        *("--threads", str(options.threads or available_cores())),
    ]
    process = processes.start("engine", engine, environment, files.folder, files.folder / "engine.log")
    processes.wait_for_file(files.engine_port, process, START_S)
    gateway = [sys.executable, "-m", "daulat.work.gateway", str(project.folder.resolve())]
    process = processes.start("gateway", gateway, environment, files.folder, files.folder / "gateway.log")
    processes.wait_for_file(files.ready, process, START_S)


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
