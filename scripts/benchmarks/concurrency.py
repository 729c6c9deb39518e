"""Runs `drover test` on many cases against a stub of OGX, and measures at the stub.

    python concurrency.py PROGRAM DIRECTORY [answered] [quick]

Without a name both measurements are made: `answered` (1,000 cases of 6 s at once) and `quick` (10,000 of 50 ms, 64 at a
time). Exit code 1 when a promise is missed.
"""

import asyncio
import json
import os
import pathlib
import re
import resource
import sys
import time

TEXT = "Returned goods are paid back within 30 days."
ROUTES = {
    "/v1/version": ["get"], "/v1/models": ["get"], "/v1/files": ["get", "post"], "/v1/vector_stores": ["get", "post"],
    "/v1/responses": ["get", "post"], "/v1/responses/{response_id}": ["get", "delete"],
    "/v1/chat/completions": ["get", "post"], "/v1alpha/admin/connectors": ["get"],
}
MODEL = {
    "id": "stub/llm", "object": "model", "created": 1795394864, "owned_by": "ogx",
    "custom_metadata": {"model_type": "llm", "provider_id": "stub", "provider_resource_id": "llm"},
}


class Stub:
    """Answers after a time, whatever is asked, and remembers when and how many at once.

    All answers but their ids are made once: on two cores what the stub takes is missing to the program that is measured.
    """

    def __init__(self, seconds):
        self.seconds = seconds
        self.first = self.last = None
        self.responses = self.open = self.most = 0
        self.stream = stream()
        self.known = {("GET", path): answer for path, answer in known().items()}

    def answer(self, verb, path):
        if verb == "DELETE":
            return message("200 OK", "application/json", b'{"deleted": true}')
        missing = message("404 Not Found", "application/json", b'{"error": {"message": "Not Found"}}')
        return self.known.get((verb, path), missing)

    def begin(self):
        self.first = self.first or time.monotonic()
        self.responses += 1
        self.open += 1
        self.most = max(self.most, self.open)
        return f"resp_{self.responses:08}".encode()

    def end(self, identifier):
        self.open -= 1
        self.last = time.monotonic()
        return self.stream.replace(IDENTIFIER, identifier)


class Connection(asyncio.Protocol):
    def __init__(self, stub):
        self.stub = stub
        self.received = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end]
            size = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            whole = end + 4 + (int(size[1]) if size else 0)
            if len(self.received) < whole:
                return
            self.received = self.received[whole:]
            verb, target, _ = head.split(b"\r\n", 1)[0].decode().split()
            self.take(verb, target.partition("?")[0])

    def take(self, verb, path):
        if (verb, path) != ("POST", "/v1/responses"):
            self.transport.write(self.stub.answer(verb, path))
            return
        identifier = self.stub.begin()
        loop = asyncio.get_running_loop()
        loop.call_later(self.stub.seconds, lambda: self.transport.write(self.stub.end(identifier)))


IDENTIFIER = b"resp_00000000"


def known():
    """The listings of a server that holds nothing but a model."""
    routes = {route: {verb: {} for verb in verbs} for route, verbs in ROUTES.items()}
    listings = {path: {"object": "list", "data": [], "has_more": False} for path, verbs in ROUTES.items() if "get" in verbs}
    answers = listings | {
        "/v1/version": {"version": "1.5.0"}, "/v1/health": {"status": "OK"},
        "/v1/models": {"object": "list", "data": [MODEL]}, "/v1alpha/admin/connectors": {"data": []},
        "/openapi.json": {"paths": routes},
    }
    return {path: message("200 OK", "application/json", json.dumps(body).encode()) for path, body in answers.items()}


def stream():
    """An answer with its frames, as it is sent."""
    text = "".join(
        f"event: {frame['type']}\ndata: {json.dumps(frame | {'sequence_number': number})}\n\n"
        for number, frame in enumerate(frames(IDENTIFIER.decode(), MODEL["id"])))
    return message("200 OK", "text/event-stream", text.encode())


def message(status, kind, body):
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def frames(identifier, model):
    def whole(status, output, usage=None):
        return {"response": {
            "id": identifier, "object": "response", "status": status, "model": model, "output": output, "store": True,
            "error": None, "incomplete_details": None, "usage": usage}}

    begun = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "status": "in_progress"}
    done = begun | {
        "status": "completed", "content": [{"type": "output_text", "text": TEXT, "annotations": []}]}
    yield {"type": "response.created"} | whole("in_progress", [])
    yield {"type": "response.in_progress"} | whole("in_progress", [])
    yield {"type": "response.output_item.added", "item": begun}
    for word in TEXT.split(" "):
        yield {"type": "response.output_text.delta", "delta": word + " "}
    yield {"type": "response.output_item.done", "item": done}
    yield {"type": "response.completed"} | whole("completed", [done], {"input_tokens": 10, "output_tokens": 9})


def spec(count):
    cases = "\n".join(
        f"      - {{name: case {number}, input: Question {number}?, expect: [{{contains: 30 days}}]}}"
        for number in range(count))
    return f"""\
drover: v1
stack: concurrency
agents:
  support: {{model: stub/llm, instructions: Be brief., log: false}}
suites:
  many:
    agent: support
    defaults: {{timeout: 120s}}
    cases:
{cases}
"""


async def measure(program, directory, count, concurrency, seconds):
    """Runs the cases; returns the stub, the exit code, and the CPU seconds of the program."""
    folder = pathlib.Path(directory) / f"{count}-{concurrency}"
    folder.mkdir()
    (folder / "drover.yaml").write_text(spec(count))
    stub = Stub(seconds)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(stub), "127.0.0.1", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = await asyncio.create_subprocess_exec(
        program, "test", str(folder), "--from-spec", "--no-publish", "--concurrency", str(concurrency),
        "--llamastack-url", f"http://127.0.0.1:{port}", "--record", f"file:{folder}/record.json",
        "--report", f"json={folder}/results.json",
        # Where no logs of earlier runs are, which its reports would look at.
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await process.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    server.close()
    if process.returncode != 0:
        print(output.decode()[-2000:], file=sys.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return stub, process.returncode, cpu


async def answered(program, directory):
    stub, code, _ = await measure(program, directory, 1000, 1000, 6)
    print(f"1000 conversations of 6 s: {stub.responses} asked, at most {stub.most} at once, exit code {code}")
    return code == 0 and stub.responses == 1000


async def quick(program, directory):
    count, concurrency, seconds = 10_000, 64, 0.05
    stub, code, cpu = await measure(program, directory, count, concurrency, seconds)
    ideal = count * seconds / concurrency
    taken = (stub.last or 0) - (stub.first or 0)
    print(
        f"{count} cases of {seconds * 1000:.0f} ms, {concurrency} at a time: {taken:.2f} s, ideal {ideal:.2f} s"
        f" ({taken / ideal:.2f} x, limit 1.1 x); {cpu / count * 1000:.2f} ms of CPU each (limit 0.4 ms)"
        f"; exit code {code}")
    return code == 0 and stub.responses == count and taken <= 1.1 * ideal and cpu <= count * 0.0004


async def main():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    program, directory, *names = sys.argv[1:]
    program = os.path.abspath(program)
    measurements = {"answered": answered, "quick": quick}
    results = [await measurements[name](program, directory) for name in names or measurements]
    sys.exit(0 if all(results) else 1)


asyncio.run(main())
