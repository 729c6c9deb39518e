"""A stand-in for Llama Stack, and the model folder that an agent is loaded from."""

import importlib.util
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import mlflow
import pytest

JSON = dict[str, Any]

TESTS = Path(__file__).parent.parent
FOLDER = TESTS.parent / "Sources" / "Kinds" / "AgentVersion" / "ModelFolder"
FIXTURES = TESTS / "Fixtures"

BLOCKED = "I can't answer that."
QUESTION = {"input": [{"role": "user", "content": "What is the refund window?"}]}
WEATHER = {"name": "weather", "function": {
    "description": "Current weather of a city",
    "parameters": {
        "type": "object", "properties": {"city": {"type": "string", "description": "a city"}}, "required": ["city"],
    },
}}


class StubLlamaStack(ThreadingHTTPServer):
    """Plays streams of events, one a question, the last one again and again; keeps server agents and sessions.

    It remembers the questions that were answered with a stream (`paths`, `bodies`, `headers`), and all other requests
    (`calls`).
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.version = "1.5.0"
        self.bodies: list[JSON] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.calls: list[str] = []
        self.agents: dict[str, JSON] = {}
        self.sessions: set[str] = set()
        # What its shield looked at, and the word that it forbids.
        self.looked_at: list[str] = []
        self.forbidden = "bomb"
        self.status = 200
        # Where answers redirect to, if their status says so.
        self.location: str | None = None
        self.answers: list[list[bytes]] = [[]]
        # Waited for before the last frame is sent: an open gate lets everything pass.
        self.gate = threading.Event()
        self.gate.set()
        # When set, the last frame is never sent; `abandoned` tells when the client hung up.
        self.keeps_waiting = False
        self.abandoned = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go away: the tests say when they may not."""

    @property
    def answer(self) -> list[bytes]:
        """The frames of the next answer."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @answer.setter
    def answer(self, frames: list[bytes]) -> None:
        self.answers = [frames]

    def plays(self, *turns: list[JSON]) -> None:
        """Plays each turn's events, one turn a question."""
        self.answers = [[f"data: {json.dumps(event)}\n\n".encode() for event in events] for events in turns]

    def plays_recorded(self, *names: str) -> list[list[JSON]]:
        """Plays what servers once streamed (`OGX/…`, `LlamaStack/…`), and returns the events of each."""
        self.answers = [recorded(name) for name in names]
        return [[json.loads(frame[frame.index(b"data:") + 5:]) for frame in frames] for frames in self.answers]

    def call(self, method: str, path: str, body: JSON) -> tuple[int, Any]:
        """Answers what is no question, as Llama Stack 0.2 and 0.3 do."""
        parts = urlsplit(path).path.split("/agents")
        if path == "/v1/version":
            return 200, {"version": self.version}
        if (method, path) == ("POST", "/v1/safety/run-shield"):
            return self.look(body)
        if len(parts) != 2 or parts[0] != {"0.2": "/v1", "0.3": "/v1alpha"}.get(self.version[:3]):
            return 404, {"detail": "Not Found"}
        match [method, *parts[1].strip("/").split("/")]:
            case ["GET", ""]:
                query = {name: int(value) for name, value in parse_qsl(urlsplit(path).query)}
                rows = [{"agent_id": key, "agent_config": value} for key, value in sorted(self.agents.items())]
                page = rows[query["start_index"]:][:query["limit"]]
                return 200, {"data": page, "has_more": query["start_index"] + len(page) < len(rows)}
            case ["POST", ""]:
                self.agents[f"agent-{len(self.agents) + 1}"] = body["agent_config"]
                return 200, {"agent_id": f"agent-{len(self.agents)}"}
            case ["POST", agent, "session"] if agent in self.agents:
                self.sessions.add(f"session-{len(self.calls)}")
                return 200, {"session_id": f"session-{len(self.calls)}"}
            case ["DELETE", _, "session", session]:
                self.sessions.discard(session)
                return 204, None
        return 400, {"detail": f"Invalid value: Could not find agent info for {parts[1]}"}

    def look(self, body: JSON) -> tuple[int, Any]:
        """What the shield `guard` says, as a Llama Guard of Llama Stack 0.3 to 0.7 does."""
        if body["shield_id"] != "guard":
            return 404, {"error": {"message": f"Shield '{body['shield_id']}' not found"}}
        [message] = body["messages"]
        self.looked_at.append(message["content"])
        violation = {"violation_level": "error", "user_message": BLOCKED, "metadata": {"violation_type": "S9"}}
        return 200, {"violation": violation if self.forbidden in message["content"] else None}


def recorded(name: str) -> list[bytes]:
    frames = (FIXTURES / name).read_bytes().split(b"\n\n")
    return [frame + b"\n\n" for frame in frames if b"data:" in frame]


