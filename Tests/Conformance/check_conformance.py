"""Puts the same requests to `mlflow models serve`, to MLflow's AgentServer and to `drover serve`, before the same upstream, and
compares status and shape of what they answer.

    python check_conformance.py --drover .build/debug/drover [--only 'items/*'] [--show]

What drover does otherwise stands in `differences.yaml`, with the reason; anything else fails, as does what stands there and is
no longer so. `--show` prints the answers to what fails. Clients of others are tried on the same server
(`../Python/check_served_clients.py`).
"""

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import yaml
from cases import Case, all_cases
from mlflow.types.responses import ResponsesAgentResponse, ResponsesAgentStreamEvent
from servers import NotStarted, all_three
from shapes import Answer, differences

ERROR_FIELDS = {"error", "error_code", "message", "detail", "request_id"}
LEAKS = ("Traceback", ".py", "http://", "/srv/", "/tmp/", "File \"")


@dataclass
class Rule:
    """Differences that are meant, and why."""

    requests: list[str]
    servers: list[str]
    differences: list[str]
    reason: str
    unseen: set[str] = field(default_factory=set)

    def allows(self, case: str, server: str, difference: str) -> bool:
        if server not in self.servers or not any(fnmatchcase(case, each) for each in self.requests):
            return False
        matching = [each for each in self.differences if matches(difference, each)]
        self.unseen -= set(matching)
        return bool(matching)


def matches(difference: str, pattern: str) -> bool:
    """`*` is any part; all else, `[0]` too, is itself."""
    return fnmatchcase(difference, pattern.replace("[", "[[]"))


def rules() -> list[Rule]:
    read = yaml.safe_load((Path(__file__).parent / "differences.yaml").read_text(encoding="utf-8"))
    both = ["models serve", "AgentServer"]
    return [
        Rule(each["requests"], [each["server"]] if "server" in each else both, each["differences"], each["reason"],
             set(each["differences"])) for each in read]


def send(url: str, case: Case) -> Answer:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    try:
        chunks = [case.body] if case.headers.get("Transfer-Encoding") else None
        connection.request(
            case.method, case.path, chunks or case.body, case.headers, encode_chunked=chunks is not None)
        answer = connection.getresponse()
        kind = answer.headers.get_content_type() if "content-type" in answer.headers else ""
        return Answer(answer.status, kind, answer.read(), answer.headers.get("allow", ""))
    except http.client.IncompleteRead as cut:
        return Answer(answer.status, "cut", cut.partial)
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, type(error).__name__, b"")
    finally:
        connection.close()


def faults(case: Case, answer: Answer) -> Iterator[str]:
    """What drover must never answer, whatever MLflow does."""
    if any(leak in answer.body.decode("utf-8", "replace") for leak in LEAKS) and case.path.startswith(("/inv", "/res")):
        yield f"it tells of its inside: {answer.body[:300]!r}"
    if answer.status >= 500 and not case.name.startswith(("answers/", "streams/")):
        yield f"status {answer.status} to a request"
    if answer.status >= 400 and case.method != "HEAD" and set(json.loads(answer.body)) != ERROR_FIELDS:
        yield f"an error of another shape: {answer.body[:300]!r}"
    if answer.status == 200 and case.path.startswith("/invocations"):
        yield from misread(answer)


def misread(answer: Answer) -> Iterator[str]:
    """What MLflow's own types do not take. OpenAI's clients do not check theirs, which grow with every version."""
    try:
        if answer.kind == "events":
            for event in answer.events:
                if event != "[DONE]" and "trace_id" not in event:
                    ResponsesAgentStreamEvent(**event)
        else:
            ResponsesAgentResponse.model_validate_json(answer.body)
    except ValueError as error:
        yield f"MLflow cannot read it: {error}"


def compare(case: Case, answers: dict[str, Answer], allowed: list[Rule]) -> list[str]:
    """The differences that nobody allowed, and other faults."""
    own = answers["drover"]
    found = [f"drover: {fault}" for fault in faults(case, own)]
    for server in ("models serve", "AgentServer"):
        if case.recorded and case.recorded[server] != answers[server].status:
            found.append(f"{server}: status {answers[server].status}, recorded was {case.recorded[server]}")
        for each in differences(answers[server], own):
            # All are asked, so that each knows that it is needed.
            if not any([rule.allows(case.name, server, each) for rule in allowed]):
                found.append(f"{server}: {each}")
    return found


def answered(urls: dict[str, str], case: Case) -> dict[str, Answer]:
    return {server: send(url, case) for server, url in urls.items()}


def shown(answers: dict[str, Answer]) -> str:
    return "".join(f"    {server}: {each.status} {each.type} {each.body[:700]!r}\n" for server, each in answers.items())


def check(urls: dict[str, str], cases: list[Case], allowed: list[Rule], is_shown: bool) -> int:
    problems = 0
    with ThreadPoolExecutor(4) as pool:
        for case, answers in zip(cases, pool.map(lambda case: answered(urls, case), cases)):
            for problem in compare(case, answers, allowed):
                problems += 1
                print(f"{case.name}\t{problem}")
                if is_shown:
                    print(shown(answers), end="")
    return problems


def check_clients(url: str) -> int:
    script = Path(__file__).parent.parent / "Python" / "check_served_clients.py"
    asked = ["--url", url, "--question", "hi", "--answer", "30 days", "--call", "call: the time"]
    return subprocess.run([sys.executable, str(script), *asked], stderr=subprocess.STDOUT).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drover", required=True)
    parser.add_argument("--only", default="*", help="names of requests")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    cases = [case for case in all_cases() if fnmatchcase(case.name, options.only)]
    allowed = rules()
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder, all_three(options.drover, Path(folder)) as urls:
            started = time.monotonic()
            problems = check(urls, cases, allowed, options.show)
            if options.only == "*":
                problems += check_clients(urls["drover"])
    except NotStarted as error:
        print(error, file=sys.stderr)
        return 1
    if options.only == "*":
        for pattern in [f"{rule.reason} {pattern}" for rule in allowed for pattern in sorted(rule.unseen)]:
            problems += 1
            print(f"differences.yaml\tNothing differs so any more: {pattern}")
    print(f"{len(cases)} requests to three servers, MLflow {mlflow.__version__}: {problems} problems "
          f"({started - began:.0f} s to start, {time.monotonic() - started:.0f} s to ask).")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
