"""A gateway before a real server that goes wrong at one request about a vector store, for AttachingIntegrationTests.

    python3 faulty_gateway.py http://127.0.0.1:8321 PORT_FILE

Each client has a path of its own before the server's: `/round-7/v1/…`. Its requests about one store (to attach, to search,
to update, to list what is in it) are counted from the last `POST /round-7/_fault` on, whose body says what goes wrong:
`{"act": "kill", "when": "during", "number": 2, "pid": "drover.pid"}`. `kill` the client whose process id the file holds,
`break` the connection, or answer `504`; `before` the server gets the request, 20 ms after (`during`), or `after` it has
answered. The server goes on with what it has got. The answer tells what was counted before, and whether it went wrong.
`"of": "/files$"` counts those `POST` requests instead whose path that pattern finds.
"""

import http.client
import json
import os
import re
import signal
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SERVER = urllib.parse.urlsplit(sys.argv[1])
ABOUT_A_STORE = re.compile(r"/vector_stores/[^/]+(/files|/search)?$")
lock = threading.Lock()
clients = {}


class Client:
    def __init__(self, fault):
        self.fault = fault
        self.count = 0
        self.went_wrong = False

    def hit(self, method, path):
        of = self.fault.get("of")
        if not (method == "POST" and re.search(of, path) if of else ABOUT_A_STORE.search(path)):
            return None
        self.count += 1
        if self.count != self.fault.get("number"):
            return None
        self.went_wrong = True
        return self.fault


class Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)) if self.chunkless() else self.chunks()
        _, client, rest = self.path.split("/", 2)
        if rest == "_fault":
            return self.set_fault(client, json.loads(body))
        wrong = self.hit(client, rest)
        if wrong is None:
            return self.answer(*self.forward(rest, body))
        if wrong["when"] == "before":
            return self.go_wrong(wrong)
        forwarding = threading.Thread(target=self.forward, args=[rest, body])
        forwarding.start()
        if wrong["when"] == "during":
            time.sleep(0.02)
        else:
            forwarding.join()
        self.go_wrong(wrong)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def chunkless(self):
        return self.headers.get("transfer-encoding", "").lower() != "chunked"

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def set_fault(self, client, wanted):
        with lock:
            before = clients.get(client) or Client({})
            clients[client] = Client(wanted)
        told = {"count": before.count, "went_wrong": before.went_wrong}
        self.answer(200, [("content-type", "application/json")], json.dumps(told).encode())

    def hit(self, client, path):
        with lock:
            return clients[client].hit(self.command, "/" + path.split("?")[0]) if client in clients else None

    def go_wrong(self, wrong):
        if wrong["act"] == "kill":
            with open(wrong["pid"], encoding="utf-8") as file:
                os.kill(int(file.read()), signal.SIGKILL)
        if wrong["act"] == "504":
            return self.answer(504, [("content-type", "text/html")], b"<html>Gateway Timeout</html>")
        self.close_connection = True

    def forward(self, path, body):
        connection = http.client.HTTPConnection(SERVER.hostname, SERVER.port, timeout=300)
        skipped = ("host", "connection", "transfer-encoding", "content-length")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in skipped}
        connection.request(self.command, "/" + path, body or None, headers)
        response = connection.getresponse()
        kept = [(name, value) for name, value in response.getheaders() if name.lower() == "content-type"]
        return response.status, kept, response.read()

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
with open(sys.argv[2] + ".new", "w", encoding="utf-8") as file:
    file.write(str(server.server_port))
os.rename(sys.argv[2] + ".new", sys.argv[2])
server.serve_forever()
