"""The gateway with a real engine behind it, asked by the real `openai` client and by raw sockets."""

import http.client
import json
import socket
import struct
import time
from urllib.parse import urlsplit

import openai
import pytest

from daulat.errors import DaulatError
from daulat.serve.client import ask
from daulat.serve.gateway.answer_id import is_answer_id
from daulat.serve.gateway.exchange import commitment

from serve_gateway_process import COMMITMENT_KEY, PEPPER  # isort: skip
from conftest import MODEL  # isort: skip

HALO = [{"role": "user", "content": "Halo, apa kabar?"}]


def raw(gateway, body: bytes, path: str = "/v1/chat/completions", method: str = "POST", headers=None):
    connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=10)
    connection.request(method, path, body, {"authorization": f"Bearer {gateway.key}"} | (headers or {}))
    response = connection.getresponse()
    found = response.status, response.headers, response.read()
    connection.close()
    return found


def body(**fields: object) -> bytes:
    return json.dumps({"model": MODEL, "messages": HALO, "max_tokens": 4} | fields).encode()


def test_an_answer_is_given_marked_and_on_record_with_the_usage_the_client_saw(gateway):
    reply = gateway.client().chat.completions.with_raw_response.create(model=MODEL, messages=HALO, max_tokens=12)
    answer = reply.parse()
    assert is_answer_id(answer.id)
    assert reply.headers["x-daulat-answer"] == answer.id
    assert reply.headers["x-daulat-ai-generated"] == "true"
    assert answer.model == MODEL
    kept = gateway.usage.get(answer.id)
    assert kept is not None
    assert (kept.prompt_tokens, kept.completion_tokens) == (answer.usage.prompt_tokens, answer.usage.completion_tokens)
    assert kept.completion_tokens == 12
    assert (kept.tenant, kept.release, kept.place, kept.country, kept.finish) == (
        "health",
        "rel-1",
        "test-room",
        "id",
        "length",
    )


