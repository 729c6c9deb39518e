"""`drover serve` under half the load that it can take, while clients go away, MLflow is restarted twice, and one answer in a
hundred of the server behind fails, one stalls.

    scripts/soak [--drover PATH] [--seconds 120] [--mlflow-python PATH]

What has to hold: drover lives; every request is answered or cut by its client; memory stays within a tenth, descriptors do not
grow; every request that did not fail is a trace in MLflow, waits on disk, or is counted as dropped or lost. Without
--mlflow-python (one with mlflow 3.17 or later) a stub stands for MLflow. Exit code 0 when all of it holds.
"""

import argparse
import asyncio
import collections
import json
import os
import random
import re
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
TIMEOUT = 3  # Of an answer, in seconds.
PATIENCE = 30  # What takes a client longer is a hang.


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def wait(url):
    for _ in range(1200):
        try:
            return get(url)
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{url} does not answer.")


class MLflow:
    """The stub, or a real server; both keep what they have while they are away."""

    def __init__(self, folder, python):
        self.folder, self.python, self.port, self.process = folder, python, free_port(), None
        self.ids = folder / "traces.txt"
        self.ids.touch()

    def start(self):
        if self.python:
            command = [self.python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "-w", "1",
                       "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db",
                       "--artifacts-destination", f"{self.folder}/artifacts"]
        else:
            command = [sys.executable, str(HERE / "stub_mlflow.py"), "--port", str(self.port), "--ids", str(self.ids)]
        with open(self.folder / "mlflow.log", "a") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"})
        wait(f"{self.url}/health")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def traces(self):
        if not self.python:
            return set(self.ids.read_text().split())
        with sqlite3.connect(f"file:{self.folder}/mlflow.db?mode=ro", uri=True) as database:
            return {row[0] for row in database.execute("select request_id from trace_info where status = 'OK'")}


