"""A build that is killed loses nothing, and the next one makes what an undisturbed one makes. 12 kills."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from corpus_samples import indonesian, page, snapshot

from daulat.corpus import blocks
from daulat.corpus.build import build
from daulat.corpus.options import CorpusOptions

KILLS = 12
PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from corpus_samples import snapshot
from daulat.corpus.build import build
from daulat.corpus.extract import files
from daulat.corpus.options import CorpusOptions
files.BLOCK_UTF8_BYTES = 60_000
where = Path(sys.argv[2])
print("begins", flush=True)
build([snapshot(where / "a", {})], CorpusOptions(), b"k" * 32, where / sys.argv[3], state=where / "state", version="1")
print("done", flush=True)
"""


def test_a_build_that_is_killed_again_and_again_is_the_same_in_the_end(tmp_path: Path) -> None:
    pages = {f"p{n:04}.html": page(indonesian(n * 10, 6)) for n in range(400)}
    whole = snapshot(tmp_path / "a", dict(pages))
    chance = random.Random(3)
    began = ended = 0
    for _ in range(KILLS):
        into = tmp_path / "killed"
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir()
        words = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(tmp_path), "killed"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        began += process.stdout.readline() == "begins\n"
        time.sleep(chance.uniform(0.1, 1.8))
        process.send_signal(signal.SIGKILL)
        ended += "done" in process.stdout.read()
        process.wait()
    assert began == KILLS
    assert ended < KILLS, "some were killed on their way"
    for name, state in (("after", tmp_path / "state"), ("scratch", None)):
        (tmp_path / name).mkdir()
        build([whole], CorpusOptions(), b"k" * 32, tmp_path / name, state=state, version="1")
    for path in sorted((tmp_path / "scratch").iterdir()):
        assert path.read_bytes() == (tmp_path / "after" / path.name).read_bytes(), path.name
    kept = [blocks.read(path, ["id"])["id"].to_pylist() for path in (tmp_path / "state" / "raw").rglob("*.arrow")]
    assert len({one for ids in kept for one in ids}) == 400
