"""The benchmarks' stub of an OGX server, of which one answer in a hundred fails and one in a hundred stalls.

    python3 faulty_ogx.py --port PORT [--failing 0.01] [--stalling 0.01] [--stall 20]

A failure is a refusal (500), a cut connection, or a stream that is cut before its end. What comes first stays the same from
run to run: the numbers of the answers decide.
"""

import argparse
import asyncio
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from stub_ogx import Stub  # noqa: E402


class FaultyStub(Stub):
    def __init__(self, options):
        super().__init__(delay=0.01, text="The refund window is 30 days.", pieces=1, pause=0)
        self.options = options
        self.chance = random.Random(7)

    async def respond(self, body, writer):
        draw = self.chance.random()
        if draw < self.options.stalling:
            self.asked += 1
            await asyncio.sleep(self.options.stall)
            raise ConnectionError
        if draw >= self.options.stalling + self.options.failing:
            return await super().respond(body, writer)
        self.asked += 1
        kind = self.chance.randrange(3)
        if kind == 0:
            writer.write(b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n"
                         b'{"detail": "broken"}')
            return await writer.drain()
        if kind == 1:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            frame = b'data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_x","output":[]}}\n\n'
            writer.write(b"%x\r\n%s\r\n" % (len(frame), frame))
            await writer.drain()
        raise ConnectionError


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--failing", type=float, default=0.01)
    parser.add_argument("--stalling", type=float, default=0.01)
    parser.add_argument("--stall", type=float, default=20)
    options = parser.parse_args()
    stub = FaultyStub(options)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", options.port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
