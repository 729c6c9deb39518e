"""Plans that change nothing, and hashing.

The bare client is Python's http.client, one thread for each listing that drover reads at the same time; the script looks for
every thing with MlflowClient, and for the documents with OpenAI's client where it is installed and with http.client where it
is not. Drover, the bare client and the script are whole processes; the best times are compared. What an `openssl dgst` does
on all cores is compared with what a plan takes longer that has to hash than one that need not.

Prints times of this machine, and the ratios that drover promises; exit code 1 when one is missed.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from mlflow_kinds import Ratios  # noqa: E402
from mlflow_servers import mlflow_server, recorder  # noqa: E402
from stores_stub import MODEL, Store  # noqa: E402

DROVER = pathlib.Path(os.environ["DROVER_BINARY"]).resolve()
ROUNDS = 5
CORES = os.cpu_count() or 1

BARE = """
import concurrent.futures, http.client, json, sys, urllib.parse

def read(chain):
    connections = {}
    for base, method, path, body, kind in chain:
        host = urllib.parse.urlsplit(base).netloc
        connection = connections.setdefault(host, http.client.HTTPConnection(host))
        connection.request(method, path, body or None, {"content-type": kind} if kind else {})
        answer = connection.getresponse()
        text = answer.read()
        if (answer.getheader("content-type") or "").startswith("application/json"):
            json.loads(text)

with open(sys.argv[1]) as file:
    chains = json.load(file)
with concurrent.futures.ThreadPoolExecutor(int(sys.argv[2])) as executor:
    list(executor.map(read, chains))
"""

SCRIPT = """
import json, sys, urllib.request
from mlflow import MlflowClient

spec = json.load(open(sys.argv[1]))
client = MlflowClient(spec["mlflow"])
for name in spec["experiments"]:
    assert client.get_experiment_by_name(name).tags["team"] == "support"
for name in spec["prompts"]:
    client.get_prompt(name)
    client.get_prompt_version_by_alias(name, "live")
for name in spec["registeredModels"]:
    assert client.get_registered_model(name).tags["team"] == "support"
try:
    from openai import OpenAI
    stack = OpenAI(base_url=spec["stack"] + "/v1", api_key="none")
    for store in stack.vector_stores.list(limit=100):
        for file in stack.vector_stores.files.list(store.id, limit=100):
            assert file.attributes["drover"]
except ImportError:
    def get(path):
        with urllib.request.urlopen(spec["stack"] + path) as answer:
            return json.load(answer)
    for store in get("/v1/vector_stores?limit=100")["data"]:
        after = ""
        while True:
            page = get(f"/v1/vector_stores/{store['id']}/files?limit=100&order=asc{after}")
            assert all(each["attributes"]["drover"] for each in page["data"])
            if not page["has_more"]:
                break
            after = "&after=" + page["last_id"]
