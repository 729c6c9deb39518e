"""A gateway before real servers that goes wrong at one request, whichever server it is sent to.

The requests of all servers are counted together from the last `expect` on. A fault is what happens at one of them:

    Fault("kill", "during", number=12)

Acts: `kill` the client, `break` the connection, answer `500`, `503` or `429` (both with Retry-After: 1) or `504`, `cut`
the answer in its middle, `stall` until the client gives up (or 10 s), send the request twice (`duplicate`), answer a read
as it was answered before (`stale`), or let somebody else make things and delete them between the `pages` of the first
listing from there on; then pages have two elements.
Times: `before` the server gets the request, 20 ms after (`during`), `after` it has answered, and for `kill` also once the
answer is `read`. The server goes on with what it has got.
"""

import http.client
import itertools
import json
import os
import re
import select
import signal
import socket
import struct
import threading
import time
import urllib.parse
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATUSES = {"500": (500, []), "503": (503, [("retry-after", "1")]), "429": (429, [("retry-after", "1")]), "504": (504, [])}
ACTS = ["kill", "break", *STATUSES, "cut", "stall", "duplicate", "stale", "pages"]


@dataclass(frozen=True)
class Fault:
    act: str
    when: str
    number: int

    def __str__(self) -> str:
        return f"{self.act} {self.when} request {self.number}"


