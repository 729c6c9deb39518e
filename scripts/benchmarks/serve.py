"""`drover serve` beside MLflow's AgentServer, before one stub of OGX: what each adds to a request, in one run.

    scripts/bench serve [--drover PATH] [--mlflow-python PATH] [--seconds 5] [--concurrency 64]

Needs `wrk`. Without --mlflow-python (one with mlflow, fastapi, uvicorn and httpx) AgentServer is left out. The stub is a Python
program and answers a few thousand requests a second at most: where drover is near it, the ratio to AgentServer is a lower bound.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
SCRIPT = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '%s'
"""
ASKED = '{"input":[{"role":"user","content":"What is the refund window?"}]%s}'
DIRECT = '{"model":"scripted/llm","input":"What is the refund window?","stream":true}'
# The least that an agent of MLflow's can do with the same server: ask it, and hand the items on.
AGENT = '''
import json, os, httpx, mlflow
from mlflow.genai.agent_server import AgentServer, invoke
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse
mlflow.tracing.disable()
client = httpx.AsyncClient(limits=httpx.Limits(max_connections=256))
@invoke()
async def run(request: ResponsesAgentRequest) -> ResponsesAgentResponse:
    body = {"model": "scripted/llm", "input": [item.model_dump(exclude_none=True) for item in request.input], "stream": True}
    async with client.stream("POST", os.environ["STUB"] + "/v1/responses", json=body) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: ") and '"response.completed"' in line:
                whole = json.loads(line[6:])["response"]
    return ResponsesAgentResponse(output=whole["output"])
app = AgentServer("ResponsesAgent").app
'''


def start(command, cwd, **environment):
    log = open(Path(cwd) / f"{Path(command[0]).name}.log", "w+")
    return subprocess.Popen(command, cwd=cwd, stdout=log, stderr=log, env={**os.environ, **environment})


def wait(url):
    for _ in range(600):
        try:
            return urllib.request.urlopen(url, timeout=1).read()
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{url} does not answer.")


def memory(process):
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1]) / 1024


def measure(name, url, body, options, directory, process=None):
    script = Path(directory) / "request.lua"
    script.write_text(SCRIPT % body)
    told = subprocess.run(
        ["wrk", "-t", "2", "-c", str(options.concurrency), "-d", f"{options.seconds}s", "--latency", "-s", str(script), url],
        capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])
    p50, p99 = (re.search(rf"{part}%\s+(\S+)", told)[1] for part in (50, 99))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    resident = f", {memory(process):.0f} MB" if process else ""
    print(f"{name}: {rate:.0f} requests/s, p50 {p50}, p99 {p99}{resident}{f', {bad[1]} bad answers' if bad else ''}", flush=True)
    if bad:
        sys.exit(1)
    return rate


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drover", default=".build/release/drover")
    parser.add_argument("--mlflow-python")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        running = []
        try:
            running.append(start([sys.executable, str(HERE / "stub_ogx.py"), "--port", "18399"], directory))
            stub = "http://127.0.0.1:18399"
            wait(stub)
            direct = measure("the stub alone", f"{stub}/v1/responses", DIRECT, options, directory)
            drover = start(
                [os.path.abspath(options.drover), "serve", "--port", "18398", "--concurrency", str(options.concurrency)],
                directory, LLAMASTACK_BASE_URL=stub, LLAMASTACK_MODEL="scripted/llm")
            running.append(drover)
            wait("http://127.0.0.1:18398/health")
            url = "http://127.0.0.1:18398/invocations"
            own = measure("drover serve", url, ASKED % "", options, directory, drover)
            measure("drover serve, streamed", url, ASKED % ',"stream":true', options, directory, drover)
            print(f"drover serve: {own / direct:.2f} of the stub alone")
            if not options.mlflow_python:
                return
            Path(directory, "agent.py").write_text(AGENT)
            mlflow = start(
                [options.mlflow_python, "-m", "uvicorn", "agent:app", "--port", "18397", "--log-level", "warning"],
                directory, STUB=stub)
            running.append(mlflow)
            wait("http://127.0.0.1:18397/health")
            theirs = measure(
                "AgentServer, async", "http://127.0.0.1:18397/invocations", ASKED % "", options, directory, mlflow)
            print(f"drover serve: {own / theirs:.1f} times AgentServer, {memory(drover) / memory(mlflow):.2f} of its memory")
        finally:
            for process in running:
                process.terminate()


if __name__ == "__main__":
    main()
