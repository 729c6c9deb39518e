"""Bringing documents to OGX, and planning many of them.

The bare client is Python's http.client in threads. It sends what drover sends, as drover sends it: 16 documents at a time,
of which 4 are being uploaded; the store marked as unsettled before; the last document alone; then one search for every 50
of them, and the store marked as ready. Both are whole processes; the best times are compared. What both brought is looked
for after the server was killed and started again. Then up to 1,000 documents come into one store of a fresh server, some more each
time: OGX reads the files of the whole store for each page of a listing, so a plan takes longer with their square.

Prints times of this machine, and PASS or FAIL for what drover promises; exit code 1 when something is missed.
"""

import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator

DROVER = pathlib.Path(os.environ["DROVER_BINARY"]).resolve()
DOCUMENTS = 400
ROUNDS = 2
SECONDS = 40
CURVE = (125, 250, 500, 1000)
RATIO = 1.2
MANY = 10_000
MANY_BYTES = 100_000
MEBIBYTES = 150
MODEL = "lab-embed/embed"
CONCURRENCY, UPLOADS, FOUND = 16, 4, 50


class Client:
    """Requests over one connection for each thread."""

    def __init__(self, base: str) -> None:
        self.host = urllib.parse.urlparse(base).netloc
        self.threads = threading.local()

    def call(self, method: str, path: str, body: object = None, kind: str = "application/json") -> dict:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        for is_last in (False, True):
            connection = getattr(self.threads, "connection", None)
            if connection is None:
                connection = self.threads.connection = http.client.HTTPConnection(self.host, timeout=600)
            try:
                connection.request(method, path, data, {"Content-Type": kind} if data else {})
                response = connection.getresponse()
                answer = response.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                del self.threads.connection  # The server closes what nobody uses for five seconds.
                if is_last:
                    raise
                continue
            if response.status >= 300:
                raise SystemExit(f"{method} {path}: {response.status} {answer[:300]!r}")
            return json.loads(answer)
        raise AssertionError

    def search(self, store: str, marks: list[str]) -> set[str]:
        body = {
            "query": "drover looks for what it brought", "max_num_results": FOUND,
            "filters": {"type": "in", "key": "drover", "value": marks}}
        found = self.call("POST", f"/v1/vector_stores/{store}/search", body)["data"]
        return {each["attributes"]["drover"] for each in found}


def bare(base: str, texts: list[str]) -> None:
    """The whole of the bare client."""
    client = Client(base)
    uploads = threading.Semaphore(UPLOADS)
    metadata = {"drover.stack": "bare"}
    store = client.call("POST", "/v1/vector_stores", {"name": "bare", "embedding_model": MODEL, "metadata": metadata})
    place = f"/v1/vector_stores/{store['id']}"

    def mark(phase: str, **more: str) -> None:
        client.call("POST", place, {"metadata": store["metadata"] | {"drover.phase": phase} | more})

    def bring(number: int) -> str:
        boundary = "drover-0123456789abcdef"
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n--{boundary}\r\n'
            f'Content-Disposition: form-data; name="file"; filename="{number}.txt"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n")
        form = f"{head}{texts[number]}\r\n--{boundary}--\r\n".encode()
        with uploads:
            file = client.call("POST", "/v1/files", form, f"multipart/form-data; boundary={boundary}")["id"]
        name = f"bare:{file[-16:]}"
        attached = client.call("POST", f"{place}/files", {"file_id": file, "attributes": {"drover": name}})
        assert attached["status"] == "completed", attached
        return name

    mark("unsettled")
    with concurrent.futures.ThreadPoolExecutor(CONCURRENCY) as executor:
        marks = list(executor.map(bring, range(len(texts) - 1)))
    mark("unsettled", **{"drover.last": "bare:last"})
    marks.append(bring(len(texts) - 1))
    groups = [marks[start : start + FOUND] for start in range(0, len(marks), FOUND)]
    with concurrent.futures.ThreadPoolExecutor(UPLOADS) as executor:
        found = set().union(*executor.map(lambda group: client.search(store["id"], group), groups))
    assert found == set(marks), f"{len(found)} of {len(marks)} are found"
    mark("ready")


