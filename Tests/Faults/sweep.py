"""What goes wrong at one request of an apply or a destroy, on real servers, and what the next one makes of it.

    python3 sweep.py --drover PROGRAM [--stack ogx] [--acts kill,500] [--every kill/during] [--rounds N] [--minutes M]
             [--seed S --skip N]

A life of specs/helpdesk is an apply, an apply of a change that replaces what can be replaced, and a destroy. Something goes
wrong at one request of each; at once the same is run again, and has to succeed; then both servers hold the same as when
nothing goes wrong, object by object and in what a search finds, and the plan is empty.

First comes what `--every` names (an act and a time), at each request; then faults drawn by the seed, which is printed, until
there were so many or the time is over. Prints counts; exit code 1 when something was not mended.
"""

import argparse
import collections
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import gateway
import world

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUESTIONS = ["How long may I return a bicycle?", "When is the desk open?"]
WHENS = {
    "kill": ["before", "during", "after", "read"], "break": ["before", "during", "after"], "504": ["before", "after"],
    "500": ["before", "after"], "503": ["before", "after"], "429": ["before"], "stall": ["before", "after"],
}
# So that a stall is past the deadline of most requests.
IMPATIENT = "\nservers: {mlflow: {timeout: 5s}, llamastack: {timeout: 5s}}\n"


