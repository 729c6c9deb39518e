"""Checks a logged agent as MLflow's own users use it: load, predict, stream, serve.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python check_logged_agent.py models:/helpdesk-support/1 \
        --ask "What is the refund window?" --expect "30 days" --tool file_search --way load --way serve

Ways: `load` (into this process: predict and predict_stream), `serve` (`mlflow models serve`), `agent-server` (MLflow's
AgentServer, 3.6 and later, which wants httpx), `plain` (load in an environment that is built from the version's own
requirements; there, with httpx, agent-server too), `old-client` (load and serve with MLflow 3.5.1). The first way's
answer is the one that the others must give, unless `--answer` says it.

It needs the MLflow server that holds the version and the Llama Stack that the agent talks to. Exit code 0 when the
agent answers alike in every way, else 1 and the reason.
"""

import argparse
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

JSON = dict[str, Any]
SERVING_SECONDS = 120
# What the newest of these no longer have, it still uses.
OLD_CLIENT = ["mlflow==3.5.1", "sqlalchemy<2.1", "fastapi<0.120"]
AGENT_SERVER = '''
import os

import mlflow
from mlflow.genai.agent_server import AgentServer, invoke, stream

agent = mlflow.pyfunc.load_model(os.environ["CHECKED_MODEL"]).get_raw_model()


@invoke()
def answer(request):
    return agent.predict(request)


@stream()
def pieces(request):
    yield from agent.predict_stream(request)


app = AgentServer("ResponsesAgent").app
'''


class Failed(Exception):
    """A check that did not hold; the message says which."""


def check(holds: object, message: str) -> None:
    if not holds:
        raise Failed(message)


def text_of(response: JSON) -> str:
    """The text of all message items."""
    messages = [item for item in response["output"] if item["type"] == "message"]
    return "".join(part.get("text", "") for item in messages for part in item["content"])


def tools_of(response: JSON) -> set[str]:
    """The names of the tools that were called."""
    calls = {item["name"] for item in response["output"] if item["type"] == "function_call"}
    searches = {"file_search" for item in response["output"] if item["type"] == "file_search_call"}
    return calls | searches


def check_answer(response: JSON, options: argparse.Namespace, way: str) -> str:
    """Checks what one way of asking gave, and returns the text."""
    text = text_of(response)
    check(text, f"{way}: the answer has no text: {response}")
    check(response.get("status") == "completed", f"{way}: the status is {response.get('status')!r}")
    usage = response.get("usage") or {}
    check(options.no_usage or usage.get("total_tokens", 0) > 0, f"{way}: the answer has no token usage: {usage}")
    for expected in options.expect:
        check(expected in text, f"{way}: `{expected}` is not in the answer `{text}`")
    for tool in options.tool:
        check(tool in tools_of(response), f"{way}: `{tool}` was not called, only {sorted(tools_of(response))}")
    if options.answer is not None:
        check(text.strip() == options.answer.strip(), f"{way}: the answer is `{text}`, not `{options.answer}`")
    return text


def check_events(events: list[JSON], options: argparse.Namespace, way: str) -> str:
    """Checks a streamed answer, and returns the text."""
    streamed = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    check(events and events[-1]["type"] == "response.completed", f"{way}: the last event is not the completion")
    whole = check_answer(events[-1]["response"], options, way)
    check(streamed == whole, f"{way}: the pieces `{streamed}` are not the answer `{whole}`")
    return whole


def question(options: argparse.Namespace) -> JSON:
    context = {"conversation_id": "checked-conversation", "user_id": "checked-user"}
    return {"input": [{"role": "user", "content": options.ask}], "context": context}


class Complaints(logging.Handler):
    """Keeps what MLflow warns of, but for the type hints of its own, which 3.5.1 complains of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "mlflow.types.type_hints":
            self.texts.append(record.getMessage())


def check_loaded(options: argparse.Namespace) -> str:
    """Loads the version into this process and asks it, at once and streamed."""
    import mlflow

    complaints = Complaints()
    logging.getLogger("mlflow").addHandler(complaints)
    model = mlflow.pyfunc.load_model(options.model)
    check(not complaints.texts, f"load_model warned: {complaints.texts}")

    try:
        text = check_answer(model.predict(question(options)), options, "predict")
        events = list(model.predict_stream(question(options)))
    finally:
        mlflow.flush_trace_async_logging()  # At the end of the process it would be too late.
    check_events(events, options, "predict_stream")
    pieces = sum(event["type"] == "response.output_text.delta" for event in events)
    print(f"MLflow {mlflow.__version__}: predict and predict_stream ({pieces} pieces) answer `{text}`")
    return text


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def post(url: str, body: JSON) -> str:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.read().decode()
    except urllib.error.HTTPError as error:
        raise Failed(f"POST {url} was answered with status {error.code}: {error.read().decode()[:2000]}") from error


@contextmanager
def serving(command: list[str], alive: str, **environment: str) -> Iterator[str]:
    """Runs a server whose command ends with the port, and yields its URL."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    # MLflow starts `uvicorn` by its name: the one of its own environment.
    path = os.path.dirname(command[0]) + os.pathsep + os.environ.get("PATH", "")
    with tempfile.NamedTemporaryFile("w", suffix=".log", delete=False) as log:
        server = subprocess.Popen(
            [*command, str(port)], env={**os.environ, "PATH": path, **environment}, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )
    try:
        wait_until_serving(server, base + alive, log.name)
        yield base
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)
        os.unlink(log.name)


