"""`drover serve` with traces in a real MLflow on the same machine, beside the least that can write the same traces, in one run.

    scripts/bench tracing --mlflow-python PATH [--drover PATH] [--seconds 20] [--concurrency 64]

The bare client sends what drover sent for one batch of a hundred traces, again and again under other ids, over one connection as
drover does: so many traces a second MLflow takes. Then drover is asked at nine tenths of that rate, where nothing may be dropped and
nothing may pile up; and at full rate, with traces and without, while the bare client keeps MLflow as busy as drover's traces do.
Needs `wrk` and nginx, and for AgentServer a Python with mlflow, fastapi, uvicorn and httpx. Exit code 1 where one of the wanted
ratios is missed.
"""

import argparse
import asyncio
import http.client
import http.server
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "soaking"))
from stub_mlflow import roots  # noqa: E402

from serve import ASKED, DIRECT, FILE, SYNC, Bench
from serve_load import at_rate, processor, wrk

BODY = ASKED % ""
STUB, FAST, MLFLOW, RECORDER, TRACED, PLAIN, AGENT = range(18376, 18383)


class Recorder(http.server.BaseHTTPRequestHandler):
    """Takes for MLflow what drover writes, and keeps the largest batch."""

    batch = b""
    protocol_version = "HTTP/1.1"
    answers = {
        "/version": b"3.17.2", "/api/3.0/mlflow/traces": b'{"trace": {"trace_info": {}}}',
        "/api/2.0/mlflow/experiments/search":
            b'{"experiments": [{"experiment_id": "1", "name": "bench", "lifecycle_stage": "active"}]}',
    }

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/v1/traces" and len(body) > len(Recorder.batch):
            Recorder.batch = body
            time.sleep(0.2)  # The next batch fills up meanwhile.
        answer = self.answers.get(self.path.split("?")[0], b"{}")
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, *_):
        pass