class Lab:
    """An OGX of our own."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}

    def drover(self, *arguments: str) -> tuple[float, int]:
        """Runs it to its end; its seconds, and the most memory that it had, in KiB."""
        start = time.perf_counter()
        with (self.folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [DROVER, *arguments], cwd=self.folder, env=self.environment, stdout=output, stderr=output)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if process.returncode != 0:
            text = (self.folder / "output").read_text(errors="replace")
            raise SystemExit(f"drover {' '.join(arguments)}: {process.returncode}\n{text[-3000:]}")
        return seconds, usage.ru_maxrss

    def start(self) -> None:
        self.drover("lab", "up", "--start-limit", "240")

    def stop(self) -> None:
        self.drover("lab", "down", "--purge")

    @property
    def file(self) -> dict:
        return json.loads((self.folder / ".drover/lab.json").read_text())

    @property
    def base(self) -> str:
        return self.file["llamastack"]["url"]

    def kill(self) -> None:
        process = next(each for each in self.file["processes"] if each["name"] == "llamastack")
        os.kill(process["pid"], signal.SIGKILL)


def texts(number: int) -> list[str]:
    """Small documents, other ones each time."""
    return [f"Document {each} of round {number} tells of item {each * 7919 % 10007}.\n" for each in range(DOCUMENTS)]


def apply(lab: Lab, number: int) -> float:
    folder = lab.folder / f"round-{number}"
    (folder / "docs").mkdir(parents=True)
    for each, text in enumerate(texts(number)):
        (folder / f"docs/{each}.txt").write_text(text)
    (folder / "drover.yaml").write_text(
        f"drover: v1\nstack: round-{number}\n"
        f'vectorStores: {{round-{number}: {{embeddingModel: {MODEL}, documents: ["docs/*.txt"]}}}}\n')
    return lab.drover("apply", folder.name, "--yes", "--record", f"file:{folder}/record.json")[0]


def marks(client: Client, store: str) -> Iterator[str]:
    after = ""
    while True:
        page = client.call("GET", f"/v1/vector_stores/{store}/files?limit=100&order=asc{after}")
        yield from (each["attributes"]["drover"] for each in page["data"])
        if not page["has_more"]:
            return
        after = f"&after={page['last_id']}"


def found_after_restart(lab: Lab) -> list[tuple[int, int]]:
    """Of each store, how many documents are listed, and how many are found."""
    lab.kill()
    lab.start()
    client = Client(lab.base)
    counts = []
    for store in client.call("GET", "/v1/vector_stores?limit=100")["data"]:
        listed = list(marks(client, store["id"]))
        groups = [listed[start : start + FOUND] for start in range(0, len(listed), FOUND)]
        found = set().union(*(client.search(store["id"], group) for group in groups))
        counts.append((len(listed), len(found)))
    return counts


def plan_of_many(lab: Lab) -> int:
    """The most memory of a plan of many documents, in KiB."""
    folder = lab.folder / "many"
    (folder / "docs").mkdir(parents=True)
    line = "All of this is here to be read once, in pieces, and held nowhere.\n"
    filler = (line * (MANY_BYTES // len(line) + 1))[: MANY_BYTES - 6]
    for number in range(MANY):
        (folder / f"docs/{number}.txt").write_text(f"{number:05}\n{filler}")
    (folder / "drover.yaml").write_text(
        "drover: v1\nstack: many\n"
        f'vectorStores: {{many: {{embeddingModel: {MODEL}, documents: ["docs/*.txt"]}}}}\n')
    seconds, memory = lab.drover("plan", "many", "--record", f"file:{folder}/record.json")
    print(f"a plan of {MANY} documents of {MANY_BYTES // 1000} KB: {seconds:.2f} s, {memory / 1024:.0f} MiB")
    return memory


def curve(lab: Lab) -> None:
    """What an apply and a plan take, of more and more documents in one store."""
    lab.stop()
    lab.start()
    folder = lab.folder / "curve"
    (folder / "docs").mkdir(parents=True)
    (folder / "drover.yaml").write_text(
        f'drover: v1\nstack: curve\nvectorStores: {{curve: {{embeddingModel: {MODEL}, documents: ["docs/*.txt"]}}}}\n')
    before = 0
    for count in CURVE:
        for number in range(before, count):
            (folder / f"docs/{number}.txt").write_text(f"Document {number} of the curve tells of item {number * 7919 % 10007}.\n")
        record = f"file:{folder}/record.json"
        applied = lab.drover("apply", "curve", "--yes", "--record", record)[0]
        planned = lab.drover("plan", "curve", "--exit-code", "--record", record)[0]
        print(f"{count} documents in one store: {count - before} more in {applied:.1f} s, then a plan in {planned:.1f} s", flush=True)
        before = count


class Promises:
    def __init__(self) -> None:
        self.missed = 0

    def tell(self, text: str, is_kept: bool) -> None:
        self.missed += not is_kept
        print(f"  {'PASS' if is_kept else 'FAIL'}  {text}", flush=True)


def main() -> int:
    if sys.argv[1:2] == ["bare"]:
        bare(sys.argv[2], texts(int(sys.argv[3])))
        return 0
    promises = Promises()
    with tempfile.TemporaryDirectory(prefix="drover-bench-") as place:
        lab = Lab(pathlib.Path(place))
        try:
            lab.start()
            measure(lab, promises)
        finally:
            lab.stop()
    return 1 if promises.missed else 0


def measure(lab: Lab, promises: Promises) -> None:
    ours, theirs = [], []
    for number in range(ROUNDS):
        ours.append(apply(lab, number))
        start = time.perf_counter()
        subprocess.run([sys.executable, __file__, "bare", lab.base, str(number)], check=True)
        theirs.append(time.perf_counter() - start)
        print(f"{DOCUMENTS} documents: drover {ours[-1]:.1f} s, bare client {theirs[-1]:.1f} s", flush=True)
    promises.tell(f"{min(ours):.1f} s, under {SECONDS} s", min(ours) < SECONDS)
    ratio = min(ours) / min(theirs)
    promises.tell(f"{ratio:.2f} × the bare client, at most {RATIO:g} ×", ratio <= RATIO)
    counts = found_after_restart(lab)
    told = ", ".join(f"{found} of {listed}" for listed, found in counts)
    is_whole = len(counts) == 2 * ROUNDS and all(each == (DOCUMENTS, DOCUMENTS) for each in counts)
    promises.tell(f"found after the server was killed and started again: {told}", is_whole)
    curve(lab)
    memory = plan_of_many(lab) / 1024
    promises.tell(f"{memory:.0f} MiB, under {MEBIBYTES} MiB", memory < MEBIBYTES)


if __name__ == "__main__":
    sys.exit(main())