def wait_until_serving(server: subprocess.Popen, alive: str, log: str) -> None:
    deadline = time.monotonic() + SERVING_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(alive, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    with open(log, encoding="utf-8") as text:
        raise Failed(f"Nothing answers at {alive}:\n{text.read()[-3000:]}")


def check_served(options: argparse.Namespace) -> str:
    """Serves the version with `mlflow models serve` and asks it over HTTP."""
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", options.model, "--env-manager", "local", "-p"]
    with serving(command, "/ping") as base:
        text = check_answer(json.loads(post(base + "/invocations", question(options))), options, "models serve")
        check_suites(base, options, "models serve")
    print(f"mlflow models serve: POST /invocations answers `{text}`")
    return text


def check_suites(base: str, options: argparse.Namespace, way: str) -> None:
    """Runs the suites of a spec against a served agent."""
    if not options.suites:
        return
    command = [options.drover, "test", options.suites, "--target", "served", "--url", base, "--no-publish"]
    ended = subprocess.run(command, capture_output=True, text=True)
    check(ended.returncode == 0, f"{way}: the suites do not pass: {ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    print(f"{way}: {ended.stdout.strip().splitlines()[-1]}")


def check_agent_server(options: argparse.Namespace) -> str:
    """Serves the version with MLflow's AgentServer, and asks it at once and streamed, under both of its names."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "checked_server.py").write_text(AGENT_SERVER, encoding="utf-8")
        command = [sys.executable, "-m", "uvicorn", "checked_server:app", "--app-dir", folder, "--port"]
        with serving(command, "/health", CHECKED_MODEL=options.model) as base:
            text = check_answer(json.loads(post(base + "/invocations", question(options))), options, "AgentServer")
            check_suites(base, options, "AgentServer")
            stream = post(base + "/responses", {**question(options), "stream": True})
    frames = [frame.removeprefix("data: ") for frame in stream.strip().split("\n\n")]
    check(frames[-1] == "[DONE]", f"AgentServer: the stream ends with `{frames[-1]}`")
    streamed = check_events([json.loads(frame) for frame in frames[:-1]], options, "AgentServer, streamed")
    check(streamed == text, f"AgentServer answers `{text}`, and `{streamed}` streamed")
    print(f"AgentServer: POST /invocations and /responses answer `{text}`")
    return text


def make_environment(folder: str, *packages: str) -> str:
    """An environment of this Python that has packages alone; returns its Python."""
    uv = find_uv()
    run([uv, "venv", "-q", "--python", sys.executable, folder] if uv else [sys.executable, "-m", "venv", folder])
    install(f"{folder}/bin/python", *packages)
    return f"{folder}/bin/python"


def install(python: str, *packages: str) -> None:
    uv = find_uv()
    run([uv, "pip", "install", "-q", "--python", python, *packages] if uv else [
        python, "-m", "pip", "install", "-q", *packages])


def find_uv() -> str | None:
    return shutil.which("uv", path=os.environ.get("PATH", "") + os.pathsep + os.path.expanduser("~/.local/bin"))


def run(command: list[str]) -> None:
    ended = subprocess.run(command, capture_output=True, text=True)
    check(ended.returncode == 0, f"`{' '.join(command)}` failed: {ended.stderr[-2000:]}")


def check_elsewhere(python: str, options: argparse.Namespace, *ways: str) -> None:
    """Checks with another Python."""
    command = [python, __file__, *options.arguments, *(word for way in ways for word in ("--way", way))]
    if options.answer is not None:
        command += ["--answer", options.answer]
    ended = subprocess.run(command, capture_output=True, text=True)
    check(ended.returncode == 0, f"{', '.join(ways)} with {python}: {ended.stderr[-3000:]}")
    print(ended.stdout, end="")


def check_plain(options: argparse.Namespace) -> None:
    """Checks in an environment that is built from the version's own requirements."""
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(f"{options.model}/requirements.txt", dst_path=folder)
        python = make_environment(f"{folder}/environment", "-r", path)
        check_elsewhere(python, options, "load")
        install(python, "httpx")
        check_elsewhere(python, options, "agent-server")


def check_old_client(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        python = make_environment(f"{folder}/environment", *OLD_CLIENT)
        check_elsewhere(python, options, "load", "serve")


WAYS: dict[str, Callable[[argparse.Namespace], str | None]] = {
    "load": check_loaded,
    "serve": check_served,
    "agent-server": check_agent_server,
    "plain": check_plain,
    "old-client": check_old_client,
}


def parsed(arguments: list[str]) -> argparse.Namespace:
    ways = argparse.ArgumentParser(add_help=False)
    ways.add_argument("--way", action="append", choices=WAYS, help="repeatable; all but agent-server when left out")
    ways.add_argument("--answer", help="the whole answer")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], parents=[ways])
    parser.add_argument("model", help="such as models:/helpdesk-support/1")
    parser.add_argument("--ask", required=True, help="the question")
    parser.add_argument("--expect", action="append", default=[], help="a text that the answer holds")
    tool = "a tool that is called; `file_search` for retrieval"
    parser.add_argument("--tool", action="append", default=[], help=tool)
    parser.add_argument("--no-usage", action="store_true", help="the server does not tell the tokens (before 0.3)")
    parser.add_argument("--suites", help="a spec whose suites also run against the served agent")
    parser.add_argument("--drover", default="drover", help="the program that runs them")
    options = parser.parse_args(arguments)
    options.arguments = ways.parse_known_args(arguments)[1]  # For other Pythons, which go their own ways.
    return options


def main() -> int:
    options = parsed(sys.argv[1:])
    try:
        check(os.environ.get("MLFLOW_TRACKING_URI"), "Set MLFLOW_TRACKING_URI to the server that holds the version.")
        for way in options.way or ["load", "serve", "plain", "old-client"]:
            answer = WAYS[way](options)
            options.answer = answer if options.answer is None else options.answer
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
