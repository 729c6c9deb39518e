"""A stand-in for Llama Stack, and the model folder that an agent is loaded from."""

import importlib.util
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow
import pytest

JSON = dict[str, Any]

TESTS = Path(__file__).parent.parent
FOLDER = TESTS.parent / "Sources" / "Kinds" / "AgentVersion" / "ModelFolder"
RECORDED = TESTS / "Fixtures" / "OGX"


class StubLlamaStack(ThreadingHTTPServer):
    """Answers every request with one stream of events (or one error), and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.bodies: list[JSON] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.status = 200
        self.answer: list[bytes] = []
        # Waited for before the last frame is sent: an open gate lets everything pass.
        self.gate = threading.Event()
        self.gate.set()
        # When set, the last frame is never sent; `abandoned` tells when the client hung up.
        self.keeps_waiting = False
        self.abandoned = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go away: the tests say when they may not."""

    def plays(self, *events: JSON) -> None:
        self.answer = [f"data: {json.dumps(event)}\n\n".encode() for event in events]

    def plays_recorded(self, name: str) -> list[JSON]:
        """Plays what OGX 1.5.0 once streamed, and returns its events."""
        frames = (RECORDED / name).read_bytes().split(b"\n\n")
        self.answer = [frame + b"\n\n" for frame in frames if b"data:" in frame]
        return [json.loads(frame[frame.index(b"data:") + 5:]) for frame in self.answer]


class Handler(BaseHTTPRequestHandler):
    server: StubLlamaStack
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        stub = self.server
        stub.paths.append(self.path)
        stub.headers.append({name.lower(): value for name, value in self.headers.items()})
        stub.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(stub.status)
        self.send_header("Content-Type", "text/event-stream" if stub.status == 200 else "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self.send_answer(stub)
        except ConnectionError:  # Hung up before all was sent: it depends on who is quicker.
            stub.abandoned.set()
            self.close_connection = True

    def send_answer(self, stub: StubLlamaStack) -> None:
        for number, frame in enumerate(stub.answer, 1):
            if number == len(stub.answer):
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
    shutil.copytree(FOLDER, tmp_path / "model")
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
    for name in ("BASE_URL", "API_KEY", "MODEL", "AGENT_ID"):
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