class Handler(BaseHTTPRequestHandler):
    server: StubLlamaStack
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer_call()

    def do_DELETE(self) -> None:
        self.answer_call()

    def do_POST(self) -> None:
        stub = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not body.get("stream"):
            self.answer_call(body)
            return
        stub.paths.append(self.path)
        stub.headers.append({name.lower(): value for name, value in self.headers.items()})
        stub.bodies.append(body)
        frames = stub.answer
        self.send_response(stub.status)
        self.send_header("Content-Type", "text/event-stream" if stub.status == 200 else "application/json")
        if stub.location:
            self.send_header("Location", stub.location)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self.send_answer(stub, frames)
        except ConnectionError:  # Hung up before all was sent: it depends on who is quicker.
            stub.abandoned.set()
            self.close_connection = True

    def answer_call(self, body: JSON | None = None) -> None:
        self.server.calls.append(f"{self.command} {self.path}")
        status, answer = self.server.call(self.command, self.path, body or {})
        data = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def send_answer(self, stub: StubLlamaStack, frames: list[bytes]) -> None:
        for number, frame in enumerate(frames, 1):
            if number == len(frames):
                stub.gate.wait(10)
                if stub.keeps_waiting:
                    self.wait_for_hangup()
                    return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(frame), frame))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def wait_for_hangup(self) -> None:
        self.connection.settimeout(10)
        try:
            gone = self.connection.recv(1) == b""
        except ConnectionError:
            gone = True
        if gone:
            self.server.abandoned.set()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def llama() -> Iterator[StubLlamaStack]:
    stub = StubLlamaStack()
    thread = threading.Thread(target=stub.serve_forever, args=(0.01,))
    thread.start()
    yield stub
    stub.gate.set()
    stub.shutdown()
    thread.join()
    stub.server_close()


@pytest.fixture
def definition() -> JSON:
    return {
        "name": "support",
        "model": "scripted/llm",
        "instructions": "You answer from the handbook.",
        "maxSteps": 8,
        "tools": [
            {"name": "knowledge", "fileSearch": {"vectorStores": ["vs_1"], "maxResults": 5, "minScore": 0.5}},
            {"name": "tickets", "mcp": {
                "url": "http://127.0.0.1:9000/mcp", "tokenEnvironment": "TICKETS_TOKEN", "allow": ["ticket_create"],
                "headers": {"X-Team": "support"},
            }},
        ],
        "sampling": {"temperature": 0.2, "topP": 0.9, "maxTokens": 512},
    }


@pytest.fixture
def folder(tmp_path: Path, definition: JSON, llama: StubLlamaStack) -> Path:
    """A model folder as Drover writes it."""
    shutil.copytree(FOLDER, tmp_path / "model", ignore=shutil.ignore_patterns("__pycache__"))
    described = tmp_path / "model" / "MLmodel"
    text = described.read_text()
    for name, value in {"@MODEL_ID@": "m-1", "@RUN_ID@": "r-1", "@CREATED@": "2026-01-01 00:00:00.000000"}.items():
        text = text.replace(name, value)
    described.write_text(text)
    (tmp_path / "model" / "definition.json").write_text(json.dumps(definition))
    (tmp_path / "model" / "llamastack.json").write_text(json.dumps({"baseUrl": llama.url}))
    return tmp_path / "model"


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An MLflow without a server."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable of the caller reaches the agent, and nothing is traced unless a test asks for it."""
    for name in ("BASE_URL", "API_KEY", "MODEL", "AGENT_ID", "CA_FILE", "CLIENT_CERT", "CLIENT_KEY", "INSECURE"):
        monkeypatch.delenv(f"LLAMASTACK_{name}", raising=False)
    monkeypatch.setenv("TICKETS_TOKEN", "s3cret")
    mlflow.tracing.disable()
    yield
    mlflow.tracing.disable()


Load = Callable[[], ModuleType]


@pytest.fixture
def load(folder: Path) -> Load:
    """Runs the folder's `agent.py`, in the environment as it then is."""

    def loaded() -> ModuleType:
        spec = importlib.util.spec_from_file_location("logged_agent", folder / "agent.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return loaded


def agent(load: Load) -> Any:
    """The agent of the folder."""
    load()
    return mlflow.models.model.__mlflow_model__


Describe = Callable[[JSON], None]


@pytest.fixture
def describe(folder: Path) -> Describe:
    """Puts another definition into the folder."""
    return lambda definition: (folder / "definition.json").write_text(json.dumps(definition)) and None


class Traces:
    """An experiment of MLflow without a server."""

    def trace(self) -> Any:
        """The only one."""
        mlflow.flush_trace_async_logging()
        [trace] = mlflow.search_traces(return_type="list")
        return trace


@pytest.fixture
def traces(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Traces:
    """Traces this test."""
    mlflow.set_tracking_uri(database)
    mlflow.create_experiment(request.node.nodeid, artifact_location=tmp_path.as_uri())
    mlflow.set_experiment(request.node.nodeid)
    mlflow.tracing.enable()
    return Traces()


def plain_name(span: Any) -> str:
    """The name that a span was given: MLflow 3.5 numbers those that have the same."""
    return re.sub(r"_\d+$", "", span.name)
