"""Two people at once: applies of different specs of one stack on a real MLflow.

    python3 together.py --drover PROGRAM [--rounds 20] [--contenders 8 --acquisitions 100] [--mlflow URL]

A round draws two specs of experiments, prompts and registered models from the seed, which is printed, and applies both at
the same time. Each ends with 0, or is refused: 7 when the plan that it agreed to is not the plan any more, 8 when it did not
get the lock in time. What is left is then what one of them leaves alone or after the other; those that were refused are run
again, and what is left is what the two leave in one of the two orders.

Contenders apply specs of their own again and again, until together they had the lock so often. Some are killed and some are
stopped for longer than a lease. By the order in which MLflow answered, a holder changes nothing once the lock is another's,
apart from the requests that were on their way (`--parallelism`). Prints counts; exit code 1 when something was wrong.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

import gateway
import world

REFUSALS = (7, 8)
# Longer than a lease of 30 s.
PAUSE = 36


class Spec:
    """A spec in a folder of its own; the words in it tell whose it is."""

    def __init__(self, folder: pathlib.Path, name: str, draw: random.Random) -> None:
        self.name, self.path = name, folder / name
        self.path.mkdir(parents=True, exist_ok=True)
        things = {
            "experiments": "description: {0}, tags: {{by: {0}}}, onDelete: delete",
            "registeredModels": "description: {0}, tags: {{by: {0}}}, onDelete: delete",
            "prompts": "template: Be {0}., tags: {{by: {0}}}, alias: live",
        }
        lines = ["drover: v1", "stack: pair"]
        for kind, fields in things.items():
            chosen = [f"{kind.lower()[:4]}-{number}" for number in range(5) if draw.random() < 0.6] or [f"{kind.lower()[:4]}-0"]
            lines.append(f"{kind}: {{{', '.join(f'{each}: {{{fields.format(name)}}}' for each in chosen)}}}")
        (self.path / "drover.yaml").write_text("\n".join(lines) + "\n")


class Stack:
    def __init__(self, program: str, folder: pathlib.Path, mlflow: str) -> None:
        self.program, self.folder, self.mlflow = program, folder, mlflow
        self.counts: collections.Counter[str] = collections.Counter()

    def start(self, *words: str, mlflow: str | None = None) -> subprocess.Popen:
        return subprocess.Popen(
            [self.program, *words, "--mlflow-url", mlflow or self.mlflow], cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *words: str) -> tuple[int, str]:
        process = self.start(*words)
        output, _ = process.communicate(timeout=300)
        return process.returncode, output

    def succeed(self, *words: str) -> None:
        code, output = self.run(*words)
        if code != 0:
            raise SystemExit(f"drover {' '.join(words)}: {code}\n{output}")

    def world(self) -> list[str]:
        lines = [line for line in world.of_mlflow(self.mlflow) if not line.startswith("run of drover/")]
        self.counts["worlds compared"] += 1
        return sorted(lines)

    def after(self, *specs: Spec) -> list[str]:
        """What these leave, one after the other."""
        self.succeed("destroy", str(specs[0].path), "--yes")
        for spec in specs:
            self.succeed("apply", str(spec.path), "--yes")
        return self.world()

    def wrong(self, what: str, text: str) -> None:
        self.counts["wrong"] += 1
        print(f"WRONG: {what}\n{text}", flush=True)


def difference(wanted: list[str], found: list[str]) -> str:
    wanted_lines, found_lines = collections.Counter(wanted), collections.Counter(found)
    return "\n".join(
        [f"- {line[:200]}" for line in (wanted_lines - found_lines).elements()]
        + [f"+ {line[:200]}" for line in (found_lines - wanted_lines).elements()])


def rounds(stack: Stack, count: int, draw: random.Random) -> None:
    for number in range(1, count + 1):
        one, two = (Spec(stack.folder / f"round-{number}", name, draw) for name in ("anna", "ben"))
        orders = {
            names: stack.after(*specs) for names, specs in
            {"anna, ben": (one, two), "ben, anna": (two, one), "anna": (one,), "ben": (two,)}.items()}
        stack.succeed("destroy", str(one.path), "--yes")
        pause, limit = draw.uniform(0, 0.4), draw.choice(["0s", "2m"])
        running = []
        for spec in (one, two):
            running.append((spec, stack.start("apply", str(spec.path), "--yes", "--lock-timeout", limit)))
            time.sleep(pause if spec is one else 0)  # Drawn: so that now one and now the other has the lock first.
        ended = {spec.name: (process.communicate(timeout=300)[0], process.returncode) for spec, process in running}
        codes = {name: code for name, (_, code) in ended.items()}
        stack.counts["rounds"] += 1
        for code in codes.values():
            stack.counts[f"ended with {code}"] += 1
        told = "".join(output for output, _ in ended.values())
        if 0 not in codes.values() or any(code not in (0, *REFUSALS) for code in codes.values()):
            stack.wrong(f"round {number}: codes {codes}", told)
        refused = [spec for spec in (one, two) if codes[spec.name] in REFUSALS]
        possible = [orders["anna, ben"], orders["ben, anna"]]
        if refused:
            winner = one if refused == [two] else two
            possible = [orders[winner.name]]
        found = stack.world()
        if found not in possible:
            stack.wrong(f"round {number}: another world after {codes}", difference(possible[0], found) + "\n" + told)
        for spec in refused:
            stack.succeed("apply", str(spec.path), "--yes")
        if refused and stack.world() not in [orders["anna, ben"], orders["ben, anna"]]:
            stack.wrong(f"round {number}: another world in the end", "")
        print(f"  round {number}: {codes}, {pause:.2f} s apart, waiting {limit}", flush=True)


class Told(gateway.Counter):
    """The requests of all contenders, in the order in which MLflow answered."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: list[tuple[str, str, str]] = []

    def of(self, name: str) -> "Ear":
        return Ear(self, name)


