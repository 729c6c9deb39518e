"""The requests that `Tests/Fixtures/Requests` holds.

Drover says them too (`Tests/RuntimeTests/RequestFixtureTests.swift`).

A case is a definition and turns; each turn's exchanges are what a server must be asked, in order, with what it answers,
and then what the agent answers. `only` and `reason` say which side cannot do a case, and why.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import FIXTURES, JSON, Describe, Load, agent, recorded

CASES = sorted((FIXTURES / "Requests").glob("*.json"))


class ScriptedServer(ThreadingHTTPServer):
    """Answers one request after the other from a list, and remembers what it was asked."""

    def __init__(self, version: str, exchanges: list[JSON]) -> None:
        super().__init__(("127.0.0.1", 0), ScriptedHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.version = version
        self.left = list(exchanges)
        self.asked: list[JSON] = []


class ScriptedHandler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def answer(self) -> None:
        if self.path == "/v1/version":
            self.send(200, "application/json", json.dumps({"version": self.server.version}).encode())
            return
        length = int(self.headers["Content-Length"] or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append({"method": self.command, "path": self.path, "body": body, "headers": headers})
        if not self.server.left:
            self.send(500, "application/json", b'{"detail": "nothing more was expected"}')
            return
        exchange = self.server.left.pop(0)
        if "stream" in exchange:
            self.send(200, "text/event-stream", b"".join(frames(exchange["stream"])))
        else:
            data = json.dumps(exchange["json"]).encode() if "json" in exchange else b""
            self.send(exchange.get("status", 200), "application/json", data)

    do_GET = do_POST = do_DELETE = answer

    def send(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def frames(stream: str | list[JSON]) -> list[bytes]:
    """The frames of a recorded stream, or of one that stands in the case."""
    if isinstance(stream, str):
        return recorded(stream)
    return [f"data: {json.dumps(event)}\n\n".encode() for event in stream]


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> JSON:
    case = json.loads(request.param.read_text(encoding="utf-8"))
    if case.get("only", "python") != "python":
        pytest.skip(case["reason"])
    return case


@pytest.fixture
def server(case: JSON, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    server = ScriptedServer(case["server"], [each for turn in case["turns"] for each in turn["exchanges"]])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("LLAMASTACK_BASE_URL", server.url)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_is_said_and_read_as_drover_does(case: JSON, server: ScriptedServer, describe: Describe, load: Load) -> None:
    describe(case["definition"])
    for turn in case["turns"]:
        # Each turn may reach another process, which knows nothing of the one before.
        check_turn(turn, load, case["definition"])
    expected = [each for turn in case["turns"] for each in turn["exchanges"]]
    assert [(each["method"], each["path"]) for each in server.asked] == [
        (each["method"], each["path"]) for each in expected]
    for asked, wanted in zip(server.asked, expected, strict=True):
        assert asked["body"] == wanted.get("body")
        for name, value in wanted.get("headers", {}).items():
            assert json.loads(asked["headers"][name]) == value


def check_turn(turn: JSON, load: Load, definition: JSON) -> None:
    sampling = turn.get("sampling", {})
    spelled = {"temperature": "temperature", "topP": "top_p", "maxTokens": "max_output_tokens"}
    request = {"input": turn["input"], **{spelled[name]: value for name, value in sampling.items()}}
    if "failure" in turn:
        with pytest.raises(Exception) as raised:
            agent(load).predict(request)
        assert turn["failure"] in str(raised.value)
        return
    response = agent(load).predict(request).model_dump(exclude_none=True)
    told = answer(response, definition)
    assert {key: value for key, value in told.items() if key in turn["answer"]} == turn["answer"]


def answer(response: JSON, definition: JSON) -> JSON:
    """What a response says, in the words of the cases."""
    parts = [part for item in response["output"] if item["type"] == "message" for part in item["content"]]
    usage = response.get("usage") or {}
    notes = [note for part in parts for note in part.get("annotations", [])]
    return {
        "status": response["status"],
        "text": "\n".join(part.get("text") or part.get("refusal") or "" for part in parts),
        "usage": {"input": usage.get("input_tokens"), "output": usage.get("output_tokens")},
        "cited": [note["filename"] for note in notes if note["type"] == "file_citation"],
        **calls(response["output"], definition),
    }


def calls(items: list[JSON], definition: JSON) -> JSON:
    """The calls that were carried out, and those that are the caller's."""
    outputs = {item["call_id"]: item["output"] for item in items if item["type"] == "function_call_output"}
    searches = [tool["name"] for tool in definition["tools"] if "fileSearch" in tool]
    told, pending = [], []
    for item in items:
        if item["type"] == "file_search_call":
            told.append({"name": searches[0], "output": "\n\n".join(each["text"] for each in item["results"])})
        elif item["type"] == "function_call":
            call: dict[str, Any] = {"name": item["name"], "arguments": json.loads(item["arguments"])}
            if item["call_id"] in outputs:
                told.append({**call, "output": outputs[item["call_id"]]})
            else:
                pending.append(call)
    return {"calls": told, "pending": pending}


def test_a_case_that_one_side_cannot_do_says_why() -> None:
    cases = [json.loads(Path(path).read_text(encoding="utf-8")) for path in CASES]
    assert len(cases) > 40
    assert all(case.get("reason") for case in cases if "only" in case)
