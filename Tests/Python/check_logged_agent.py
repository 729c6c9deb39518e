"""Checks a logged agent as MLflow's own users use it: load, predict, stream, serve.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python check_logged_agent.py models:/helpdesk-support/1 \
        --ask "What is the refund window?" --expect "30 days" --tool file_search

It needs the MLflow server that holds the version and the Llama Stack that the agent talks to. Exit code 0 when the
agent answers alike in every way, else 1 and the reason.
"""

import argparse
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from typing import Any

JSON = dict[str, Any]
SERVING_SECONDS = 120


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
    check(usage.get("total_tokens", 0) > 0, f"{way}: the answer has no token usage: {usage}")
    for expected in options.expect:
        check(expected in text, f"{way}: `{expected}` is not in the answer `{text}`")
    for tool in options.tool:
        check(tool in tools_of(response), f"{way}: `{tool}` was not called, only {sorted(tools_of(response))}")
    return text


def question(options: argparse.Namespace) -> JSON:
    return {"input": [{"role": "user", "content": options.ask}]}


class Complaints(logging.Handler):
    """Keeps what MLflow warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
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
    streamed = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    check(events and events[-1]["type"] == "response.completed", "predict_stream: the last event is not the completion")
    whole = check_answer(events[-1]["response"], options, "predict_stream")
    check(streamed == whole, f"predict_stream: the pieces `{streamed}` are not the answer `{whole}`")
    pieces = sum(event["type"] == "response.output_text.delta" for event in events)
    print(f"load_model: predict and predict_stream ({pieces} pieces) answer `{text}`")
    return text


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def post(url: str, body: JSON) -> JSON:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise Failed(f"POST {url} was answered with status {error.code}: {error.read().decode()[:2000]}") from error


def wait_until_serving(server: subprocess.Popen, base: str, log: str) -> None:
    deadline = time.monotonic() + SERVING_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is None:
            try:
                with urllib.request.urlopen(base + "/ping", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
                continue
        break
    with open(log, encoding="utf-8") as text:
        raise Failed(f"`mlflow models serve` does not answer at {base}:\n{text.read()[-3000:]}")


def check_served(options: argparse.Namespace) -> str:
    """Serves the version with `mlflow models serve` and asks it over HTTP."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", options.model, "-p", str(port)]
    # MLflow starts `uvicorn` by its name: the one of this environment.
    path = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", "")
    with tempfile.NamedTemporaryFile("w", suffix=".log", delete=False) as log:
        server = subprocess.Popen(
            [*command, "--env-manager", "local"], env={**os.environ, "PATH": path}, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )
    try:
        wait_until_serving(server, base, log.name)
        text = check_answer(post(base + "/invocations", question(options)), options, "models serve")
        print(f"mlflow models serve: POST /invocations answers `{text}`")
        return text
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)
        os.unlink(log.name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="such as models:/helpdesk-support/1")
    parser.add_argument("--ask", required=True, help="the question")
    parser.add_argument("--expect", action="append", default=[], help="a text that the answer holds")
    tool = "a tool that is called; `file_search` for retrieval"
    parser.add_argument("--tool", action="append", default=[], help=tool)
    parser.add_argument("--no-serve", action="store_true", help="only load the version, do not serve it")
    options = parser.parse_args()
    try:
        check(os.environ.get("MLFLOW_TRACKING_URI"), "Set MLFLOW_TRACKING_URI to the server that holds the version.")
        loaded = check_loaded(options)
        if not options.no_serve:
            served = check_served(options)
            check(served == loaded, f"The served agent answers `{served}`, the loaded one `{loaded}`.")
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
