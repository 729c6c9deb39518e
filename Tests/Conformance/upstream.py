"""A stand-in for OGX 1.5.0 that answers as the question says, before which all three servers run.

    python3 upstream.py [--port PORT]

Prints its URL when it listens. A question that begins with one of these words is answered so, any other with a text; what a
function gave is answered with a text, too:

    call:    a call of the last function that the request has, which the caller has to carry out
    mcp:     a call of an MCP tool that the server carried out, then a text
    refuse:  a refusal
    cut:     a text that ends at the limit of tokens
    fail:    a text, then a failure
    drop:    a piece of a text, then the connection is closed
    error:   status 500

Frames are those of OGX 1.5.0 (../shared/reference/llamastack/wire/ogx-1.5.0/08-resp-*).
"""

import argparse
import asyncio
import json
import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts" / "benchmarks"))
from stub_ogx import Stub  # noqa: E402

TEXT = "The refund window is 30 days."
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
USAGE = {
    "input_tokens": 20, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 12,
    "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 32,
}


def question(body):
    """The text that was said last; nothing when it was the output of a function."""
    said = body["input"]
    if isinstance(said, str):
        return said
    content = said[-1].get("content", "")
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def message(content):
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content}


def output_text(text):
    return [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]


CALL = {
    "id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}",
    "status": "completed",
}
MCP_CALL = {
    "id": "mcp_1", "type": "mcp_call", "arguments": '{"id": "T-1"}', "name": "ticket_read", "server_label": "tickets",
    "error": None, "output": "T-1 is open",
}


class Upstream(Stub):
    async def respond(self, body, writer):
        self.asked += 1
        request = json.loads(body)
        how = question(request).split(":")[0]
        if how == "error":
            text = b'{"detail": "Internal server error: see /srv/ogx/secret.py"}'
            writer.write(b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\n"
                         b"content-length: %d\r\n\r\n%s" % (len(text), text))
            return await writer.drain()
        frames = "".join(
            f"data: {json.dumps(frame | {'sequence_number': place, 'type': kind})}\n\n"
            for place, (kind, frame) in enumerate(self.events(how, request))).encode()
        writer.write(HEAD + b"%x\r\n%s\r\n" % (len(frames), frames))
        await writer.drain()
        if how == "drop":
            raise ConnectionError
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    def events(self, how, request):
        whole = {"id": f"resp_{self.asked}", "object": "response", "created_at": 1760000000, "model": "scripted/llm"}
        yield "response.created", {"response": whole | {"status": "in_progress", "output": []}}
        output = []
        for item in self.items(how, request):
            events = list(self.item(item, len(output)))
            yield from events[:3] if how == "drop" else events
            output.append(item)
        if how == "drop":
            return
        if how == "fail":
            error = {"code": "server_error", "message": "Boom in /srv/ogx/secret.py"}
            yield "response.failed", {"response": whole | {"status": "failed", "output": output, "error": error}}
        elif how == "cut":
            yield "response.incomplete", {"response": whole | {
                "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": output,
                "usage": USAGE}}
        else:
            yield "response.completed", {"response": whole | {"status": "completed", "output": output, "usage": USAGE}}

    def items(self, how, request):
        if how == "call":
            functions = [tool["name"] for tool in request["tools"] if tool["type"] == "function"]
            return [CALL | {"name": functions[-1]}]
        if how == "mcp":
            return [MCP_CALL, message(output_text(TEXT))]
        return [message([{"type": "refusal", "refusal": "No."}] if how == "refuse" else output_text(TEXT))]

    def item(self, item, place):
        at = {"output_index": place}
        yield "response.output_item.added", at | {"item": item}
        for part in item.get("content", []):
            within = at | {"item_id": item["id"], "content_index": 0}
            yield "response.content_part.added", within | {"part": part}
            if part["type"] == "output_text":
                for piece in re.findall(r"\S+\s*", part["text"]):
                    yield "response.output_text.delta", within | {"delta": piece, "logprobs": []}
            yield "response.content_part.done", within | {"part": part}
        yield "response.output_item.done", at | {"item": item}


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    server = await asyncio.start_server(Upstream(0, TEXT).serve, "127.0.0.1", parser.parse_args().port, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