"""


def run(folder: pathlib.Path, mlflow: str, stack: str, *words: str) -> tuple[float, float, int, str]:
    """Seconds, own seconds of the processor, the most memory in KiB, and what it said."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "MLFLOW_TRACKING_URI": mlflow, "LLAMASTACK_BASE_URL": stack}
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([DROVER, *words], cwd=folder, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        output.seek(0)
        text = output.read().decode()
    if process.returncode != 0:
        raise SystemExit(f"drover {' '.join(words)}: {process.returncode}\n{text[-3000:]}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, text


def write(folder: pathlib.Path, things: int, documents: int) -> dict:
    """A spec of so many things, and what it declares."""
    third = things // 3
    names = {
        "experiments": [f"e{things}-{number}" for number in range(things - 2 * third - 1)],
        "registeredModels": [f"m{things}-{number}" for number in range(third)], "prompts": [f"p{things}-{number}" for number in range(third)]}
    fields = {
        "experiments": "{tags: {team: support}}", "registeredModels": "{tags: {team: support}}",
        "prompts": "{template: Be kind., alias: live}"}
    lines = ["drover: v1", f"stack: bench-{things}"]
    for kind, each in names.items():
        lines += [f"{kind}:", *(f"  {name}: {fields[kind]}" for name in each)]
    lines.append(f'vectorStores: {{kb: {{embeddingModel: {MODEL}, embeddingDimension: 8, documents: ["docs/*.txt"]}}}}')
    (folder / "docs").mkdir(parents=True)
    for number in range(documents):
        (folder / f"docs/{number}.txt").write_text(f"Document {number} tells of item {number * 7919 % 10007}.\n")
    (folder / "drover.yaml").write_text("\n".join(lines) + "\n")
    return names


def chains(exchanges: list[tuple[str, object]]) -> list[list]:
    """The requests of each listing, one after the other."""
    found: dict[str, list] = {}
    for base, each in exchanges:
        # Searches of several kinds are told apart by what they look for.
        body = each.body.decode()
        place = urllib.parse.urlsplit(each.path)
        pages = {key: value for key, value in urllib.parse.parse_qsl(place.query) if key not in ("after", "page_token")}
        key = json.dumps([place.path, pages, "page_token" not in body and body])
        found.setdefault(key, []).append([base, each.method, each.path, body, each.content_type])
    return list(found.values())


def no_op(work: pathlib.Path, mlflow: str, things: int, documents: int, ratios: Ratios, most: int | None) -> int:
    folder = work / str(things)
    names = write(folder, things, documents)
    stub = Store()
    run(folder, mlflow, stub.url, "apply", "--yes")
    time.sleep(2.1)  # Until the digests of files are kept.
    run(folder, mlflow, stub.url, "plan")
    told = json.loads(run(folder, mlflow, stub.url, "plan", "--format", "json")[3])
    assert not told["changed"], told
    stub.exchanges = []
    with recorder(mlflow) as (proxy, of_mlflow):
        run(folder, proxy, stub.url, "plan")
    pairs = [(mlflow, each) for each in of_mlflow] + [(stub.url, each) for each in stub.exchanges]
    stub.exchanges = None
    (work / "chains").write_text(json.dumps(chains(pairs)))
    (work / "bare.py").write_text(BARE)
    (work / "script.py").write_text(SCRIPT)
    (work / "script.json").write_text(json.dumps({"mlflow": mlflow, "stack": stub.url, **names}))
    ours, bare, processor = [], [], []
    for _ in range(ROUNDS):
        seconds, own, _, _ = run(folder, mlflow, stub.url, "plan")
        ours.append(seconds)
        processor.append(own)
        bare.append(timed([sys.executable, work / "bare.py", work / "chains", "10"]))
    script = timed([sys.executable, work / "script.py", work / "script.json"])
    print(
        f"A plan of {things} things and {documents} documents that changes nothing: {told['requests']} requests, "
        f"{min(ours):.2f} s, {min(processor):.2f} s of the processor; a bare client {min(bare):.2f} s, a script {script:.1f} s")
    if most:
        ratios.tell("requests", f"{told['requests']}, at most {most}", told["requests"] <= most)
    ratios.at_most("beside the bare client", min(ours) / min(bare), 1.3)
    ratios.at_least("beside the script", script / min(ours), 5)
    ratios.tell("own time of the processor", f"{min(processor):.2f} s, at most 1 s", min(processor) <= 1)
    return told["requests"]


def timed(words: list) -> float:
    start = time.perf_counter()
    ended = subprocess.run(words, capture_output=True, text=True)
    if ended.returncode != 0:
        raise SystemExit(f"{words}: {ended.returncode}\n{ended.stderr}")
    return time.perf_counter() - start


def hashing(work: pathlib.Path, mlflow: str, megabytes: int, ratios: Ratios) -> None:
    folder = work / "large"
    (folder / "docs").mkdir(parents=True)
    block = os.urandom(1 << 20)
    size = 16
    paths = [folder / f"docs/{number}.bin.txt" for number in range(megabytes // size)]
    for number, path in enumerate(paths):
        with path.open("wb") as file:
            for part in range(size):
                file.write(number.to_bytes(4, "big") + part.to_bytes(4, "big") + block[8:])
    (folder / "drover.yaml").write_text(
        f'drover: v1\nstack: large\nvectorStores: {{kb: {{embeddingModel: {MODEL}, documents: ["docs/*.txt"]}}}}\n')
    stub = Store()
    time.sleep(2.1)
    words = ["xargs", "-n", "4", "-P", str(CORES), "openssl", "dgst", "-sha256"]
    openssl, first, again, memory = [], [], [], 0
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(words, input="\n".join(map(str, paths)), text=True, check=True, capture_output=True)
        openssl.append(time.perf_counter() - start)
        for cached in (folder / ".cache/drover/digests").glob("*"):
            cached.unlink()
        seconds, _, most, _ = run(folder, mlflow, stub.url, "plan")
        first.append(seconds)
        memory = max(memory, most)
        again.append(run(folder, mlflow, stub.url, "plan")[0])
    took = min(first) - min(again)
    rate = megabytes / took / CORES
    print(
        f"Hashing {megabytes} MB: {took:.2f} s more than a plan that hashes nothing ({min(again):.2f} s), {rate:.0f} MB/s per "
        f"core; openssl {min(openssl):.2f} s; {memory / 1024:.0f} MB of memory")
    ratios.tell("of openssl's rate", f"{min(openssl) / took:.2f}, at least 0.8", min(openssl) / took >= 0.8)
    ratios.tell("memory", f"{memory / 1024:.0f} MB, at most 100 MB", memory <= 100 * 1024)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="a tenth of everything, to see that it runs")
    part = 10 if parser.parse_args().small else 1
    ratios = Ratios()
    with tempfile.TemporaryDirectory(prefix="drover-bench-") as place:
        work = pathlib.Path(place)
        with mlflow_server(work / "mlflow", 1) as mlflow:
            few = no_op(work, mlflow, 100 // part, 1000 // part, ratios, 25)
            many = no_op(work, mlflow, 1000 // part, 10_000 // part, ratios, None)
            pages = 9 * 10 // part  # Of 100 documents each; the other listings hold a thousand and more.
            ratios.tell("requests grow with pages", f"{few} → {many}, at most {few + pages + 12}", many <= few + pages + 12)
            hashing(work, mlflow, 1024 // part, ratios)
    return 1 if ratios.missed else 0


if __name__ == "__main__":
    sys.exit(main())
