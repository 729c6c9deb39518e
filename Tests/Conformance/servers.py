"""The three servers, each with the same agent before the same upstream: `mlflow models serve` and MLflow's AgentServer with what
drover logs, and `drover serve` with what it declares."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent.parent / "Sources" / "Kinds" / "AgentVersion" / "ModelFolder"
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}
DEFINITION = {
    "name": "support", "model": "scripted/llm", "instructions": "Be brief.", "maxSteps": 8, "runtime": "responses",
    "tools": [
        {"name": "weather", "function": {"description": "Weather of a city", "parameters": WEATHER}},
        {"name": "tickets", "mcp": {"url": "http://127.0.0.1:9/mcp"}},
    ],
}
# JSON is YAML.
SPEC = {
    "drover": "v1", "stack": "conformance",
    "tools": {tool["name"]: {kind: tool[kind] for kind in ("function", "mcp") if kind in tool} for tool in DEFINITION["tools"]},
    "agents": {"support": {
        "model": "scripted/llm", "instructions": "Be brief.", "tools": ["weather", "tickets"], "runtime": "responses",
        "log": False,
    }},
}
AGENT_SERVER = '''
import os

import mlflow
from mlflow.genai.agent_server import AgentServer, invoke, stream

mlflow.tracing.disable()
agent = mlflow.pyfunc.load_model(os.environ["CONFORMANCE_MODEL"]).get_raw_model()


@invoke()
def answer(request):
    return agent.predict(request)


@stream()
def pieces(request):
    yield from agent.predict_stream(request)


app = AgentServer("ResponsesAgent").app
'''
SECONDS_TO_START = 120


class NotStarted(Exception):
    """A server that does not answer; the message holds the end of its log."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def running(command: list[str], folder: Path, **environment: str) -> Iterator[subprocess.Popen]:
    """Runs a program in a process group of its own, ended with it."""
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True)
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen) -> None:
    """Ends a group, also those of it that outlive their leader."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            process.poll()  # Else it would be counted on as a zombie.
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                return
            time.sleep(0.1)


def wait(process: subprocess.Popen, folder: Path, url: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise NotStarted(f"Nothing answers at {url}:\n{(folder / 'log').read_text()[-3000:]}")


def write_model(folder: Path, upstream: str) -> Path:
    """A model folder as drover logs it."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    described = (folder / "MLmodel").read_text()
    for name, value in {"@MODEL_ID@": "m-1", "@RUN_ID@": "r-1", "@CREATED@": "2026-01-01 00:00:00.000000"}.items():
        described = described.replace(name, value)
    (folder / "MLmodel").write_text(described)
    (folder / "definition.json").write_text(json.dumps(DEFINITION))
    (folder / "llamastack.json").write_text(json.dumps({"baseUrl": upstream}))
    return folder


@contextmanager
def all_three(drover: str, folder: Path) -> Iterator[dict[str, str]]:
    """The URLs of `models serve`, `AgentServer` and `drover serve`, started side by side."""
    folders = {name: folder / name for name in ("upstream", "serve", "agent-server", "drover")}
    for each in folders.values():
        each.mkdir()
    ports = {name: free_port() for name in folders}
    upstream = f"http://127.0.0.1:{ports['upstream']}"
    model = write_model(folder / "model", upstream)
    (folders["agent-server"] / "served.py").write_text(AGENT_SERVER)
    (folders["drover"] / "drover.yaml").write_text(json.dumps(SPEC))
    python = [sys.executable, "-m"]
    path = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", "")
    mlflow = {"PATH": path, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "CONFORMANCE_MODEL": str(model)}
    commands = {
        "upstream": [sys.executable, str(HERE / "upstream.py"), "--port", str(ports["upstream"])],
        "serve": [
            *python, "mlflow", "models", "serve", "-m", str(model), "--env-manager", "local", "-p", str(ports["serve"])],
        "agent-server": [
            *python, "uvicorn", "served:app", "--log-level", "warning", "--port", str(ports["agent-server"])],
        "drover": [
            os.path.abspath(drover), "serve", "support", "--spec", ".", "--port", str(ports["drover"]), "--no-trace",
            "--llamastack-url", upstream],
    }
    with (
        running(commands["upstream"], folders["upstream"]) as stub,
        running(commands["serve"], folders["serve"], **mlflow, MLFLOW_ENABLE_TRACING_DISABLED="1") as serve,
        running(commands["agent-server"], folders["agent-server"], **mlflow) as agent_server,
    ):
        wait(stub, folders["upstream"], upstream)
        with running(commands["drover"], folders["drover"]) as own:
            urls = {name: f"http://127.0.0.1:{ports[name]}" for name in ("serve", "agent-server", "drover")}
            wait(own, folders["drover"], f"{urls['drover']}/ready")
            wait(agent_server, folders["agent-server"], f"{urls['agent-server']}/health")
            wait(serve, folders["serve"], f"{urls['serve']}/ping")
            yield {"models serve": urls["serve"], "AgentServer": urls["agent-server"], "drover": urls["drover"]}
