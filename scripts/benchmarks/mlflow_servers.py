"""Servers for the benchmarks of MLflow: real MLflow, a stand-in for Llama Stack, and a recorder between client and server."""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass

MODEL = "bench/llm"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def mlflow_server(folder: pathlib.Path, workers: int) -> Iterator[str]:
    """A real MLflow in a folder of its own; its base URL."""
    folder.mkdir(parents=True)
    port = free_port()
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers",
        str(workers), "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "files"),
    ]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        wait(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def wait(port: int, process: subprocess.Popen, limit: float = 240) -> None:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit("MLflow ended at its start.")
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.2)
    raise SystemExit("MLflow does not answer.")


class StandIn(http.server.BaseHTTPRequestHandler):
    """As much of OGX as a plan of agents without tools asks for."""

    protocol_version = "HTTP/1.1"
    answers = {
        "/v1/version": {"version": "1.5.0"},
        "/v1/models": {"data": [{"id": MODEL, "object": "model", "custom_metadata": {"model_type": "llm"}}]},
        "/openapi.json": {"openapi": "3.1.0", "info": {"title": "OGX"}, "paths": {"/v1/models": {"get": {}}, "/v1/responses": {"post": {}}}},
    }

    def do_GET(self) -> None:
        answer = self.answers.get(self.path.split("?")[0], {"data": []})
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


@dataclass
class Exchange:
    method: str
    path: str
    body: bytes
    content_type: str
    status: int
    answer: bytes


@contextlib.contextmanager
def recorder(target: str) -> Iterator[tuple[str, list[Exchange]]]:
    """Passes everything on to a server, and keeps it in the order in which it was answered."""
    host = urllib.parse.urlparse(target).netloc
    exchanges: list[Exchange] = []

    class Recorder(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def passed(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = self.headers.get("Content-Type") or ""
            connection = http.client.HTTPConnection(host)
            connection.request(self.command, self.path, body, {"Content-Type": kind} if kind else {})
            response = connection.getresponse()
            answer = response.read()
            exchanges.append(Exchange(self.command, self.path, body, kind, response.status, answer))
            self.send_response(response.status)
            self.send_header("Content-Type", response.headers.get("Content-Type") or "")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = passed

        def log_message(self, *arguments: object) -> None:
            pass

    with serving(Recorder) as base:
        yield base, exchanges


def identifiers(answer: bytes) -> list[str]:
    """The ids that a server gave, in the order of the answer."""
    keys = ("run_id", "model_id", "artifact_uri")
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in keys and isinstance(inner, str):
                    found.append(inner)
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    with contextlib.suppress(ValueError):
        walk(json.loads(answer))
    return found


def replay(target: str, exchanges: list[Exchange]) -> float:
    """Sends the same requests over one connection, with the ids of this time; seconds."""
    host = urllib.parse.urlparse(target).netloc
    names: dict[bytes, bytes] = {}
    start = time.perf_counter()
    connection = http.client.HTTPConnection(host)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for exchange in exchanges:
        path, body = exchange.path.encode(), exchange.body
        for old, new in names.items():
            path, body = path.replace(old, new), body.replace(old, new)
        headers = {"Content-Type": exchange.content_type} if exchange.content_type else {}
        connection.request(exchange.method, path.decode(), body or None, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != exchange.status:
            raise SystemExit(f"replaying {exchange.method} {path.decode()}: {response.status} {answer[:300]!r}")
        if exchange.method in ("POST", "PATCH"):
            for old, new in zip(identifiers(exchange.answer), identifiers(answer)):
                if old and old != new:
                    names[old.encode()] = new.encode()
    return time.perf_counter() - start


def curl_config(target: str, exchanges: list[Exchange], folder: pathlib.Path) -> pathlib.Path:
    """The same requests for curl, a bare compiled client: one after the other over one connection."""
    parts = []
    for number, exchange in enumerate(exchanges):
        lines = [f'url = "{target}{exchange.path}"', f"request = {exchange.method}", "output = /dev/null", "silent", "fail"]
        if exchange.body:
            body = folder / f"body-{number}"
            body.write_bytes(exchange.body)
            lines += [f'data-binary = "@{body}"', f'header = "Content-Type: {exchange.content_type}"']
        parts.append("\n".join(lines))
    config = folder / "curl"
    config.write_text("\nnext\n".join(parts) + "\n")
    return config
