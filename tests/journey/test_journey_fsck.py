"""The log by its tiles alone: every tile that is wrong is found and can be made again; an entry cannot."""

import shutil
from pathlib import Path

import pytest
from journey_world import ALLOW, AT, OPERATOR, PLACE, create

from daulat.errors import NotVerified
from daulat.journey import statement as st
from daulat.journey.fsck import fsck

DECISION = st.decision_statement(decision=ALLOW, step="source", place=PLACE, at=AT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("whole")
    create(project).record_many([DECISION] * 600, OPERATOR)
    return project / "journey"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_whole_log_is_whole(whole: Path) -> None:
    found = fsck(whole)
    assert (found.size, found.checked, found.wrong) == (601, 4, [])


def test_every_hash_tile_that_is_wrong_or_missing_is_found_and_made_again(whole: Path, tmp_path: Path) -> None:
    before = contents(whole)
    hashes = [name for name in before if name.startswith("tile/") and "/entries/" not in name]
    assert len(hashes) == 4
    for name in hashes:
        for damage in (b"", before[name][:-1], bytes([before[name][0] ^ 1]) + before[name][1:], None):
            log = tmp_path / "log"
            shutil.rmtree(log, ignore_errors=True)
            shutil.copytree(whole, log)
            (log / name).unlink()
            if damage is not None:
                (log / name).write_bytes(damage)
            assert fsck(log).wrong == [name]
            assert fsck(log, mend=True).mended == [name]
            assert contents(log) == before


def test_an_entry_that_is_wrong_is_found_and_nothing_is_written(whole: Path, tmp_path: Path) -> None:
    before = contents(whole)
    for name in [name for name in before if "/entries/" in name]:
        for damage in (before[name][:-1], before[name][:-1] + bytes([before[name][-1] ^ 1]), None):
            log = tmp_path / "log"
            shutil.rmtree(log, ignore_errors=True)
            shutil.copytree(whole, log)
            (log / name).unlink()
            if damage is not None:
                (log / name).write_bytes(damage)
            damaged = contents(log)
            with pytest.raises(NotVerified):
                fsck(log, mend=True)
            assert contents(log) == damaged


def test_no_log_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotVerified, match="no log"):
        fsck(tmp_path)