class Load:
    def __init__(self, port):
        self.port = port
        self.outcomes = collections.Counter()
        self.traces = set()
        self.hung = []
        self.chance = random.Random(11)
        self.open = set()

    async def ask(self):
        is_streamed, leaves = self.chance.random() < 0.5, self.chance.random() < 0.1
        body = json.dumps({"input": "What is the refund window?", "stream": is_streamed}).encode()
        writer = None
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(b"POST /invocations HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n"
                             b"x-mlflow-return-trace-id: true\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
                if leaves:
                    await asyncio.wait([asyncio.ensure_future(reader.read(300))], timeout=self.chance.random() * 0.02)
                    self.outcomes["cut by its client"] += 1
                    return
                self.note(await reader.read())
        except TimeoutError:
            self.outcomes["hung"] += 1
        except OSError as error:
            self.outcomes[f"broken: {error}"] += 1
        finally:
            if writer:
                writer.close()

    def note(self, answer):
        head, _, body = answer.partition(b"\r\n\r\n")
        status = head.split(b" ")[1].decode() if head else "no answer"
        text = body.decode()
        trace = re.search(r'"trace_id": ?"(tr-[0-9a-f]{32})"', text)
        if status != "200":
            self.outcomes[status] += 1
        elif '"status":"completed"' in text.replace(" ", "") and trace:
            self.outcomes["answered"] += 1
            self.traces.add(trace[1])
        elif '"response.failed"' in text and "[DONE]" in text:
            self.outcomes["failed in its stream"] += 1
        else:
            self.outcomes[f"not whole: {text[-80:]!r}"] += 1

    async def closed(self, seconds, concurrency=32):
        """As fast as it goes; how many a second."""
        end = time.monotonic() + seconds
        before = self.outcomes.total()

        async def one():
            while time.monotonic() < end:
                await self.ask()

        await asyncio.gather(*(one() for _ in range(concurrency)))
        return (self.outcomes.total() - before) / seconds

    async def paced(self, rate, end):
        due = time.monotonic()
        while time.monotonic() < end:
            due += 1 / rate
            await asyncio.sleep(max(0, due - time.monotonic()))
            if len(self.open) < 512:
                task = asyncio.ensure_future(self.ask())
                self.open.add(task)
                task.add_done_callback(self.open.discard)
        await asyncio.gather(*self.open)


class Gauge:
    """Memory and descriptors of a process, once a second."""

    def __init__(self, pid):
        self.pid, self.memory, self.descriptors = pid, [], []

    def look(self):
        self.memory.append(int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())[1]) / 1024)
        self.descriptors.append(len(os.listdir(f"/proc/{self.pid}/fd")))

    async def watch(self):
        while True:
            self.look()
            await asyncio.sleep(1)

    @staticmethod
    def parts(values):
        """The median of the second fifth, when it is warm, and of the last."""
        size = max(1, len(values) // 5)
        return statistics.median(values[size:2 * size]), statistics.median(values[-size:])


def metric(port, name):
    text = get(f"http://127.0.0.1:{port}/metrics")
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


async def soak(options, folder):
    mlflow = MLflow(folder, options.mlflow_python)
    running = []
    try:
        mlflow.start()
        return await served(options, folder, mlflow, running)
    finally:
        for process in running:
            process.kill()
        mlflow.stop()


async def served(options, folder, mlflow, running):
    stub, port = free_port(), free_port()
    log = open(folder / "drover.log", "w")
    behind = subprocess.Popen([sys.executable, str(HERE / "faulty_ogx.py"), "--port", str(stub)], stdout=log, stderr=log)
    running.append(behind)
    wait(f"http://127.0.0.1:{stub}/v1/version")
    drover = subprocess.Popen(
        [os.path.abspath(options.drover), "serve", "--port", str(port), "--timeout", f"{TIMEOUT}s", "--trace-spool",
         str(folder / "spool"), "--drain", "10s"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=log,
        env={**os.environ, "LLAMASTACK_BASE_URL": f"http://127.0.0.1:{stub}", "LLAMASTACK_MODEL": "scripted/llm",
             "MLFLOW_TRACKING_URI": mlflow.url, "MLFLOW_EXPERIMENT": "soak"})
    running.append(drover)
    problems = []
    try:
        wait(f"http://127.0.0.1:{port}/ready")
        load, gauge = Load(port), Gauge(drover.pid)
        capacity = await load.closed(5)
        print(f"capacity: {capacity:.0f} requests/s", flush=True)
        watching = asyncio.ensure_future(gauge.watch())
        end = time.monotonic() + options.seconds
        pacing = asyncio.ensure_future(load.paced(capacity / 2, end))
        for _ in range(2):
            await asyncio.sleep(options.seconds / 3)
            mlflow.stop()
            await asyncio.sleep(min(60, options.seconds / 10))
            await asyncio.to_thread(mlflow.start)
            print(f"MLflow is back: {metric(port, 'drover_traces_spooled'):.0f} traces wait on disk", flush=True)
        await pacing
        watching.cancel()
        # What waits has five minutes to be sent; what a slow MLflow leaves then is for the next start.
        for _ in range(300):
            spooled = metric(port, "drover_traces_spooled")
            if spooled == 0:
                break
            await asyncio.sleep(1)
        missing = sum(metric(port, f'drover_traces_total{{outcome="{name}"}}') for name in ("dropped", "lost"))
        drover.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(drover.wait, 60)
        if code != 0:
            problems.append(f"drover ended with {code}")
        untraced = len(load.traces - mlflow.traces())
        if untraced > missing + spooled:
            problems.append(
                f"{untraced} answered requests have no trace, {missing:.0f} are counted and {spooled:.0f} wait on disk")
        wrong = {name: count for name, count in load.outcomes.items()
                 if name not in ("answered", "cut by its client", "failed in its stream", "502", "503", "504")}
        if wrong:
            problems.append(f"neither answered nor cut by their clients: {wrong}")
        (warm, last), (few, many) = Gauge.parts(gauge.memory), Gauge.parts(gauge.descriptors)
        # In a short run the memory of each thread still fills up, a step of some MB with each return of MLflow.
        if last > warm + max(warm * 0.1, 16 if options.seconds < 600 else 0):
            problems.append(f"memory grew from {warm:.1f} to {last:.1f} MB")
        # On a busy machine, 64 requests are in flight at a time, each with a connection on both sides.
        if many > few + 128:
            problems.append(f"descriptors grew from {few:.0f} to {many:.0f}")
        print(f"{load.outcomes.total()} requests: {dict(load.outcomes.most_common())}")
        print(f"{len(load.traces)} answered, of which {untraced} have no trace in MLflow; {missing:.0f} counted as missing, "
              f"{spooled:.0f} on disk")
        print(f"memory {warm:.1f} -> {last:.1f} MB (at most {max(gauge.memory):.1f}), descriptors {few:.0f} -> {many:.0f}")
    finally:
        log.close()
    for problem in problems:
        print(f"not as it should be: {problem}")
    if problems:
        print((folder / "drover.log").read_text()[-4000:], file=sys.stderr)
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drover", default=".build/release/drover")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--mlflow-python")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(asyncio.run(soak(options, Path(folder))))


if __name__ == "__main__":
    main()
