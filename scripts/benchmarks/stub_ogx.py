"""A stub of an OGX server that answers every question alike, for benchmarks: what is measured is drover, not a server.

    python3 stub_ogx.py [--port PORT] [--delay SECONDS] [--text TEXT] [--words COUNT] [--pieces COUNT] [--pause SECONDS]

Prints `http://127.0.0.1:PORT` when it listens (port 0, the default, takes a free one). An answer begins after `--delay`
and is streamed in `--pieces`, with a `--pause` before each, with the frames of OGX 1.5.0 (../shared/reference/llamastack/wire/ogx-1.5.0/08-resp-stream.sse). `GET /`
tells how many answers were asked for, are open, and were open at most: {"responses": 9, "open": 0, "mostOpen": 4}.
Only what drover needs to ask an agent without tools is here, and only the standard library is used.
"""

import argparse
import asyncio
import json

MODELS = {
    "object": "list",
    "data": [{
        "id": "scripted/llm", "object": "model", "created": 0, "owned_by": "ogx",
        "custom_metadata": {
            "model_type": "llm", "provider_id": "scripted", "provider_resource_id": "scripted-llm",
        },
    }],
}
ROUTES = {
    "/v1/models": ["get"], "/v1/prompts": ["get", "post"], "/v1/responses": ["get", "post"],
    "/v1/chat/completions": ["post"], "/v1/vector_stores": ["get", "post"], "/v1/files": ["get", "post"],
    "/v1alpha/admin/connectors": ["get"],
}
OPENAPI = {
    "info": {"title": "FastAPI", "version": "0.1.0"},
    "paths": {path: {verb: {} for verb in verbs} for path, verbs in ROUTES.items()},
}
EMPTY = {"object": "list", "data": [], "has_more": False}


class Stub:
    def __init__(self, delay, text, pieces=1, pause=0.0):
        self.delay = delay
        self.text = text
        self.pieces = pieces
        self.pause = pause
        self.asked = 0
        self.open = 0
        self.most_open = 0

    def frames(self, number, model):
        response, message = f"resp_{number}", f"msg_{number}"
        content = [{"text": self.text, "type": "output_text", "annotations": [], "logprobs": []}]
        item = {"id": message, "type": "message", "role": "assistant"}
        whole = {
            "id": response, "object": "response", "created_at": 0, "model": model, "error": None,
            "incomplete_details": None, "previous_response_id": None, "store": False,
        }
        running = whole | {"status": "in_progress", "output": [], "usage": None}
        part = {"content_index": 0, "response_id": response, "item_id": message, "output_index": 0}
        yield "response.created", {"response": running}
        yield "response.in_progress", {"response": running}
        yield "response.output_item.added", {
            "response_id": response, "output_index": 0, "item": item | {"content": [], "status": "in_progress"}}
        yield "response.content_part.added", part | {
            "part": {"type": "output_text", "text": "", "annotations": [], "logprobs": []}}
        size = -(-len(self.text) // self.pieces)
        for start in range(0, len(self.text), size):
            yield "response.output_text.delta", part | {"delta": self.text[start:start + size], "logprobs": []}
        yield "response.content_part.done", part | {"part": content[0]}
        done = item | {"content": content, "status": "completed"}
        yield "response.output_item.done", {"response_id": response, "output_index": 0, "item": done}
        yield "response.completed", {"response": whole | {
            "status": "completed", "output": [done],
            "usage": {"input_tokens": 20, "output_tokens": 12, "total_tokens": 32},
        }}

    async def respond(self, body, writer):
        self.asked += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            number = self.asked
            model = json.loads(body).get("model", "scripted/llm")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
                         b"transfer-encoding: chunked\r\n\r\n")
            await asyncio.sleep(self.delay)
            waiting = b""
            for place, (kind, frame) in enumerate(self.frames(number, model)):
                if self.pause and kind == "response.output_text.delta":
                    writer.write(b"%x\r\n%s\r\n" % (len(waiting), waiting))
                    waiting = b""
                    await asyncio.sleep(self.pause)
                waiting += f"data: {json.dumps(frame | {'sequence_number': place, 'type': kind})}\n\n".encode()
            writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(waiting), waiting))
            await writer.drain()
        finally:
            self.open -= 1

    async def complete(self, writer):
        """A chat completion that is not streamed, for programs that ask so."""
        self.asked += 1
        await asyncio.sleep(self.delay)
        text = json.dumps({
            "id": f"chatcmpl-{self.asked}", "object": "chat.completion", "created": 0, "model": "scripted/llm",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": self.text}}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 12, "total_tokens": 32},
        }).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
            len(text), text))
        await writer.drain()

    def reply(self, method, path):
        if path == "/":
            return {"responses": self.asked, "open": self.open, "mostOpen": self.most_open}
        if path == "/v1/version":
            return {"version": "1.5.0"}
        if path == "/openapi.json":
            return OPENAPI
        if path == "/v1/models":
            return MODELS
        if method == "DELETE":
            return {"id": path.rsplit("/", 1)[-1], "deleted": True}
        return EMPTY if path in ROUTES else None

    async def serve(self, reader, writer):
        try:
            while True:
                method, target, _ = (await reader.readline()).decode().split(" ", 2)
                length = 0
                while (line := await reader.readline()) not in (b"\r\n", b""):
                    name, _, value = line.partition(b":")
                    if name.strip().lower() == b"content-length":
                        length = int(value)
                body = await reader.readexactly(length)
                path = target.split("?")[0]
                if (method, path) == ("POST", "/v1/responses"):
                    await self.respond(body, writer)
                    continue
                if (method, path) == ("POST", "/v1/chat/completions"):
                    await self.complete(writer)
                    continue
                value = self.reply(method, path)
                text = json.dumps(value if value is not None else {"detail": "Not Found"}).encode()
                status = b"200 OK" if value is not None else b"404 Not Found"
                writer.write(b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
                    status, len(text), text))
                await writer.drain()
        except (ValueError, ConnectionError, asyncio.IncompleteReadError):
            pass  # The client closed the connection.
        finally:
            writer.close()


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--text", default="The refund window is 30 days.")
    parser.add_argument("--words", type=int, default=0, help="pads the answer to so many words")
    parser.add_argument("--pieces", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.0)
    options = parser.parse_args()
    padding = options.words - len(options.text.split())
    stub = Stub(options.delay, options.text + " and so on" * max(0, padding // 3), options.pieces, options.pause)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", options.port, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
