"""Real servers in a folder of their own, on loopback, as a user that is not root; none is configured system-wide."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

USER = "clinic"
PASSWORD = "s3cret&word"
QUOTED = "s3cret%26word"


@dataclass
class Server:
    """A server that runs, and how to end it as if its power failed."""

    kind: str
    port: int
    process: subprocess.Popen[bytes]
    folder: Path
    start: list[str]

    @property
    def location(self) -> str:
        return f"{self.kind}://127.0.0.1:{self.port}/clinic"

    @property
    def address(self) -> str:
        return f"{self.kind}://{USER}:{QUOTED}@127.0.0.1:{self.port}/clinic"

    def stop(self, how: int = signal.SIGINT) -> None:
        """End it; with SIGKILL, with its children, which hold the connections."""
        if self.process.poll() is not None:
            return
        pids = [self.process.pid]
        if how == signal.SIGKILL:
            argv = ["ps", "-o", "pid=", "--ppid", str(self.process.pid)]
            pids += [
                int(pid) for pid in subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split()
            ]
        for pid in pids:
            os.kill(pid, how)
        self.process.wait(30)

    def remove(self) -> None:
        """End it, and take away all that it wrote."""
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def as_user(*command: str) -> list[str]:
    """The same command, not as root: PostgreSQL refuses root."""
    return (
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        if os.getuid() == 0
        else list(command)
    )


def own_folder() -> Path:
    """A new folder of that user's, right below the system's temporary one: pytest's own lets nobody in."""
    folder = Path(tempfile.mkdtemp(prefix="daulat-server-"))
    if os.getuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    return folder


def postgresql() -> Server:
    """A fresh PostgreSQL from Debian's package, or a skip."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if not binaries:
        pytest.skip("PostgreSQL is not installed")
    if os.getuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root, and no setpriv to become somebody else")
    there, port = binaries[-1].parent, free_port()
    folder = own_folder()
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    data = folder / "data"
    subprocess.run(
        as_user(str(there / "initdb"), "-D", str(data), "-U", USER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8",
                f"--pwfile={folder / 'password'}", "--no-sync"),
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    start = as_user(
        str(there / "postgres"), "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
        "-c", f"unix_socket_directories={folder}", "-c", "max_connections=20", "-c", "shared_buffers=32MB",
    )  # fmt: skip
    return _started("postgresql", start, port, folder)


def mariadb() -> Server:
    """A fresh MariaDB from Debian's package, or a skip."""
    program = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    if program is None or shutil.which("mariadb-install-db") is None:
        pytest.skip("MariaDB is not installed")
    if os.getuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root, and no setpriv to become somebody else")
    folder = own_folder()
    port, data = free_port(), folder / "data"
    subprocess.run(
        as_user("mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
                "--skip-test-db", "--innodb-log-file-size=8M"),
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    (folder / "init.sql").write_text(
        f"CREATE DATABASE IF NOT EXISTS clinic CHARACTER SET utf8mb4;"
        f"\nCREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON clinic.* TO '{USER}'@'%';\n"
    )
    (folder / "init.sql").chmod(0o644)
    start = as_user(
        program, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1",
        f"--socket={folder / 's'}", f"--init-file={folder / 'init.sql'}", f"--pid-file={folder / 'pid'}",
        "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve", "--innodb-log-file-size=8M", "--max-allowed-packet=64M",
    )  # fmt: skip
    return _started("mysql", start, port, folder)


def _started(kind: str, start: list[str], port: int, folder: Path) -> Server:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(start, stdout=log, stderr=log, cwd=folder)
    server = Server(kind, port, process, folder, start)
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        if process.poll() is not None:
            break
        time.sleep(0.1)
    for _ in range(100):
        if _asked(server):
            return server
        time.sleep(0.1)
    said = (folder / "log").read_text(errors="replace")[-1000:]
    server.remove()
    raise AssertionError(said)


def _asked(server: Server) -> bool:
    """Whether it answers, with the database `clinic` in it."""
    try:
        if server.kind == "postgresql":
            run(server, database="postgres")
            try:
                run(server)
            except Exception:  # noqa: BLE001
                run(server, "CREATE DATABASE clinic", database="postgres", alone=True)
        else:
            run(server)
    except Exception:  # noqa: BLE001
        return False
    return True


def run(server: Server, *statements: str, database: str = "clinic", alone: bool = False) -> None:
    """These statements, as the owner of the database."""
    if server.kind == "postgresql":
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(f"{server.address.rpartition('/')[0]}/{database}", autocommit=alone) as connection:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
            if not alone:
                connection.commit()
    else:
        import pymysql

        with pymysql.connect(
            host="127.0.0.1", port=server.port, user=USER, password=PASSWORD, database=database, charset="utf8mb4"
        ) as other:
            with other.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
            other.commit()
