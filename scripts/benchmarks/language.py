"""Writes stacks of many agents, times what reads them, and prints the ratios with what they must keep to."""

import os
import pathlib
import subprocess
import sys
import time

import yaml

WORK = pathlib.Path(sys.argv[1])
DROVER = pathlib.Path(".build/release/drover")


def stack(agents):
    """A spec of so many agents; about 270 bytes each."""
    path = WORK / f"agents-{agents}.yaml"
    with path.open("w") as file:
        file.write("drover: v1\nstack: bench\nmodels:\n  chat: {id: chat, type: llm}\nagents:\n")
        for i in range(agents):
            file.write(
                f"  agent-{i}:\n    description: The agent of desk {i}, first line\n    model: chat\n"
                f"    instructions: |\n      You answer questions of desk {i}.\n      Be brief and polite.\n"
                f"    sampling: {{temperature: 0.{i % 10}, topP: 0.9, maxTokens: {256 + i % 64}}}\n"
                f"    maxSteps: {1 + i % 9}\n    metadata: {{team: \"desk-{i}\", region: eu}}\n")
    return path


def steps(path, runs=9, *names):
    command = [WORK / "language", path, str(runs), *names]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {name: float(seconds) for name, seconds in (line.split() for line in output.splitlines())}


def fresh(path):
    """The best of nine processes a step that do it once: memory that is warm from a run before flatters small files."""
    return {name: min(steps(path, 1, name)[name] for _ in range(9)) for name in ("events", "reader", "loader")}


def pyyaml(path):
    text = path.read_bytes()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        yaml.load(text, Loader=yaml.CSafeLoader)
        times.append(time.perf_counter() - start)
    return min(times)


def validate(path):
    """Seconds and MiB of `drover validate`, the best of five."""
    runs = []
    for _ in range(5):
        start = time.perf_counter()
        child = subprocess.Popen([DROVER, "validate", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"drover validate {path} failed")
        runs.append((time.perf_counter() - start, usage.ru_maxrss / 1024))
    return min(run[0] for run in runs), max(run[1] for run in runs)


failures = 0


def show(what, value, limit, at_most=True):
    global failures
    good = value <= limit if at_most else value >= limit
    failures += not good
    print(f"{what:58} {value:9.2f}   {'at most' if at_most else 'at least'} {limit:<6} {'ok' if good else 'MISSED'}")


small, large = stack(1_000), stack(20_000)
many = steps(large)
few_once, many_once = fresh(small), fresh(large)
peer = pyyaml(large)
print(f"{large.stat().st_size / 1e6:.1f} MB, 20,000 agents; seconds: " +
      ", ".join(f"{name} {seconds:.3f}" for name, seconds in many.items()) + f", PyYAML {peer:.3f}")
show("reader / libyaml's events", many["reader"] / many["events"], 3)
show("files, join, variables, references / libyaml's events", many["loader"] / many["events"], 10)
show("PyYAML CSafeLoader / reader", peer / many["reader"], 10, at_most=False)
print(f"libyaml's events: time per agent, 20,000 to 1,000            {many_once['events'] / few_once['events'] / 20:7.2f}")
show("reader: time per agent, 20,000 to 1,000", many_once["reader"] / few_once["reader"] / 20, 1.3)
show("loader: time per agent, 20,000 to 1,000", many_once["loader"] / few_once["loader"] / 20, 1.3)
if DROVER.exists():
    short = WORK / "lines-10000.yaml"
    short.write_text("".join(large.open().readlines()[:5 + 10 * 999]))
    seconds, size = validate(large)
    show("drover validate / libyaml's events", seconds / many["events"], 10)
    show("drover validate, MiB", size, 400)
    show("PyYAML CSafeLoader / drover validate", peer / seconds, 10, at_most=False)
    show("drover validate of 10,000 lines, ms", validate(short)[0] * 1000, 150)
else:
    print("no release build: `drover validate` is not measured")
sys.exit(1 if failures else 0)
