"""Logging an agent's version, checking many experiments for drift, and planning on a server with several workers.

Drover's times are those of a whole process. The bare client of the drift check is one too: Python's http.client, which
reads the same pages one after the other and decodes them; beside it stands curl, which decodes nothing. That of the
logging has begun already when its time begins: it puts the ids of this time in. The best times are compared: the server
answers the same request in two times, of which the longer is more than double.

Prints times of this machine, and the ratios that drover promises; exit code 1 when one is missed.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from statistics import median

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from mlflow_servers import MODEL, StandIn, curl_config, mlflow_server, recorder, replay, serving  # noqa: E402

DROVER = pathlib.Path(os.environ["DROVER_BINARY"]).resolve()
EXPERIMENTS = 1000
ROUNDS = 5

AGENT = """
import mlflow
from mlflow.pyfunc import ResponsesAgent
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse


class Agent(ResponsesAgent):
    def predict(self, request: ResponsesAgentRequest) -> ResponsesAgentResponse:
        item = self.create_text_output_item("hi", "msg_1")
        return ResponsesAgentResponse(output=[item])


mlflow.models.set_model(Agent())
"""

LOGGING = """
import sys
import mlflow

mlflow.set_experiment("bench-python")
with mlflow.start_run():
    mlflow.pyfunc.log_model(
        name="agent", python_model=sys.argv[1], registered_model_name="bench-python",
        pip_requirements=["mlflow", "httpx"], tags={"round": sys.argv[2]})
"""

READING = """
import sys
from mlflow import MlflowClient

client = MlflowClient()
for number in range(int(sys.argv[1])):
    assert client.get_experiment_by_name(f"bench-{number}").tags["team"] == "support"
"""


PAGES = """
import http.client
import json
import sys

place, file = sys.argv[1:]
connection = http.client.HTTPConnection(place.removeprefix("http://"))
with open(file) as requests:
    for method, path, body, kind in json.load(requests):
        connection.request(method, path, body or None, {"content-type": kind} if kind else {})
        answer = connection.getresponse()
        text = answer.read()
        if (answer.getheader("content-type") or "").startswith("application/json"):
            json.loads(text)