class Ear:
    """What the gateway of one contender counts with."""

    def __init__(self, told: Told, name: str) -> None:
        self.told, self.name, self.others, self.answers = told, name, None, {}

    def count(self, _request: str, _is_listing: bool) -> None:
        return None

    def answered(self, method: str, path: str, body: bytes, answer: tuple) -> None:
        with self.told.lock:
            if answer[0] == 200:
                self.told.answered.append((self.name, f"{method} {path.split('?')[0]}", body.decode("utf-8", "replace")))


READS = re.compile(r"/search$|^GET |^HEAD ")
TAKEN = re.compile(r'"name": ?"(drover\.lock\.pair\.(\d+))"')


def contend(stack: Stack, contenders: int, acquisitions: int, draw: random.Random) -> None:
    told = Told()
    gates = {f"c{number}": gateway.Server(stack.mlflow, told.of(f"c{number}")) for number in range(contenders)}
    specs = {name: [Spec(stack.folder / "contenders" / str(turn), name, draw) for turn in range(2)] for name in gates}
    end, processes = threading.Event(), {}
    runs: collections.Counter[str] = collections.Counter()

    def live(name: str) -> None:
        turn = 0
        while not end.is_set():
            turn += 1
            spec = specs[name][turn % 2]
            process = stack.start("apply", str(spec.path), "--yes", "--parallelism", "4", mlflow=gates[name].url)
            processes[name] = process
            output, _ = process.communicate(timeout=600)
            runs[f"ended with {process.returncode}"] += 1
            if process.returncode not in (0, 6, *REFUSALS, -signal.SIGKILL):
                stack.wrong(f"a contender ends with {process.returncode}", output)

    threads = [threading.Thread(target=live, args=[name]) for name in gates]
    for thread in threads:
        thread.start()
    limit = time.monotonic() + 1200
    while taken(told) < acquisitions and time.monotonic() < limit:
        time.sleep(draw.uniform(1, 5))  # Drawn: a contender is hit at any point of its work.
        victim = processes.get(draw.choice(list(gates)))
        if victim is None or victim.poll() is not None:
            continue
        if draw.random() < 0.7:
            victim.kill()
            stack.counts["killed"] += 1
        else:
            threading.Thread(target=pause, args=[victim], daemon=True).start()
            stack.counts["stopped for longer than a lease"] += 1
    end.set()
    for thread in threads:
        thread.join()
    stack.counts["acquisitions"] += taken(told)
    stack.counts.update({f"contenders that {what}": count for what, count in runs.items()})
    check(stack, told, parallelism=4)


def pause(process: subprocess.Popen) -> None:
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(PAUSE)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGCONT)


def taken(told: Told) -> int:
    with told.lock:
        return sum(1 for _, request, body in told.answered if is_taking(request, body))


def is_taking(request: str, body: str) -> bool:
    return request.endswith("registered-models/create") and TAKEN.search(body) is not None


def check(stack: Stack, told: Told, parallelism: int) -> None:
    """The highest number holds, and who lost the lock changes no more than was on its way."""
    holder, number = None, 0
    late: collections.Counter[tuple] = collections.Counter()
    for name, request, body in told.answered:
        if is_taking(request, body):
            claimed = int(TAKEN.search(body).group(2))
            if claimed == number:
                stack.wrong(f"lock {claimed} was made twice", "")
            if claimed <= number:
                # Stopped before it asked for a lock that is long forgotten: it lost, and must change nothing.
                stack.counts["locks made too late"] += 1
                continue
            holder, number = name, claimed
        elif not READS.search(request) and "drover.lock." not in body and name != holder:
            late[(name, number)] += 1
    stack.counts["late requests"] += sum(late.values())
    for (name, number), count in late.items():
        if count > parallelism:
            stack.wrong(f"{count} changes of {name} while lock {number} was another's", "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drover", required=True)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--contenders", type=int, default=0)
    parser.add_argument("--acquisitions", type=int, default=100)
    parser.add_argument("--mlflow", help="a running server, for which a lab is started otherwise")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    program = os.path.abspath(options.drover)
    with tempfile.TemporaryDirectory(prefix="drover-together-") as place:
        folder = pathlib.Path(place)
        if options.mlflow is None:
            lab = subprocess.run([program, "lab", "up", "--start-limit", "240"], cwd=folder, capture_output=True, text=True)
            if lab.returncode != 0:
                raise SystemExit(f"drover lab up: {lab.returncode}\n{lab.stdout}{lab.stderr}")
            options.mlflow = json.loads((folder / ".drover/lab.json").read_text())["mlflow"]["url"]
        stack = Stack(program, folder, options.mlflow)
        try:
            rounds(stack, options.rounds, random.Random(options.seed))
            if options.contenders:
                contend(stack, options.contenders, options.acquisitions, random.Random(options.seed))
            print(", ".join(f"{count} {what}" for what, count in sorted(stack.counts.items())))
            return 1 if stack.counts["wrong"] else 0
        finally:
            if (folder / ".drover").exists():
                subprocess.run([program, "lab", "down", "--purge"], cwd=folder, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
