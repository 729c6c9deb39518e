"""Applies of many things.

The bare client is Python's http.client in as many threads as drover works on things at a time. It sends the requests that an
apply sends for each thing, one after the other, and those of several things at the same time; what comes before and after
them is sent alone, in drover's order. Both are whole processes; the best times are compared.

Prints times of this machine, and the ratios that drover promises; exit code 1 when one is missed.
"""

import argparse
import json
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from mlflow_kinds import Ratios  # noqa: E402
from mlflow_servers import mlflow_server, recorder  # noqa: E402
from plan import run, timed  # noqa: E402
from stores_stub import MODEL, Store  # noqa: E402

ROUNDS = 3
# In seconds: OGX 1.5 looks once a second whether a file is ingested, however small it is, and many may be under way. With a
# server that takes less, what drover writes into its record meanwhile counts for more: 0.86 at a tenth of it.
INGESTION = 1
BARE = """
import concurrent.futures, http.client, json, sys, threading, urllib.parse

local = threading.local()

def send(chain):
    for base, method, path, body, kind in chain:
        host = urllib.parse.urlsplit(base).netloc
        connection = local.__dict__.setdefault(host, None) or http.client.HTTPConnection(host)
        local.__dict__[host] = connection
        connection.request(method, path, body.encode("latin-1") or None, {"content-type": kind} if kind else {})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 300 or answer.status == 404, (method, path, answer.status, text[:200])
        if (answer.getheader("content-type") or "").startswith("application/json"):
            json.loads(text)

with open(sys.argv[1]) as file:
    steps = json.load(file)
with concurrent.futures.ThreadPoolExecutor(int(sys.argv[2])) as executor:
    for chains in steps:
        list(executor.map(send, chains))
"""


def spec(kind: str, count: int, number: int) -> str:
    names = {"experiments": "{tags: {team: support}}", "prompts": "{template: Be kind., alias: live}"}
    lines = [f"  x{number}-{each}: {names[kind]}" for each in range(count)]
    return "\n".join(["drover: v1", f"stack: s{number}-{kind}", f"{kind}:", *lines]) + "\n"


def steps(exchanges: list[tuple[str, object]], pattern: str) -> list[list]:
    """What is sent alone, and between it the requests of each thing that the pattern names."""
    found: list[list] = []
    things: dict[str, list] = {}
    for base, each in exchanges:
        body = each.body.decode("latin-1")
        request = [base, each.method, each.path, body, each.content_type]
        name = re.search(pattern, each.path + body)
        is_listing = each.path.split("?")[0].endswith("search") or each.method == "GET"
        if name is None or is_listing:
            if things:
                found.append(list(things.values()))
                things = {}
            found.append([[request]])
        else:
            things.setdefault(name.group(0), []).append(request)
    return found + ([list(things.values())] if things else [])


def measure(work: pathlib.Path, mlflow: str, kind: str, count: int, ratios: Ratios) -> None:
    stub = Store()
    folder = work / kind
    folder.mkdir(parents=True)

    def apply(number: int, server: str) -> float:
        (folder / "drover.yaml").write_text(spec(kind, count, number))
        return run(folder, server, stub.url, "apply", "--yes")[0]

    (work / "bare.py").write_text(BARE)
    ours, bare = [], []
    for number in range(ROUNDS):
        with recorder(mlflow) as (proxy, exchanges):
            apply(10 + number, proxy)
        # The same under other names; runs and artifacts of the record are those that are there.
        text = json.dumps(steps([(mlflow, each) for each in exchanges], rf"x{10 + number}-\d+"))
        text = text.replace(f"x{10 + number}-", f"y{number}-").replace(f"s{10 + number}-", f"t{number}-")
        (work / "steps").write_text(text)
        bare.append(timed([sys.executable, work / "bare.py", work / "steps", "10"]))
        ours.append(apply(20 + number, mlflow))
    tell(f"{count} {kind}", ours, bare, len(exchanges), ratios)


def documents(work: pathlib.Path, mlflow: str, count: int, ratios: Ratios) -> None:
    folder = work / "documents"
    (folder / "docs").mkdir(parents=True)
    for number in range(count):
        (folder / f"docs/{number}.txt").write_text(f"Document {number} tells of item {number * 7919 % 10007}.\n")
    (folder / "drover.yaml").write_text(
        f'drover: v1\nstack: docs\nvectorStores: {{kb: {{embeddingModel: {MODEL}, documents: ["docs/*.txt"]}}}}\n')
    (work / "bare.py").write_text(BARE)
    ours, bare = [], []
    for number in range(ROUNDS):
        words = ["apply", "--yes", "--record", f"file:{number}.json"]
        ours.append(run(folder, mlflow, Store(INGESTION).url, *words)[0])
        stub = Store(INGESTION)
        stub.exchanges = exchanges = []
        run(folder, mlflow, stub.url, "apply", "--yes", "--record", f"file:recorded-{number}.json")
        again = Store(INGESTION)
        # Ids count up, so that they are the same again as long as what is counted comes one after the other.
        chains = [[[again.url, each.method, each.path, each.body.decode("latin-1"), each.content_type]] for each in exchanges]
        first = next(at for at, each in enumerate(exchanges) if each.method == "POST" and each.path.endswith("/files"))
        uploads = [chain for chain, each in zip(chains, exchanges) if each.path == "/v1/files" and each.method == "POST"]
        rest = [
            (chain, each) for chain, each in list(zip(chains, exchanges))[first:]
            if not (each.path == "/v1/files" and each.method == "POST")]
        attached = [chain for chain, each in rest if each.path.endswith("/files") and each.method == "POST"]
        others = [[chain] for chain, each in rest if not (each.path.endswith("/files") and each.method == "POST")]
        # The stub takes what it never gave: only the store has to have its id, which is made first.
        steps = [[chain] for chain in chains[:first]] + [uploads, attached] + others
        (work / "steps").write_text(json.dumps(steps))
        bare.append(timed([sys.executable, work / "bare.py", work / "steps", "16"]))
    tell(f"{count} documents", ours, bare, len(exchanges), ratios)


def tell(what: str, ours: list[float], bare: list[float], requests: int, ratios: Ratios) -> None:
    print(f"An apply of {what}: {min(ours):.2f} s, {requests} requests; a bare client {min(bare):.2f} s")
    ratio = min(bare) / min(ours)
    ratios.tell("of the bare client's rate", f"{ratio:.2f}, at least 0.9", ratio >= 0.9)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300)
    count = parser.parse_args().count
    ratios = Ratios()
    with tempfile.TemporaryDirectory(prefix="drover-bench-") as place:
        work = pathlib.Path(place)
        with mlflow_server(work / "mlflow", 1) as mlflow:
            for kind in ("experiments", "prompts"):
                measure(work, mlflow, kind, count, ratios)
            documents(work, mlflow, count, ratios)
    return 1 if ratios.missed else 0


if __name__ == "__main__":
    sys.exit(main())