"""


def drover(*arguments: str, mlflow: str, stack: str) -> None:
    environment = {
        "PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "MLFLOW_TRACKING_URI": mlflow,
        "LLAMASTACK_BASE_URL": stack,
        # What is recorded is replayed, and a lock is created once. Programs without the option ignore it.
        "DROVER_NO_LOCK": "1",
    }
    ended = subprocess.run([DROVER, *arguments], env=environment, capture_output=True, text=True)
    if ended.returncode != 0:
        raise SystemExit(f"drover {' '.join(arguments)}: {ended.returncode}\n{ended.stdout}{ended.stderr}")


def python(code: str, *arguments: str, mlflow: str) -> None:
    environment = {**os.environ, "MLFLOW_TRACKING_URI": mlflow}
    subprocess.run([sys.executable, "-c", code, *arguments], env=environment, check=True, capture_output=True)


def seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


class Ratios:
    def __init__(self) -> None:
        self.missed = 0

    def at_least(self, name: str, ratio: float, limit: float) -> None:
        self.tell(name, f"{ratio:.1f} × faster, at least {limit:g} ×", ratio >= limit)

    def at_most(self, name: str, ratio: float, limit: float) -> None:
        self.tell(name, f"{ratio:.2f} ×, at most {limit:g} ×", ratio <= limit)

    def tell(self, name: str, text: str, is_kept: bool) -> None:
        self.missed += not is_kept
        print(f"  {name}: {text}{'' if is_kept else '  MISSED'}")


def logging(work: pathlib.Path, mlflow: str, stack: str, ratios: Ratios) -> None:
    """A changed agent becomes the next version of its registered model."""
    spec = work / "agent.yaml"
    (work / "agent.py").write_text(AGENT)

    def change(number: int) -> None:
        spec.write_text(
            f"drover: v1\nstack: bench\nagents:\n  desk: {{model: {MODEL}, instructions: Answer in {number} words.}}\n")

    def apply(server: str) -> None:
        drover("apply", str(spec), "--yes", mlflow=server, stack=stack)

    change(0)
    apply(mlflow)
    change(1)
    with recorder(mlflow) as (proxy, exchanges):
        apply(proxy)
    ours, bare, scripts = [], [], []
    for number in range(ROUNDS):
        change(2 + number)
        ours.append(seconds(lambda: apply(mlflow)))
        bare.append(replay(mlflow, exchanges))
    for number in range(3):
        scripts.append(seconds(lambda: python(LOGGING, str(work / "agent.py"), str(number), mlflow=mlflow)))
    print(
        f"logging and registering a version: drover {min(ours):.3f} s, bare client {min(bare):.3f} s "
        f"({len(exchanges)} requests), Python script {min(scripts):.2f} s")
    ratios.at_least("against the Python script", min(scripts) / min(ours), 8)
    ratios.at_most("against the bare client", min(ours) / min(bare), 1.5)


def drift(work: pathlib.Path, mlflow: str, stack: str, ratios: Ratios) -> pathlib.Path:
    """All of many experiments are as the spec says."""
    spec = work / "experiments.yaml"
    lines = [f"  bench-{number}: {{tags: {{team: support}}}}" for number in range(EXPERIMENTS)]
    spec.write_text("drover: v1\nstack: drift\nexperiments:\n" + "\n".join(lines) + "\n")
    drover("apply", str(spec), "--yes", mlflow=mlflow, stack=stack)
    with recorder(mlflow) as (proxy, exchanges):
        drover("plan", str(spec), "--exit-code", mlflow=proxy, stack=stack)
    config = curl_config(mlflow, exchanges, work)
    pages = work / "pages.json"
    sent = [(each.method, each.path, each.body.decode(), each.content_type) for each in exchanges]
    pages.write_text(json.dumps(sent))
    ours, bare, curl = [], [], []
    for _ in range(4 * ROUNDS):
        ours.append(seconds(lambda: drover("plan", str(spec), "--exit-code", mlflow=mlflow, stack=stack)))
        bare.append(seconds(lambda: python(PAGES, mlflow, str(pages), mlflow=mlflow)))
        curl.append(seconds(lambda: subprocess.run(["curl", "--config", str(config)], check=True)))
    script = seconds(lambda: python(READING, str(EXPERIMENTS), mlflow=mlflow))
    print(
        f"checking {EXPERIMENTS} experiments: drover {min(ours):.3f} s, bare client {min(bare):.3f} s "
        f"({len(exchanges)} requests), curl {min(curl):.3f} s ({min(ours) / min(curl):.2f} ×), "
        f"MlflowClient {script:.2f} s")
    ratios.at_least("against MlflowClient", script / min(ours), 20)
    ratios.at_most("against the bare client", min(ours) / min(bare), 1)
    return spec


def workers(spec: pathlib.Path, one: str, four: str, stack: str, ratios: Ratios) -> None:
    """A plan on a server that waits for acknowledgements."""
    drover("apply", str(spec), "--yes", mlflow=four, stack=stack)
    times: dict[str, list[float]] = {one: [], four: []}
    for _ in range(4 * ROUNDS):
        for server in times:
            times[server].append(
                seconds(lambda: drover("plan", str(spec), "--exit-code", mlflow=server, stack=stack)))
    single, several = median(times[one]), median(times[four])
    print(f"a plan of a few objects: {single:.3f} s with one worker, {several:.3f} s with four")
    ratios.at_most("four workers against one", several / single, 1.3)


def main() -> int:
    ratios = Ratios()
    with tempfile.TemporaryDirectory(prefix="drover-bench-") as folder, serving(StandIn) as stack:
        work = pathlib.Path(folder)
        with mlflow_server(work / "one", 1) as one:
            logging(work, one, stack, ratios)
            drift(work, one, stack, ratios)
        small = work / "small.yaml"
        small.write_text(
            "drover: v1\nstack: small\nexperiments: {a: {tags: {team: x}}}\nregisteredModels: {m: {}}\n"
            "prompts: {p: {template: Hi}}\n")
        with mlflow_server(work / "single", 1) as one, mlflow_server(work / "four", 4) as four:
            drover("apply", str(small), "--yes", mlflow=one, stack=stack)
            workers(small, one, four, stack, ratios)
    return 1 if ratios.missed else 0


if __name__ == "__main__":
    sys.exit(main())
