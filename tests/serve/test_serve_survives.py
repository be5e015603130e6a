"""What the gateway must survive: kill -9, an engine that dies, a full disk, slowness, a crowd."""

import http.client
import itertools
import json
import resource
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import openai
import pytest

from daulat.errors import DaulatError
from daulat.serve.client import ask
from daulat.serve.engines.llamacpp import LlamaCppSettings, start

from conftest import MODEL, Gateway  # isort: skip
from serve_gateway_process import ENGINE_KEY  # isort: skip

HALO = [{"role": "user", "content": "Halo"}]
KILLS = 10
CLIENTS = 8


@dataclass
class Crowd:
    """Clients that ask without pause and note every answer whose last byte they have seen."""

    gateway: Gateway
    acknowledged: dict[str, int] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, streams: bool) -> None:
        while not self.stop.is_set():
            try:
                answer_id, tokens = self._ask(streams)
            except (DaulatError, OSError, http.client.HTTPException, ValueError):
                time.sleep(0.01)
                continue
            self.acknowledged[answer_id] = tokens

    def _ask(self, streams: bool) -> tuple[str, int]:
        if streams:
            reply = ask(self.gateway.url, self.gateway.key, HALO, model=MODEL, max_tokens=40, timeout_s=10)
            return reply.answer_id, reply.completion_tokens
        connection = http.client.HTTPConnection(urlsplit(self.gateway.url).netloc, timeout=10)
        body = json.dumps({"model": MODEL, "messages": HALO, "max_tokens": 10})
        connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {self.gateway.key}"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer["id"], answer["usage"]["completion_tokens"]


def batches_of(folder: Path) -> dict[str, set[str]]:
    """Each batch's name and every content that was handed under it."""
    found: dict[str, set[str]] = {}
    for line in (folder / "batches.txt").read_text().splitlines():
        name, ids = line.split(" ")
        found.setdefault(name, set()).add(ids)
    return found