class Counter:
    """Counts requests, and says at which one something goes wrong."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.expect(None)
        self.pid: int | None = None

    def expect(self, fault: Fault | None) -> None:
        with self.lock:
            self.fault, self.hit, self.told = fault, None, []
            self.answers: dict[tuple, tuple] = {}
            self.others: Others | None = None

    def count(self, request: str, is_listing: bool) -> Fault | None:
        with self.lock:
            self.told.append(request)
            if self.fault is None or len(self.told) < self.fault.number:
                return None
            is_here = is_listing and self.hit is None if self.fault.act == "pages" else len(self.told) == self.fault.number
            if not is_here:
                return None
            self.hit = request
            return self.fault

    def answered(self, method: str, path: str, body: bytes, answer: tuple) -> None:
        self.answers[(method, path, body)] = answer

    def kill(self, pid: int | None) -> None:
        """Kills the program that sent a request, if it still runs: another one may have begun meanwhile."""
        if pid is not None and pid == self.pid:
            os.kill(pid, signal.SIGKILL)


class Others:
    """Somebody else, who makes something between the first and the second page, and deletes it before the third."""

    numbers = itertools.count(1)

    def __init__(self, server: "Server", path: str) -> None:
        self.server, self.path, self.pages = server, path, 0
        self.made: list[tuple[str, str, dict | None]] = []

    def see(self, path: str) -> None:
        """After each page of the listing."""
        if path != self.path:
            return
        self.pages += 1
        if self.pages == 1:
            self.make()
        elif self.pages == 2:
            self.delete()

    def make(self) -> None:
        name = f"others-{os.getpid()}-{next(self.numbers)}"
        if "/mlflow/" not in self.path:
            prefix = self.path[: self.path.index("/v1/") + 4]
            prefix = "/v1/openai/v1/" if "/openai/" in self.path else prefix
            boundary = "others"
            form = "".join(
                f'--{boundary}\r\ncontent-disposition: form-data; name="{field}"{rest}\r\n\r\n{text}\r\n'
                for field, rest, text in [("purpose", "", "assistants"), ("file", f'; filename="{name}.txt"', "Others")])
            made = self.ask("POST", f"{prefix}files", f"{form}--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}")
            self.made.append(("DELETE", f"{prefix}files/{made['id']}", None))
            return
        api = "/api/2.0/mlflow/"
        made = self.ask("POST", f"{api}experiments/create", json.dumps({"name": name}).encode())
        self.made.append(("POST", f"{api}experiments/delete", {"experiment_id": made["experiment_id"]}))
        self.ask("POST", f"{api}registered-models/create", json.dumps({"name": name}).encode())
        self.made.append(("DELETE", f"{api}registered-models/delete", {"name": name}))

    def delete(self) -> None:
        while self.made:
            method, path, body = self.made.pop()
            self.ask(method, path, None if body is None else json.dumps(body).encode())

    def ask(self, method: str, path: str, body: bytes | None, kind: str = "application/json") -> dict:
        upstream = self.server.upstream
        connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=60)
        connection.request(method, path, body, {"content-type": kind})
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:300]!r}")
        return json.loads(text or b"{}")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: str, counter: Counter) -> None:
        self.upstream = urllib.parse.urlsplit(upstream)
        self.counter = counter
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # A killed client closes its connections.


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def handle_any(self) -> None:
        body = self.body()
        counter, place = self.server.counter, self.path.split("?")[0]
        size = re.search(r"[?&](limit|max_results)=", self.path) if self.command == "GET" else b'"max_results"' in body
        fault = counter.count(f"{self.command} {place}", bool(size))
        if fault is not None and fault.act == "pages":
            counter.others = Others(self.server, place)
        if size and counter.others is not None:
            return self.answer(self.page(body, place, counter.others))
        if fault is None:
            return self.answer(self.forward(body))
        if fault.act in STATUSES and fault.when == "before":
            return self.refuse(fault.act)
        if fault.act == "duplicate":
            self.forward(body)
            return self.answer(self.forward(body))
        if fault.act == "cut":
            return self.cut(self.forward(body))
        if fault.act == "stale":
            return self.answer(self.before(body) or self.forward(body))
        if fault.act == "stall":
            self.send_on(body, fault.when)
            select.select([self.connection], [], [], 10)  # The client closes the connection.
            return self.reset()
        sender = counter.pid
        answer = self.send_on(body, fault.when)
        if fault.act == "kill":
            if fault.when == "read" and answer:
                self.answer(answer)
                time.sleep(0.005)  # The client has most likely read it; if not, this is a kill `after`.
            counter.kill(sender)
        elif fault.act in STATUSES:
            return self.refuse(fault.act)
        self.reset()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    def send_on(self, body: bytes, when: str) -> tuple | None:
        if when == "before":
            return None
        if when != "during":
            return self.forward(body)
        threading.Thread(target=self.forward, args=[body], daemon=True).start()
        time.sleep(0.02)  # Into the server's work, as `during` says.
        return None

    def page(self, body: bytes, place: str, others: Others) -> tuple:
        """A page of two elements, after which others may do something."""
        self.path = re.sub(r"([?&](?:limit|max_results)=)\d+", r"\g<1>2", self.path)
        answer = self.forward(re.sub(rb'("max_results": ?)\d+', rb"\g<1>2", body))
        others.see(place)
        return answer

    def before(self, body: bytes) -> tuple | None:
        return self.server.counter.answers.get((self.command, self.path, body))

    def body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def forward(self, body: bytes) -> tuple:
        upstream = self.server.upstream
        connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=300)
        skipped = ("host", "connection", "transfer-encoding", "content-length")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in skipped}
        connection.request(self.command, self.path, body or None, headers)
        response = connection.getresponse()
        kept = [(name, value) for name, value in response.getheaders() if name.lower() in ("content-type", "etag")]
        answer = (response.status, kept, response.read())
        self.server.counter.answered(self.command, self.path, body, answer)
        return answer

    def answer(self, answer: tuple) -> None:
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def refuse(self, act: str) -> None:
        status, headers = STATUSES[act]
        self.answer((status, [("content-type", "text/html"), *headers], b"<html>The gateway is at fault.</html>"))

    def cut(self, answer: tuple) -> None:
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body) + 1))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.reset()

    def reset(self) -> None:
        self.close_connection = True
        try:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass

    def log_message(self, *_: object) -> None:
        pass