class Lab:
    """A lab in a folder of its own, and the gateway before it."""

    def __init__(self, program: str, stack: str, folder: pathlib.Path) -> None:
        self.program, self.stack, self.folder = program, stack, folder
        self.spec = folder / "helpdesk"
        shutil.copytree(ROOT / "specs/helpdesk", self.spec)
        self.original = (self.spec / "drover.yaml").read_text()

    def start(self) -> None:
        script = str(self.spec / "lab/model.yaml")
        self.succeed("lab", "up", "--stack", self.stack, "--script", script, "--start-limit", "240")
        lab = json.loads((self.folder / ".drover/lab.json").read_text())
        self.mlflow, self.llamastack = lab["mlflow"]["url"], lab["llamastack"]["url"]
        self.counter = gateway.Counter()
        self.gates = [gateway.Server(url, self.counter).url for url in (self.mlflow, self.llamastack)]

    def stop(self) -> None:
        self.run("lab", "down", "--purge")

    def run(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, *words], cwd=self.folder, capture_output=True, text=True, timeout=900)

    def succeed(self, *words: str) -> None:
        ended = self.run(*words)
        if ended.returncode != 0:
            raise SystemExit(f"drover {' '.join(words)}: {ended.returncode}\n{ended.stdout}{ended.stderr}")

    def through(self, fault: gateway.Fault | None, *words: str) -> tuple[int, str, list[str]]:
        """Runs a command through the gateway: its exit code, what it printed, and its requests."""
        self.counter.expect(fault)
        places = ["--mlflow-url", self.gates[0], "--llamastack-url", self.gates[1]]
        process = subprocess.Popen(
            [self.program, *words, "helpdesk", *places], cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.counter.pid = process.pid
        output, _ = process.communicate(timeout=900)
        self.counter.pid = None
        return process.returncode, output, list(self.counter.told)

    def world(self) -> list[str]:
        prefix = "/v1/openai/v1" if self.stack.startswith("0.2.") else "/v1"
        return world.of(self.mlflow, self.llamastack, prefix, QUESTIONS)

    def change(self) -> None:
        """A change that replaces what can be replaced, and adds a document."""
        text = self.original.replace("overlap: 80", "overlap: 60").replace("temperature: 0.1", "temperature: 0.3")
        (self.spec / "drover.yaml").write_text(text)
        (self.spec / "docs/jobs.md").write_text("# Jobs\n\nThe shop looks for a mechanic.\n")

    def restore(self) -> None:
        (self.spec / "drover.yaml").write_text(self.original)
        (self.spec / "docs/jobs.md").unlink(missing_ok=True)


class Sweep:
    STEPS = {"apply": ["apply", "--yes"], "change": ["apply", "--yes"], "destroy": ["destroy", "--yes"]}

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.counts: collections.Counter[str] = collections.Counter()
        self.swept: set[tuple] = set()
        self.worlds: dict[str, list[str]] = {}
        self.requests: dict[str, int] = {}

    def prepare(self, step: str) -> None:
        self.lab.change() if step == "change" else self.lab.restore() if step == "apply" else None

    def learn(self) -> None:
        """The world after each step when nothing goes wrong. The second time counts: destroy keeps what is retained."""
        for _ in range(2):
            for step, words in self.STEPS.items():
                self.prepare(step)
                code, output, told = self.lab.through(None, *words)
                if code != 0:
                    raise SystemExit(f"{step}: {code}\n{output}")
                self.worlds[step], self.requests[step] = self.lab.world(), len(told)

    def life(self, faults: dict[str, gateway.Fault]) -> None:
        """One life of the stack, with something that goes wrong in each of these steps."""
        name = "nothing"
        for step, words in self.STEPS.items():
            self.prepare(step)
            if step in faults:
                name = f"{step}, {faults[step]}"
                self.go_wrong(name, step, faults[step], words)
            code, output, _ = self.lab.through(None, *words)
            if code != 0:
                self.tell(name, f"the next {step} ends with {code}", output)
            self.compare(name, step)

    def go_wrong(self, name: str, step: str, fault: gateway.Fault, words: list[str]) -> None:
        spec = self.lab.spec / "drover.yaml"
        text = spec.read_text()
        if fault.act == "stall":
            spec.write_text(text + IMPATIENT)
        code, output, told = self.lab.through(fault, *words)
        spec.write_text(text)
        if self.lab.counter.others:
            self.lab.counter.others.delete()
        self.counts["faults injected"] += 1
        self.swept.add((step, fault.number))
        self.counts["requests swept"] = len(self.swept)
        hit = self.lab.counter.hit or f"none of {len(told)}"
        print(f"  {name} ({hit}): {code}", flush=True)
        if fault.act != "kill" and code not in (0, 6, 9):
            self.tell(name, f"ends with {code}", output)
        elif fault.act != "kill" and code != 0 and "Error" not in output and "error" not in output:
            self.tell(name, "no diagnostic", output)

    def compare(self, name: str, step: str) -> None:
        found = self.lab.world()
        self.counts["worlds compared"] += 1
        if step != "destroy":
            code, output, _ = self.lab.through(None, "plan", "--exit-code")
            if code != 0:
                self.tell(name, f"after {step} the plan is not empty", output)
        wanted, actual = collections.Counter(self.worlds[step]), collections.Counter(found)
        if wanted != actual:
            lines = [f"- {line[:300]}" for line in (wanted - actual).elements()]
            lines += [f"+ {line[:300]}" for line in (actual - wanted).elements()]
            self.tell(name, f"another world after {step}", "\n".join(lines))

    def tell(self, name: str, what: str, text: str) -> None:
        self.counts["faults that were not mended"] += 1
        print(f"WRONG: {name}: {what}\n{text}", flush=True)


def lives(sweep: Sweep, options: argparse.Namespace) -> list[dict[str, gateway.Fault]]:
    """What goes wrong in which step, life by life."""
    draw = random.Random(options.seed)
    columns = []
    for step in options.steps.split(","):
        numbers = range(1, sweep.requests[step] + 1)
        first = []
        if options.every:
            act, when = options.every.split("/")
            first = [gateway.Fault(act, when, number) for number in numbers]
        drawn = [
            gateway.Fault(act, when, number)
            for act in options.acts.split(",") for when in WHENS.get(act, ["after"]) for number in numbers]
        draw.shuffle(drawn)
        columns.append([(step, fault) for fault in first + drawn])
    all = [dict(pairs) for pairs in itertools.zip_longest(*columns, fillvalue=("", None))]
    return all[options.skip :][: options.rounds]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drover", required=True)
    parser.add_argument("--stack", default="ogx")
    parser.add_argument("--acts", default=",".join(gateway.ACTS))
    parser.add_argument("--every", default="")
    parser.add_argument("--steps", default="apply,change,destroy")
    parser.add_argument("--rounds", type=int, default=None, help="lives at most")
    parser.add_argument("--skip", type=int, default=0, help="so many lives, which ran before with the same seed")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # The lab goes, too.
    with tempfile.TemporaryDirectory(prefix="drover-faults-") as place:
        lab = Lab(os.path.abspath(options.drover), options.stack, pathlib.Path(place))
        try:
            lab.start()
            sweep = Sweep(lab)
            sweep.learn()
            print(f"requests: {sweep.requests}", flush=True)
            end = time.monotonic() + options.minutes * 60
            for faults in lives(sweep, options):
                if time.monotonic() > end:
                    print("The time is over.")
                    break
                sweep.life(faults)
            print(", ".join(f"{count} {what}" for what, count in sorted(sweep.counts.items())))
            return 1 if sweep.counts["faults that were not mended"] else 0
        finally:
            lab.stop()


if __name__ == "__main__":
    sys.exit(main())
