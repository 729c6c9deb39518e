"""Load and measures for serve.py: wrk, requests at a fixed rate, and open streams."""

import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path

WRK = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '%s'
"""


def memory(process, peak=True):
    """MB of a process and its children."""
    pages = Path(f"/proc/{process}/status").read_text()
    own = int(re.search(r"%s:\s+(\d+)" % ("VmHWM" if peak else "VmRSS"), pages)[1]) / 1024
    return own + sum(memory(child, peak) for child in children(process))


def children(process):
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def processor(process):
    """Seconds of the processor that a process and its children have used."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(processor(child) for child in children(process))


def wrk(url, body, concurrency, seconds, directory):
    """Requests a second, p50 and p99 in ms, and how many answers were bad."""
    script = Path(directory) / "request.lua"
    script.write_text(WRK % body)
    told = subprocess.run(
        ["wrk", "-t", "2", "-c", str(concurrency), "-d", f"{seconds}s", "--latency", "-s", str(script), url],
        capture_output=True, text=True, check=True).stdout
    units = {"us": 0.001, "ms": 1, "s": 1000}
    latency = [re.search(rf"{part}%\s+([\d.]+)(us|ms|s)", told) for part in (50, 99)]
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])
    return rate, *[float(found[1]) * units[found[2]] for found in latency], int(bad[1]) if bad else 0


def request(url, body):
    host, path = re.fullmatch(r"http://([^/]+)(/.*)", url).groups()
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return host.split(":"), (head + body).encode()


async def answer(reader):
    """Reads one answer. Returns when the first byte of its body was there."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    first = None
    if found := re.search(rb"content-length: (\d+)", head):
        await reader.readexactly(int(found[1]))
        return time.perf_counter()
    while size := int(await reader.readuntil(b"\r\n"), 16):
        await reader.readexactly(size + 2)
        first = first or time.perf_counter()
    await reader.readexactly(2)
    return first


async def at_rate(url, body, rate, seconds):
    """Asks at a fixed rate, whether answers come or not. p50 and p99 in ms of the whole answer, and p50 of its first byte."""
    (host, port), sent = request(url, body)
    free, tasks, times = [], [], []

    async def ask():
        begun = time.perf_counter()
        reader, writer = free.pop() if free else await asyncio.open_connection(host, int(port))
        writer.write(sent)
        first = await answer(reader)
        times.append((time.perf_counter() - begun, first - begun))
        free.append((reader, writer))

    start = time.perf_counter()
    for number in range(int(rate * seconds)):
        wait = start + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(ask()))
    await asyncio.gather(*tasks)
    for _, writer in free:
        writer.close()
    whole, first = (sorted(column) for column in zip(*times))
    return whole[len(whole) // 2] * 1000, whole[len(whole) * 99 // 100] * 1000, first[len(first) // 2] * 1000


async def streams(url, body, count, process, seconds=5):
    """Opens streams at once, and reads them to their end. MB of a process while all are open, and µs of the processor that each
    piece takes meanwhile: what opens and ends a stream is not in it."""
    (host, port), sent = request(url, body)
    begun, pieces = [], 0

    async def stream():
        nonlocal pieces
        reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 20)
        writer.write(sent)
        await reader.readuntil(b"\r\n\r\n")
        begun.append(1)
        while (line := await reader.readline()) != b"0\r\n":
            pieces += b"output_text.delta" in line
        writer.close()

    tasks = [asyncio.create_task(stream()) for _ in range(count)]
    while len(begun) < count and not any(task.done() for task in tasks):
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    before, used = (pieces, processor(process)), memory(process, peak=False)
    await asyncio.sleep(seconds)
    cost = (processor(process) - before[1]) / (pieces - before[0]) * 1e6
    if any(task.done() for task in tasks):
        sys.exit("The streams ended before their cost was measured.")
    await asyncio.gather(*tasks)
    return used, cost
