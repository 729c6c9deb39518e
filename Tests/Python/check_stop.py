"""Stops `drover serve` by SIGTERM under load, and counts the answers to all requests that it has accepted.

    python check_stop.py --drover .build/debug/drover

Clients ask one question after the other until they are refused, whole and streamed, over new connections and kept ones, before a
stand-in for OGX whose answers take a second, so that many are in flight when the signal comes. Exit code 0 when each request that
stands in the log of requests, or was put to the server behind, was answered as a whole to its client, and drover ended well; else
1 and what is not so.
"""

import argparse
import collections
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

STUB = Path(__file__).resolve().parents[2] / "scripts" / "benchmarks" / "stub_ogx.py"
TEXT = "The refund window is 30 days."
CLIENTS = 48
SECONDS = 60  # What takes longer hangs.


class Load:
    """Clients in threads; what became of their requests."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.ask, args=(number,), daemon=True) for number in range(CLIENTS)]

    def note(self, outcome: str) -> None:
        with self.lock:
            self.outcomes[outcome] += 1

    def ask(self, number: int) -> None:
        """Asks until the server is gone; every other client streams, half of them keep their connections."""
        streams, keeps = number % 2 == 0, number % 4 < 2
        connection = None
        while True:
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
                    connection.connect()
            except OSError:
                return self.note("refused")
            try:
                body = json.dumps({"input": "What is the refund window?", "stream": streams})
                connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
            except TimeoutError:
                return self.note("hung")
            except (OSError, http.client.HTTPException):
                return self.note("not accepted")  # The log of requests has to agree.
            try:
                said = answer.read().decode()
            except (OSError, http.client.HTTPException) as problem:
                return self.note(f"cut: {problem!r}")
            if answer.status != 200 or TEXT not in said or streams and not said.endswith("data: [DONE]\n\n"):
                return self.note(f"{answer.status}: {said[-200:]}")
            self.note("answered")
            if answer.will_close or not keeps:
                connection.close()
                connection = None


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def is_stopping(port: int) -> bool:
    """Whether it says that it is not ready, before it takes no more connections."""
    try:
        get(f"http://127.0.0.1:{port}/ready")
    except urllib.error.HTTPError as answer:
        return answer.code == 503
    return False


def wait(is_so, process: subprocess.Popen) -> bool:
    """Until something is so, at most a minute."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if is_so():
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def port_of(notes: Path) -> int | None:
    """Where drover says that it listens."""
    for line in notes.read_text().splitlines():
        if line.startswith("Listening on http://127.0.0.1:") and line.endswith("."):
            return int(line.split(":")[2].split(".")[0])
    return None


def stop(drover: subprocess.Popen, behind: str, folder: Path) -> list[str]:
    notes = folder / "notes"
    if not wait(lambda: (port := port_of(notes)) and get(f"http://127.0.0.1:{port}/ready") is not None, drover):
        return ["It is not ready."]
    load = Load(port_of(notes))
    for thread in load.threads:
        thread.start()
    # A second round is under way.
    is_loaded = wait(
        lambda: load.outcomes["answered"] >= CLIENTS and json.loads(get(behind))["open"] >= CLIENTS // 2, drover)
    drover.send_signal(signal.SIGTERM)
    is_told = wait(lambda: is_stopping(load.port), drover)
    for thread in load.threads:
        thread.join(2 * SECONDS)
    code = drover.wait(SECONDS)
    outcomes = load.outcomes
    print(f"{dict(outcomes)}, code {code}")
    problems = [] if is_loaded else ["There was no load when it was stopped."]
    if not is_told:
        problems.append("Nobody was told that it is not ready any more.")
    if code != 0:
        problems.append(f"It ended with {code}.")
    if any(thread.is_alive() for thread in load.threads):
        problems.append("Clients still wait.")
    if wrong := set(outcomes) - {"answered", "refused", "not accepted"}:
        problems.append(f"Requests were not answered: {wrong}")
    lines = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    statuses = collections.Counter(line["status"] for line in lines if line["path"] == "/invocations")
    if statuses != {200: outcomes["answered"]}:
        problems.append(f"The log has {dict(statuses)}, and {outcomes['answered']} were answered.")
    if (asked := json.loads(get(behind))["responses"]) != outcomes["answered"]:
        problems.append(f"{asked} were put to the server behind, and {outcomes['answered']} were answered.")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--drover", required=True)
    program = os.path.abspath(parser.parse_args().drover)
    stub = subprocess.Popen(
        [sys.executable, STUB, "--delay", "1", "--text", TEXT, "--pieces", "3", "--pause", "0.05"], stdout=subprocess.PIPE,
        text=True)
    drover = None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            behind = stub.stdout.readline().strip()
            with open(folder / "log", "w") as log, open(folder / "notes", "w") as notes:
                drover = subprocess.Popen(
                    [program, "serve", "--port", "0"], cwd=folder, stdout=log, stderr=notes,
                    env={**os.environ, "LLAMASTACK_BASE_URL": behind, "LLAMASTACK_MODEL": "scripted/llm"})
            problems = stop(drover, behind, folder)
            if problems:
                print("\n".join(problems), (folder / "notes").read_text(), sep="\n")
            return 1 if problems else 0
        finally:
            for process in (drover, stub):
                if process:
                    process.kill()
                    process.wait()


if __name__ == "__main__":
    sys.exit(main())
