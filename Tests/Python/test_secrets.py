"""What was sent as a secret, and servers that repeat it: nothing of it is in an answer, an error or a trace."""

import base64
import json
import os
from typing import Any
from urllib.parse import quote

import pytest
from conftest import JSON, QUESTION, Describe, Load, StubLlamaStack, Traces, agent
from test_agent import completed, text

KEY, TOKEN, HEADER = "planted-key/4711", 'planted"token-4712', "planted-header-4713"


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, definition: JSON, describe: Describe) -> None:
    monkeypatch.setenv("LLAMASTACK_API_KEY", KEY)
    monkeypatch.setenv("TICKETS_TOKEN", TOKEN)
    monkeypatch.setenv("TICKETS_HEADER", HEADER)
    mcp = definition["tools"][1]["mcp"]
    mcp["secretHeaders"] = {"X-Plant": "TICKETS_HEADER"}
    describe(definition)


def spellings() -> str:
    """Everything, in the ways in which a server may spell it."""
    whole = f"Authorization: Bearer {KEY}\n{TOKEN} {HEADER}"
    return "\n".join([
        whole, json.dumps(whole), quote(whole, safe=""), whole.encode().hex(), base64.b64encode(whole.encode()).decode(),
    ])


def leaks(told: str) -> list[str]:
    found = []
    for secret in (KEY, TOKEN, HEADER):
        data = secret.encode()
        cores = [base64.b64encode(bytes(offset) + data).decode()[4 * (offset > 0):][:12] for offset in range(3)]
        ways = [secret, json.dumps(secret)[1:-1], quote(secret, safe=""), data.hex(), *cores]
        found += [way for way in ways if way in told]
    return found


def in_pieces(said: str) -> list[JSON]:
    events = completed(said)
    pieces = [said[at:at + 5] for at in range(0, len(said), 5)]
    deltas = [{"type": "response.output_text.delta", "item_id": "msg_1", "delta": piece} for piece in pieces]
    call = {
        "type": "mcp_call", "id": "m1", "name": "look", "server_label": "tickets", "arguments": json.dumps({"q": said}),
        "output": said, "error": None,
    }
    return [events[0], {"type": "response.output_item.done", "item": call}, *deltas, *events[3:]]


def test_is_sent(planted: None, load: Load, llama: StubLlamaStack) -> None:
    llama.plays(completed())
    agent(load).predict(QUESTION)
    tool = llama.bodies[0]["tools"][1]
    assert (tool["authorization"], tool["headers"]) == (TOKEN, {"X-Team": "support", "X-Plant": HEADER})
    assert llama.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("way", ["predict", "predict_stream"])
def test_answers_and_traces(
    planted: None, load: Load, llama: StubLlamaStack, traces: Traces, way: str
) -> None:
    llama.plays(in_pieces(spellings()))
    answer = getattr(agent(load), way)(QUESTION)
    events = [answer] if way == "predict" else list(answer)
    told = "\n".join(event.model_dump_json() for event in events)
    assert leaks(told) == []
    assert leaks(traces.trace().to_json()) == []
    if way == "predict_stream":
        spoken = "".join(getattr(event, "delta", None) or "" for event in events)
        assert leaks(spoken) == [] and "[secret]" in spoken


@pytest.mark.parametrize("events", [
    [{"type": "error", "message": spellings()}],
    [{"type": "response.failed", "response": {"id": "r", "error": {"message": spellings()}}}],
])
def test_failures_in_a_stream(
    planted: None, load: Load, llama: StubLlamaStack, traces: Traces, events: list[JSON]
) -> None:
    llama.plays(events)
    with pytest.raises(Exception) as thrown:
        agent(load).predict(QUESTION)
    assert leaks(str(thrown.value)) == [] and "[secret]" in str(thrown.value)
    assert leaks(traces.trace().to_json()) == []


def test_refusals(planted: None, load: Load, llama: StubLlamaStack, traces: Traces) -> None:
    llama.status = 400
    llama.answer = [json.dumps({"error": {"message": spellings()}}).encode()]
    with pytest.raises(Exception) as thrown:
        agent(load).predict(QUESTION)
    assert leaks(str(thrown.value)) == []
    assert leaks(traces.trace().to_json()) == []


def test_a_short_one_withholds_the_message(
    planted: None, load: Load, llama: StubLlamaStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETS_HEADER", "q7x")
    llama.status = 400
    llama.answer = [json.dumps({"error": {"message": "The header q7x is wrong"}}).encode()]
    with pytest.raises(Exception, match="withheld") as thrown:
        agent(load).predict(QUESTION)
    assert "q7x" not in str(thrown.value)


def test_an_optional_one_that_is_not_set_is_not_sent(
    planted: None, load: Load, llama: StubLlamaStack, definition: JSON, describe: Describe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TICKETS_TOKEN", "TICKETS_HEADER"):
        monkeypatch.delenv(name)
    llama.plays(completed())
    with pytest.raises(Exception, match="TICKETS_"):
        agent(load).predict(QUESTION)
    definition["tools"][1]["mcp"]["optionalEnvironment"] = ["TICKETS_TOKEN", "TICKETS_HEADER"]
    describe(definition)
    answer = agent(load).predict(QUESTION)
    tool = llama.bodies[0]["tools"][1]
    assert text(answer) == "Hello." and "authorization" not in tool and tool["headers"] == {"X-Team": "support"}


class TestCitations:
    """Llama Stack 0.4 to OGX 1.4 stream the marks by which the model cites, and take them out of the answer."""

    @staticmethod
    def spoken(load: Load, llama: StubLlamaStack, pieces: list[str], said: str) -> Any:
        events = completed(said)
        deltas = [{"type": "response.output_text.delta", "item_id": "msg_1", "delta": piece} for piece in pieces]
        llama.plays([events[0], *deltas, *events[3:]])
        told = list(agent(load).predict_stream(QUESTION))
        return "".join(getattr(event, "delta", None) or "" for event in told)

    @pytest.mark.parametrize("pieces", [
        ["It is 30 days <|file-12ab|>."], ["It is 30 days", " ", "<", "|", "fi", "le-12", "ab", "|", ">."],
        ["It is 30 days <|file-12ab|><|file-", "3_-c|>."],
    ])
    def test_are_not_streamed(self, load: Load, llama: StubLlamaStack, pieces: list[str]) -> None:
        assert self.spoken(load, llama, pieces, "It is 30 days.") == "It is 30 days."

    @pytest.mark.parametrize("pieces", [["a < b ", "and <|", "x|> ", "<|file-"], [" ", "  x", " "], ["<<|", "file-|>"]])
    def test_what_only_looks_like_one_is(self, load: Load, llama: StubLlamaStack, pieces: list[str]) -> None:
        assert self.spoken(load, llama, pieces, "".join(pieces)) == "".join(pieces)


def test_the_variables_are_no_part_of_the_folder(planted: None, folder: Any) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            assert leaks(path.read_text(errors="replace")) == []
    assert os.environ["TICKETS_TOKEN"] == TOKEN
