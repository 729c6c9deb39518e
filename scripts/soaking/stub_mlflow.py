"""A stub of MLflow 3.17 that takes traces, and writes the id of each root span that it took to a file, a line each.

    python3 stub_mlflow.py --port PORT --ids FILE
"""

import argparse
import asyncio
import json


def fields(data):
    """The numbered fields of a message of protocol buffers: varints and 64-bit numbers as None."""
    place = 0

    def varint():
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while place < len(data):
        key = varint()
        if key & 7 == 0:
            varint()
        elif key & 7 == 1:
            place += 8
        else:
            size = varint()
            yield key >> 3, data[place:place + size]
            place += size


def roots(data):
    for _, resource in fields(data):
        for number, scope in fields(resource):
            for part, span in fields(scope) if number == 2 else ():
                if part == 2:
                    known = dict(fields(span))
                    if 4 not in known:
                        yield known[1].hex()


class Stub:
    def __init__(self, ids):
        self.ids = open(ids, "a", buffering=1)

    def reply(self, path, body):
        if path == "/version":
            return 200, b"3.17.2"
        if path == "/v1/traces":
            for trace in roots(body):
                self.ids.write(f"tr-{trace}\n")
            return 200, b""
        known = {
            "/health": {}, "/api/3.0/mlflow/server-info": {}, "/api/3.0/mlflow/traces": {"trace": {"trace_info": {}}},
            "/api/2.0/mlflow/experiments/search": {"experiments": [
                {"experiment_id": "1", "name": "soak", "lifecycle_stage": "active", "artifact_location": "mlflow-artifacts:/1"}]},
        }
        return (200, json.dumps(known[path]).encode()) if path in known else (404, b"{}")

    async def serve(self, reader, writer):
        try:
            while True:
                _, target, _ = (await reader.readline()).decode().split(" ", 2)
                length = 0
                while (line := await reader.readline()) not in (b"\r\n", b""):
                    name, _, value = line.partition(b":")
                    if name.strip().lower() == b"content-length":
                        length = int(value)
                status, answer = self.reply(target.split("?")[0], await reader.readexactly(length))
                writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
                    status, len(answer), answer))
                await writer.drain()
        except (ValueError, ConnectionError, asyncio.IncompleteReadError):
            pass  # The client closed the connection.
        finally:
            writer.close()


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ids", required=True)
    options = parser.parse_args()
    server = await asyncio.start_server(Stub(options.ids).serve, "127.0.0.1", options.port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
