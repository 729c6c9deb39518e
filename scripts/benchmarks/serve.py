"""`drover serve` beside MLflow's servers, nginx and the least that its libraries can do, before one stub of OGX, in one run.

    scripts/bench serve [--drover PATH] [--mlflow-python PATH] [--passthrough PATH] [--seconds 5] [--concurrency 64]

Needs `wrk`; with nginx (`apt install nginx-light`) the stub's answers come from a file, so that it is not what limits the others,
and nginx is one of them. --mlflow-python is one with mlflow, fastapi, uvicorn and httpx. --passthrough is built by
`swift build -c release --package-path scripts/benchmarks/passthrough`. What is not there is left out, and said so.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from serve_load import at_rate, memory, streams, wrk

HERE = Path(__file__).parent
ASKED = '{"input":[{"role":"user","content":"What is the refund window?"}]%s}'
STREAMED = ASKED % ',"stream":true'
DIRECT = '{"model":"scripted/llm","input":"What is the refund window?","stream":true}'
# The least that an agent of MLflow's can do with the same server: ask it, and hand the items on.
AGENT = '''
import json, os, httpx, mlflow
from mlflow.genai.agent_server import AgentServer, invoke
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse
mlflow.tracing.disable()
def whole(lines):
    for line in lines:
        if line.startswith("data: ") and '"response.completed"' in line:
            return ResponsesAgentResponse(output=json.loads(line[6:])["response"]["output"])
def asked(request):
    return {"model": "scripted/llm", "input": [item.model_dump(exclude_none=True) for item in request.input], "stream": True}
ADDRESS = os.environ["STUB"] + "/v1/responses"
'''
ASYNC = AGENT + '''
client = httpx.AsyncClient(limits=httpx.Limits(max_connections=256))
@invoke()
async def run(request: ResponsesAgentRequest) -> ResponsesAgentResponse:
    return whole((await client.post(ADDRESS, json=asked(request))).text.splitlines())
app = AgentServer("ResponsesAgent").app
'''
SYNC = AGENT + '''
client = httpx.Client(limits=httpx.Limits(max_connections=256))
@invoke()
def run(request: ResponsesAgentRequest) -> ResponsesAgentResponse:
    return whole(client.post(ADDRESS, json=asked(request)).text.splitlines())
app = AgentServer("ResponsesAgent").app
'''
MODEL = AGENT + '''
from mlflow.pyfunc import ResponsesAgent
client = httpx.Client(limits=httpx.Limits(max_connections=256))
class Agent(ResponsesAgent):
    def predict(self, request):
        return whole(client.post(ADDRESS, json=asked(request)).text.splitlines())
mlflow.models.set_model(Agent())
'''
SAVE = 'import mlflow; mlflow.pyfunc.save_model("model", python_model="model_agent.py", pip_requirements=["mlflow"])'
NGINX = """daemon off; worker_processes 1; pid %(folder)s/%(name)s.pid; error_log stderr crit; %(user)s
events { worker_connections 8192; }
http { access_log off; client_body_temp_path %(folder)s/b; proxy_temp_path %(folder)s/p; fastcgi_temp_path %(folder)s/f;
uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s; keepalive_requests 1000000000; types { } default_type text/event-stream;
upstream behind { server 127.0.0.1:%(behind)d; keepalive 256; keepalive_requests 1000000000; }
server { listen 127.0.0.1:%(port)d backlog=4096;
%(file)s
location / { proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } } }
"""
FILE = "location = /v1/responses { error_page 418 =200 /answer; return 418; } location = /answer { internal; root %s; }"


class Bench:
    def __init__(self, options, directory):
        self.options, self.directory, self.running = options, directory, []

    def start(self, name, command, **environment):
        log = open(Path(self.directory) / f"{name}.log", "w+")
        process = subprocess.Popen(command, cwd=self.directory, stdout=log, stderr=log, env={**os.environ, **environment})
        self.running.append(process)
        return process

    def stop(self, process):
        self.running.remove(process)
        process.terminate()
        process.wait()

    def wait(self, url, body=None):
        for _ in range(6000):
            try:
                ask = urllib.request.Request(url, body and body.encode(), {"content-type": "application/json"})
                return urllib.request.urlopen(ask, timeout=5).read()
            except OSError:
                time.sleep(0.005)
        sys.exit(f"{url} does not answer.")

    def stub(self, port, *options):
        process = self.start(f"stub-{port}", [sys.executable, str(HERE / "stub_ogx.py"), "--port", str(port), *options])
        self.wait(f"http://127.0.0.1:{port}")
        return process

    def nginx(self, name, port, behind, file=""):
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(program):
            return None
        config = Path(self.directory) / f"{name}.conf"
        user = "user root;" if os.getuid() == 0 else ""
        config.write_text(NGINX % {
            "folder": self.directory, "name": name, "port": port, "behind": behind, "file": file, "user": user})
        process = self.start(name, [program, "-p", self.directory, "-c", str(config)])
        self.wait(f"http://127.0.0.1:{port}/v1/version")
        return process

    def drover(self, port, stub, concurrency, *more):
        begun = time.perf_counter()
        process = self.start("drover", [
            os.path.abspath(self.options.drover), "serve", "--port", str(port), "--concurrency", str(concurrency), *more],
            LLAMASTACK_BASE_URL=f"http://127.0.0.1:{stub}", LLAMASTACK_MODEL="scripted/llm")
        self.wait(f"http://127.0.0.1:{port}/health")
        listening = time.perf_counter() - begun
        self.wait(f"http://127.0.0.1:{port}/ready")
        ready = time.perf_counter() - begun
        print(f"drover serve listens after {listening * 1000:.0f} ms, and is ready after {ready * 1000:.0f} ms", flush=True)
        return process

    def measure(self, name, port, path, body, process=None):
        url = f"http://127.0.0.1:{port}{path}"
        self.wait(url, body)
        rate, p50, p99, bad = wrk(url, body, self.options.concurrency, self.options.seconds, self.directory)
        used = memory(process.pid) if process else None
        print(f"{name}: {rate:.0f} requests/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms"
              + (f", {used:.0f} MB" if used else "") + (f", {bad} bad answers" if bad else ""), flush=True)
        if bad:
            sys.exit(1)
        return rate, used


def throughput(bench):
    """At full rate. Returns the rate of drover."""
    options = bench.options
    bench.stub(18399)
    Path(bench.directory, "answer").write_bytes(bench.wait("http://127.0.0.1:18399/v1/responses", DIRECT))
    stub = 18396 if bench.nginx("fast-stub", 18396, 18399, FILE % bench.directory) else 18399
    if stub == 18399:
        print("nginx is not installed: the stub is a Python program, which limits what is measured, and no proxy is.")
    direct, _ = bench.measure("the stub alone", stub, "/v1/responses", DIRECT)
    drover = bench.drover(18398, stub, options.concurrency)
    own, used = bench.measure("drover serve", 18398, "/invocations", ASKED % "", drover)
    streamed, used = bench.measure("drover serve, streamed", 18398, "/invocations", STREAMED, drover)
    print(f"drover serve: {own / direct:.2f} of the stub alone")
    if options.passthrough and os.path.exists(options.passthrough):
        bare = bench.start("passthrough", [os.path.abspath(options.passthrough), "18395", f"http://127.0.0.1:{stub}"])
        rate, _ = bench.measure("bare pass-through", 18395, "/v1/responses", DIRECT, bare)
        print(f"drover serve: {own / rate:.2f} of the bare pass-through, streamed {streamed / rate:.2f} (wanted: 0.80)")
        bench.stop(bare)
    else:
        print("The bare pass-through is not built: it is left out.")
    if proxy := bench.nginx("proxy", 18394, stub):
        rate, _ = bench.measure("nginx as a proxy", 18394, "/v1/responses", DIRECT, proxy)
        print(f"drover serve: {own / rate:.2f} of nginx, streamed {streamed / rate:.2f} (aim: 0.50)")
        bench.stop(proxy)
    if options.mlflow_python:
        theirs(bench, stub, own, used)
    else:
        print("Without --mlflow-python MLflow's servers are left out.")
    latency(bench, stub, own, streamed)
    bench.stop(drover)


def theirs(bench, stub, own, used):
    python, folder = os.path.abspath(bench.options.mlflow_python), Path(bench.directory)
    for module, text in [("agent_async", ASYNC), ("agent_sync", SYNC), ("model_agent", MODEL)]:
        (folder / f"{module}.py").write_text(text)
    environment = {"STUB": f"http://127.0.0.1:{stub}", "PATH": f"{Path(python).parent}:{os.environ['PATH']}"}
    uvicorn = ["-m", "uvicorn", "--port", "18397", "--log-level", "warning"]
    subprocess.run([python, "-c", SAVE], cwd=folder, env={**os.environ, **environment}, check=True, capture_output=True)
    serve = ["-m", "mlflow", "models", "serve", "-m", "model", "--env-manager", "local", "--port", "18397"]
    for name, command, wanted in [
            ("AgentServer, async", [*uvicorn, "agent_async:app"], "6"), ("AgentServer, sync", [*uvicorn, "agent_sync:app"], "6"),
            ("mlflow models serve", serve, "20")]:
        process = bench.start("mlflow", [python, *command], **environment)
        rate, memory = bench.measure(name, 18397, "/invocations", ASKED % "", process)
        print(f"drover serve: {own / rate:.1f} times {name} (wanted: {wanted}), {used / memory:.2f} of its memory (wanted: 0.20)")
        bench.stop(process)


def latency(bench, stub, whole, streamed):
    """At a quarter of the capacity for each kind of answer, beside the stub itself."""
    for name, body, capacity in [("whole", ASKED % "", whole), ("streamed", STREAMED, streamed)]:
        values = [asyncio.run(at_rate(url, body, capacity / 4, bench.options.seconds)) for url, body in [
            (f"http://127.0.0.1:{stub}/v1/responses", DIRECT), ("http://127.0.0.1:18398/invocations", body)]]
        told = [" / ".join(f"{value[part]:.2f}" for value in values) for part in range(3)]
        added = [values[1][part] - values[0][part] for part in range(3)]
        print(f"at {capacity / 4:.0f} requests/s, {name}, stub / drover: p50 {told[0]} ms, p99 {told[1]} ms, first byte {told[2]} ms: "
              f"{added[0]:.2f}, {added[1]:.2f} and {added[2]:.2f} ms more (wanted: 0.5, 3 and 1)", flush=True)


def open_streams(bench):
    """1,000 streams at once, and what a piece costs."""
    count = 1000
    bench.stub(18389, "--words", "400", "--pieces", "48", "--pause", "0.25")
    drover = bench.drover(18388, 18389, count)
    idle = memory(drover.pid, peak=False)
    proxy, costs = bench.nginx("proxy", 18387, 18389), []
    for name, port, path, body, process in [
            ("drover serve", 18388, "/invocations", STREAMED, drover), ("nginx", 18387, "/v1/responses", DIRECT, proxy)]:
        if process is None:
            continue
        used, cost = asyncio.run(streams(f"http://127.0.0.1:{port}{path}", body, count, process.pid))
        costs.append(cost)
        more = f" ({used - idle:.0f} more than idle; wanted: 120)" if process is drover else ""
        print(f"{name}: {count} open streams take {used:.0f} MB{more}; a piece costs {cost:.0f} µs of the processor", flush=True)
    if len(costs) == 2:
        print(f"drover serve: {costs[0] / costs[1]:.1f} times what nginx needs for a piece (wanted: 2)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drover", default=".build/release/drover")
    parser.add_argument("--mlflow-python")
    parser.add_argument("--passthrough", default=str(HERE / "passthrough/.build/release/passthrough"))
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=64)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("`wrk` is not installed.")
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(options, directory)
        try:
            throughput(bench)
            open_streams(bench)
        finally:
            for process in bench.running:
                process.terminate()


if __name__ == "__main__":
    main()