@pytest.mark.slow
def test_kill_9_under_load_loses_and_doubles_no_acknowledged_answer(own_gateway):
    crowd = Crowd(own_gateway.start())
    threads = [threading.Thread(target=crowd.run, args=(n % 2 == 0,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        seen = len(crowd.acknowledged)
        deadline = time.monotonic() + 20
        while len(crowd.acknowledged) < seen + 30 and time.monotonic() < deadline:
            time.sleep(0.005)
        own_gateway.kill()
        own_gateway.start()
    crowd.stop.set()
    for thread in threads:
        thread.join()
    own_gateway.stop()
    assert len(crowd.acknowledged) >= KILLS * 30
    missing = [name for name in crowd.acknowledged if own_gateway.usage.get(name) is None]
    assert missing == []
    wrong = [n for n, tokens in crowd.acknowledged.items() if own_gateway.usage.get(n).completion_tokens != tokens]
    assert wrong == []
    (totals,) = own_gateway.usage.totals()
    # Recorded, and then killed before the client had the last byte: at most those under way at each kill.
    assert 0 <= totals.answers - len(crowd.acknowledged) <= KILLS * CLIENTS
    batches = batches_of(own_gateway.folder)
    assert all(len(contents) == 1 for contents in batches.values()), "a batch that was handed again has changed"
    handed = Counter(name for (ids,) in batches.values() for name in ids.split(","))
    assert own_gateway.usage.pending() == 0
    assert len(handed) == totals.answers
    assert set(handed.values()) == {1}
    assert set(crowd.acknowledged) <= set(handed)


def test_an_engine_that_dies_is_502_and_its_return_is_noticed(tiny_model, tmp_path):
    settings = LlamaCppSettings(model=str(tiny_model), context=4096, parallel=1)
    engine = start(settings, ENGINE_KEY, tmp_path, tmp_path / "engine.log")
    gateway = Gateway(tmp_path, engine.url).start()
    try:
        stream = gateway.client().chat.completions.create(model=MODEL, messages=HALO, max_tokens=3900, stream=True)
        events = iter(stream)
        first = next(itertools.islice(events, 9, None))
        engine.process.kill()
        engine.process.wait()
        with pytest.raises(openai.APIError, match="broke off"):
            list(events)
        kept = gateway.wait_for_record(first.id)
        assert kept.finish == "error"
        assert kept.completion_tokens >= 9
        with pytest.raises(openai.InternalServerError) as refused:
            gateway.client().chat.completions.create(model=MODEL, messages=HALO)
        assert (refused.value.status_code, refused.value.code) == (502, "engine_down")
        assert refused.value.body["hint"]
        port = int(engine.url.rpartition(":")[2])
        again = LlamaCppSettings(model=str(tiny_model), context=512, parallel=1, port=port)
        engine = start(again, ENGINE_KEY, tmp_path, tmp_path / "engine.log")
        assert gateway.client().chat.completions.create(model=MODEL, messages=HALO, max_tokens=2).usage
        assert sum(totals.answers for totals in gateway.usage.totals()) == 2
    finally:
        gateway.stop()
        engine.stop()


def ask_until_refused(client: openai.OpenAI, given: list[str]) -> None:
    for _ in range(60):
        answer = client.chat.completions.create(model=MODEL, messages=HALO, max_tokens=1)
        given.append(answer.id)


def test_a_full_disk_gives_no_answer_rather_than_one_off_the_record(own_gateway):
    own_gateway.start()
    client = own_gateway.client()
    given = [client.chat.completions.create(model=MODEL, messages=HALO, max_tokens=1).id]
    limit = (own_gateway.folder / "usage.sqlite-wal").stat().st_size + 60_000
    unlimited = resource.prlimit(own_gateway.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(own_gateway.process.pid, resource.RLIMIT_FSIZE, (limit, unlimited[1]))
    with pytest.raises(openai.InternalServerError, match="could not be put on record"):
        ask_until_refused(client, given)
    events = client.chat.completions.create(model=MODEL, messages=HALO, max_tokens=5, stream=True)
    with pytest.raises(openai.APIError, match="could not be put on record"):
        list(events)
    resource.prlimit(own_gateway.process.pid, resource.RLIMIT_FSIZE, unlimited)
    given.append(client.chat.completions.create(model=MODEL, messages=HALO, max_tokens=1).id)
    assert all(own_gateway.usage.get(name) for name in given)
    assert own_gateway.usage.totals()[0].answers == len(given)


def test_an_answer_that_takes_too_long_is_cut_and_told(engine, tmp_path):
    gateway = Gateway(tmp_path, engine.url, {"answer_timeout_s": 0.2}).start()
    try:
        with pytest.raises(openai.InternalServerError) as refused:
            gateway.client().chat.completions.create(model=MODEL, messages=HALO, max_tokens=3900)
        assert refused.value.status_code == 504
        stream = gateway.client().chat.completions.create(model=MODEL, messages=HALO, max_tokens=3900, stream=True)
        with pytest.raises(openai.APIError, match="longer than"):
            list(stream)
        kept = gateway.wait_for_record(stream.response.headers["x-daulat-answer"])
        assert kept.finish == "error"
        assert 0 < kept.completion_tokens < 3900
    finally:
        gateway.stop()


def test_a_crowd_gets_429_with_retry_after_and_the_one_inside_is_served(engine, tmp_path):
    gateway = Gateway(tmp_path, engine.url, {"max_concurrent": 1}).start()
    try:
        stream = iter(
            gateway.client().chat.completions.create(model=MODEL, messages=HALO, max_tokens=3900, stream=True)
        )
        next(stream)
        with pytest.raises(openai.RateLimitError) as refused:
            gateway.client().chat.completions.create(model=MODEL, messages=HALO)
        assert refused.value.response.headers["retry-after"] == "1"
        assert next(stream).choices
    finally:
        gateway.kill()


def test_sigterm_lets_a_running_answer_end_and_writes_its_record(own_gateway):
    own_gateway.start()
    stream = iter(own_gateway.client().chat.completions.create(model=MODEL, messages=HALO, max_tokens=900, stream=True))
    first = next(stream)
    own_gateway.process.terminate()
    assert [event.choices[0].finish_reason for event in stream][-1] == "length"
    assert own_gateway.process.wait(30) == 0
    assert own_gateway.usage.get(first.id).completion_tokens == 900
    assert own_gateway.usage.pending() == 0
    assert first.id in (own_gateway.folder / "batches.txt").read_text()


def test_a_revoked_key_is_refused_within_a_second(own_gateway):
    own_gateway.start()
    assert own_gateway.client().models.list().data
    (own_gateway.folder / "tenants.json").write_text(json.dumps({"tenants": []}))
    (own_gateway.folder / "tenants.json").chmod(0o600)
    time.sleep(0.8)
    with pytest.raises(openai.AuthenticationError):
        own_gateway.client().models.list()