class BareClient:
    """Writes a batch again and again, each time under other ids of traces."""

    def __init__(self, batch, experiment):
        self.batch, self.experiment = batch, experiment
        self.ids = list(roots(batch))
        self.written, self.isStopped = 0, False

    def renewed(self):
        batch = self.batch
        for old in self.ids:
            new = secrets.token_hex(16)
            # Some attributes tell the id as text.
            batch = batch.replace(bytes.fromhex(old), bytes.fromhex(new)).replace(old.encode(), new.encode())
        return batch

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", MLFLOW)
        headers = {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": self.experiment}
        while not self.isStopped:
            connection.request("POST", "/v1/traces", self.renewed(), headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit(f"MLflow answers the bare client with {answer.status}.")
            self.written += len(self.ids)

    def during(self, body):
        """Runs a body while it writes. Its rate, and what the body returned."""
        thread = threading.Thread(target=self.run)
        before, begun = self.written, time.perf_counter()
        thread.start()
        result = body()
        rate = (self.written - before) / (time.perf_counter() - begun)
        self.isStopped = True
        thread.join()
        self.isStopped = False
        return rate, result


def traces(port):
    """What became of the traces of a server: {"written": 12, "dropped": 0, "lost": 0}."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/metrics")
    found = re.findall(r'drover_traces_total\{outcome="(\w+)"\} (\d+)', connection.getresponse().read().decode())
    return {name: int(count) for name, count in found}


def drover(bench, port, mlflow):
    more = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{mlflow}", "MLFLOW_EXPERIMENT": "bench"} if mlflow else {}
    process = bench.start(f"drover-{port}", [
        os.path.abspath(bench.options.drover), "serve", "--port", str(port), "--concurrency", str(bench.options.concurrency)],
        LLAMASTACK_BASE_URL=f"http://127.0.0.1:{FAST}", LLAMASTACK_MODEL="scripted/llm", **more)
    bench.wait(f"http://127.0.0.1:{port}/ready")
    return process


def full(bench, name, port, process):
    """Requests a second at full rate, and µs of the processor for each."""
    options, before = bench.options, processor(process.pid)
    rate, _, _, bad = wrk(f"http://127.0.0.1:{port}/invocations", BODY, options.concurrency, options.seconds // 2, bench.directory)
    cost = (processor(process.pid) - before) / (rate * (options.seconds // 2)) * 1e6
    print(f"{name}: {rate:.0f} requests/s, {cost:.0f} µs of the processor each" + (f", {bad} bad answers" if bad else ""), flush=True)
    if bad:
        sys.exit(1)
    return rate


def recorded(bench):
    """What drover writes for a hundred traces."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", RECORDER), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    process = drover(bench, TRACED, RECORDER)
    wrk(f"http://127.0.0.1:{TRACED}/invocations", BODY, bench.options.concurrency, 1, bench.directory)
    bench.stop(process)
    server.shutdown()
    return Recorder.batch


def agent_server(bench, database):
    """AgentServer at full rate with its traces, and how many of them arrive."""
    Path(bench.directory, "agent_traced.py").write_text(SYNC.replace("mlflow.tracing.disable()", ""))
    process = bench.start("agent", [
        os.path.abspath(bench.options.mlflow_python), "-m", "uvicorn", "--port", str(AGENT), "--log-level", "warning",
        "agent_traced:app"], STUB=f"http://127.0.0.1:{FAST}", MLFLOW_TRACKING_URI=f"http://127.0.0.1:{MLFLOW}",
        MLFLOW_EXPERIMENT_NAME="agent-server")
    bench.wait(f"http://127.0.0.1:{AGENT}/invocations", BODY)
    before, begun = written(database), time.perf_counter()
    rate = full(bench, "AgentServer (sync), traced", AGENT, process)
    arrived = (written(database) - before) / (time.perf_counter() - begun)
    print(f"AgentServer (sync), traced: {arrived:.0f} traces/s arrive, {arrived / rate:.2f} of its requests", flush=True)
    bench.stop(process)


def written(database):
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return connection.execute("select count(*) from trace_info").fetchone()[0]


def measure(bench, database):
    options = bench.options
    batch = recorded(bench)
    process = drover(bench, TRACED, MLFLOW)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        experiment = connection.execute("select experiment_id from experiments where name = 'bench'").fetchone()[0]
    bare = BareClient(batch, str(experiment))
    limit, _ = bare.during(lambda: time.sleep(options.seconds))
    print(f"bare client: {limit:.0f} traces/s, {len(bare.ids)} in a batch of {len(batch)} bytes", flush=True)

    before, begun, rate = traces(TRACED), time.perf_counter(), limit * 0.9
    asyncio.run(at_rate(f"http://127.0.0.1:{TRACED}/invocations", BODY, rate, options.seconds))
    lasted, after = time.perf_counter() - begun, traces(TRACED)
    kept, missing = after["written"] - before["written"], sum(after[name] - before[name] for name in ("dropped", "lost"))
    waiting = int(rate * options.seconds) - kept - missing
    print(f"drover serve at {rate:.0f} requests/s for {lasted:.0f} s: {kept} traces written, {missing} dropped, {waiting} wait "
          f"at the end: {kept / lasted / limit:.2f} of the bare client (wanted: 0.90 asked, none dropped, less than a second waits)",
          flush=True)

    plain = drover(bench, PLAIN, None)
    _, untraced = bare.during(lambda: full(bench, "drover serve, untraced beside the bare client", PLAIN, plain))
    before = traces(TRACED)
    traced = full(bench, "drover serve, traced", TRACED, process)
    after = traces(TRACED)
    share = (after["dropped"] - before["dropped"]) / (traced * (options.seconds // 2))
    print(f"drover serve: traced {traced / untraced:.2f} of untraced (wanted: 0.80); {share:.2f} of the traces dropped", flush=True)
    bench.stop(plain)
    bench.stop(process)
    agent_server(bench, database)
    return missing == 0 and waiting <= rate and traced >= 0.8 * untraced


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drover", default=".build/release/drover")
    parser.add_argument("--mlflow-python", required=True)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--concurrency", type=int, default=64)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("`wrk` is not installed.")
    with tempfile.TemporaryDirectory() as directory:
        bench, database = Bench(options, directory), Path(directory, "mlflow.db")
        try:
            bench.stub(STUB)
            Path(directory, "answer").write_bytes(bench.wait(f"http://127.0.0.1:{STUB}/v1/responses", DIRECT))
            if not bench.nginx("fast-stub", FAST, STUB, FILE % directory):
                sys.exit("nginx is not installed.")
            bench.start("mlflow", [
                os.path.abspath(options.mlflow_python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(MLFLOW),
                "-w", "1", "--backend-store-uri", f"sqlite:///{database}", "--artifacts-destination", f"{directory}/artifacts"],
                MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false")
            bench.wait(f"http://127.0.0.1:{MLFLOW}/health")
            sys.exit(0 if measure(bench, database) else 1)
        finally:
            for process in bench.running:
                process.terminate()


if __name__ == "__main__":
    main()