def test_the_digests_on_record_are_of_what_was_asked_and_what_was_said(gateway):
    asked = body(seed=5)
    _, headers, said = raw(gateway, asked)
    kept = gateway.usage.get(headers["x-daulat-answer"])
    text = json.loads(said)["choices"][0]["message"]["content"]
    canonical = json.dumps(json.loads(asked), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert kept.request == commitment(COMMITMENT_KEY, canonical.encode())
    assert kept.response == commitment(COMMITMENT_KEY, text.encode())


def test_a_streamed_answer_has_the_text_usage_and_record_of_a_whole_one(gateway):
    client = gateway.client()
    fields = {"model": MODEL, "messages": HALO, "max_tokens": 30, "seed": 11}
    whole = client.chat.completions.create(**fields)
    events = list(client.chat.completions.create(**fields, stream=True, stream_options={"include_usage": True}))
    text = "".join(event.choices[0].delta.content or "" for event in events if event.choices)
    assert text == whole.choices[0].message.content
    assert {event.id for event in events} == {events[0].id}
    assert events[-1].usage == whole.usage
    assert [event.choices[0].finish_reason for event in events if event.choices][-1] == "length"
    kept = gateway.usage.get(events[0].id)
    assert kept.completion_tokens == 30
    assert kept.response == gateway.usage.get(whole.id).response == commitment(COMMITMENT_KEY, text.encode())


def test_usage_is_not_streamed_to_a_client_that_did_not_ask(gateway):
    events = list(gateway.client().chat.completions.create(model=MODEL, messages=HALO, max_tokens=3, stream=True))
    assert all(event.usage is None for event in events)
    assert all(event.choices for event in events)


def test_plain_completions_work_whole_and_streamed(gateway):
    client = gateway.client()
    fields = {"model": MODEL, "prompt": "Padi", "max_tokens": 8, "seed": 3}
    whole = client.completions.create(**fields)
    streamed = list(client.completions.create(**fields, stream=True, stream_options={"include_usage": True}))
    assert "".join(event.choices[0].text for event in streamed if event.choices) == whole.choices[0].text
    assert streamed[-1].usage.completion_tokens == whole.usage.completion_tokens == 8
    assert gateway.usage.get(streamed[0].id).completion_tokens == 8


def test_a_seed_repeats_the_answer_and_another_one_changes_it(gateway):
    def say(seed: int) -> str:
        fields = {"model": MODEL, "messages": HALO, "max_tokens": 40, "temperature": 1.5}
        return gateway.client().chat.completions.create(**fields, seed=seed).choices[0].message.content

    assert say(1) == say(1)
    assert len({say(seed) for seed in range(1, 5)}) > 1


def test_a_stop_word_ends_the_answer_before_it(gateway):
    fields = {"model": MODEL, "messages": HALO, "max_tokens": 40, "seed": 2}
    client = gateway.client()
    text = client.chat.completions.create(**fields).choices[0].message.content
    stopped = client.chat.completions.create(**fields, stop=text[5:7])
    assert stopped.choices[0].finish_reason == "stop"
    assert stopped.choices[0].message.content == text[: text.index(text[5:7])]
    assert gateway.usage.get(stopped.id).finish == "stop"


def test_log_probabilities_and_a_json_schema_reach_the_engine(gateway):
    client = gateway.client()
    scored = client.chat.completions.create(model=MODEL, messages=HALO, max_tokens=3, logprobs=True, top_logprobs=2)
    assert len(scored.choices[0].logprobs.content) == 3
    schema = {"name": "x", "schema": {"type": "object", "properties": {"a": {"enum": [1]}}, "required": ["a"]}}
    form = {"type": "json_schema", "json_schema": schema}
    shaped = client.chat.completions.create(model=MODEL, messages=HALO, max_tokens=60, response_format=form)
    assert json.loads(shaped.choices[0].message.content)["a"] == 1


def test_the_models_list_names_the_release_and_no_path(gateway):
    models = gateway.client().models.list().data
    assert [model.id for model in models] == [MODEL]
    assert "/" not in models[0].id


@pytest.mark.parametrize("key", ["", "dlt_x_y_z", "sk-proj-1", "dlt_aaaaaaaa_" + "a" * 52 + "_aaaaaaa", "ключ"])
def test_a_wrong_key_is_401_with_a_hint(gateway, key):
    status, headers, said = raw(gateway, body(), headers={"authorization": f"Bearer {key}".encode()})
    assert status == 401
    assert headers["www-authenticate"] == "Bearer"
    error = json.loads(said)["error"]
    assert error["code"] == "invalid_api_key"
    assert error["hint"]


def test_the_openai_client_raises_its_own_errors_for_ours(gateway):
    with pytest.raises(openai.AuthenticationError):
        gateway.client("dlt_a_b_c").models.list()
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        gateway.client().chat.completions.create(model="gpt-9", messages=HALO)
    with pytest.raises(openai.BadRequestError, match="`tools`"):
        gateway.client().chat.completions.create(model=MODEL, messages=HALO, tools=[])


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"secret_option": 1}, "secret_option"),
        ({"n": 2}, "n"),
        ({"temperature": 9}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 10**6}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": "x", "lora": 1}]}, "lora"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role"),
        ({"stop": "x" * 300}, "stop"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_a_field_that_is_not_allowed_is_400_and_named(gateway, fields, param):
    status, _, said = raw(gateway, body(**fields))
    error = json.loads(said)["error"]
    assert (status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert error["hint"]


@pytest.mark.parametrize(
    "sent",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a": 1' + b"0" * 5000 + b"}", b"[" * 50_000, b'{"model": "\\ud800"}',
     b'{"model":"daulat-tiny","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema",'
     b'"json_schema":{"a":' + b'{"a":' * 9000 + b"1" + b"}" * 9000 + b"}}}"],
)  # fmt: skip
def test_malformed_json_is_400(gateway, sent):
    status, _, said = raw(gateway, sent)
    assert status == 400, said[:300]
    assert json.loads(said)["error"]["hint"]


def test_an_oversize_body_is_413_announced_or_not(gateway):
    status, _, said = raw(gateway, body(messages=[{"role": "user", "content": "x" * 200_000}]))
    assert (status, json.loads(said)["error"]["code"]) == (413, "body_too_large")
    connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=10)
    pieces = iter([b"x" * 60_000, b"x" * 60_000])
    headers = {"authorization": f"Bearer {gateway.key}"}
    connection.request("POST", "/v1/completions", pieces, headers, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_that_never_ends_is_408(gateway):
    address = urlsplit(gateway.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        head = f"POST /v1/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.key}\r\n"
        connection.sendall(f"{head}content-length: 9\r\n\r\n{{".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 408")


def test_unknown_paths_and_methods_are_refused_in_the_same_shape(gateway):
    for path, method, expected in (("/v1/nothing", "GET", 404), ("/v1/completions", "GET", 405), ("/", "GET", 404)):
        status, _, said = raw(gateway, b"", path, method)
        assert status == expected
        assert json.loads(said)["error"]["hint"]


def test_a_prompt_longer_than_the_context_is_400_not_500(gateway):
    status, _, said = raw(gateway, body(messages=[{"role": "user", "content": "a" * 9000}]))
    assert status == 400
    assert "context" in json.loads(said)["error"]["message"]


def test_a_client_that_leaves_mid_stream_is_billed_for_what_was_generated(gateway):
    address = urlsplit(gateway.url)
    sent = body(max_tokens=3900, stream=True)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.key}\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(f"{head}content-length: {len(sent)}\r\n\r\n".encode() + sent)
        seen = b""
        while seen.count(b"data: ") < 20:
            piece = connection.recv(4096)
            assert piece, seen
            seen += piece
        # An abrupt end (RST), as of a phone that lost its network.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    answer_id = seen.split(b"x-daulat-answer: ")[1][:30].decode()
    kept = gateway.wait_for_record(answer_id)
    assert kept.finish == "cancelled"
    assert 19 <= kept.completion_tokens < 3900
    assert kept.prompt_tokens > 0
    assert gateway.client().chat.completions.create(model=MODEL, messages=HALO, max_tokens=1).usage


def test_health_and_readiness_need_no_key_and_tell_nothing(gateway):
    for path in ("/healthz", "/readyz"):
        status, _, said = raw(gateway, b"", path, "GET", {"authorization": ""})
        assert status == 200
        assert set(json.loads(said)) == {"status"}


def test_a_withdrawn_release_is_not_served_any_more_within_two_seconds(own_gateway):
    own_gateway.start()
    assert raw(own_gateway, body())[0] == 200
    (own_gateway.folder / "withdrawn-rel-1").touch()
    time.sleep(1.1)
    status, _, said = raw(own_gateway, body())
    assert (status, json.loads(said)["error"]["code"]) == (503, "release_withdrawn")
    assert raw(own_gateway, b"", "/readyz", "GET")[0] == 503


def test_the_cli_client_gets_text_piece_by_piece_and_the_gateways_hints(gateway):
    pieces: list[str] = []
    reply = ask(gateway.url, gateway.key, HALO, max_tokens=20, on_text=pieces.append, seed=4)
    assert len(pieces) > 5
    assert "".join(pieces) == reply.text
    assert gateway.usage.get(reply.answer_id).completion_tokens == reply.completion_tokens == 20
    with pytest.raises(DaulatError, match="401"):
        ask(gateway.url, "wrong", HALO)
    with pytest.raises(DaulatError, match="cannot be asked"):
        ask("http://127.0.0.1:9", gateway.key, HALO)
    with pytest.raises(DaulatError, match="no gateway's address"):
        ask("127.0.0.1", gateway.key, HALO)


def test_the_pepper_of_the_tests_is_not_in_the_tenants_file(gateway):
    assert PEPPER not in (gateway.folder / "tenants.json").read_bytes()
    assert gateway.key.split("_")[2].encode() not in (gateway.folder / "tenants.json").read_bytes()
