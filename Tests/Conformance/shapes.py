"""The shape of an answer: status, kind of body, and the types of its tree; and what differs between two."""

import json
from dataclasses import dataclass
from typing import Any

# The values of these fields say what the object around them is.
TELLING = ("type", "object", "role", "status", "error_code")
Tree = dict[str, str]


@dataclass(frozen=True)
class Answer:
    status: int
    type: str
    body: bytes
    # The methods of a route that takes another.
    allowed: str = ""

    @property
    def kind(self) -> str:
        """`json`, `events`, `text` or `nothing`."""
        if not self.body.strip():
            return "nothing"
        if self.type == "text/event-stream":
            return "events"
        try:
            json.loads(self.body)
            return "json"
        except ValueError:
            return "text"

    @property
    def events(self) -> list[Any]:
        """What the stream tells, in order; `[DONE]` is a text."""
        frames = [frame.removeprefix("data: ") for frame in self.body.decode().strip().split("\n\n")]
        return [frame if frame == "[DONE]" else json.loads(frame) for frame in frames]


def tree(value: Any, path: str = "$") -> Tree:
    """The type at each path of a value; of the telling fields, the value, too."""
    told = {path: kind_of(value)}
    if isinstance(value, dict):
        for key, field in value.items():
            at = f"{path}.{key}"
            told |= {at: f"`{field}`"} if key in TELLING and isinstance(field, str) else tree(field, at)
    if isinstance(value, list):
        for place, element in enumerate(value):
            told |= tree(element, f"{path}[{place}]")
    return told


def kind_of(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    return {dict: "object", list: "list", str: "text"}.get(type(value), "number")


def merged(events: list[Any]) -> list[tuple[str, Tree]]:
    """The names of the events in their order, pieces of a text taken together, and the tree of each."""
    told: list[tuple[str, Tree]] = []
    for event in events:
        name = event if isinstance(event, str) else event.get("type") or f"({', '.join(sorted(event))})"
        if told and told[-1][0] == name == "response.output_text.delta":
            told[-1] = (name, told[-1][1] | tree(event, name))
        else:
            told.append((name, tree(event, name)))
    return told


def differences(theirs: Answer, ours: Answer) -> list[str]:
    """How `ours` is another thing than `theirs`, a line each; nothing more where one is an error and the other is none."""
    found = [f"status {theirs.status} → {ours.status}"] if theirs.status != ours.status else []
    if (theirs.status < 400) != (ours.status < 400):
        return found
    if theirs.type != ours.type:
        found.append(f"type {theirs.type or 'none'} → {ours.type or 'none'}")
    if theirs.allowed != ours.allowed:
        found.append(f"allow {theirs.allowed or 'none'} → {ours.allowed or 'none'}")
    if theirs.kind != ours.kind:
        return [*found, f"body {theirs.kind} → {ours.kind}"]
    if theirs.kind == "json":
        found += of_trees(tree(json.loads(theirs.body)), tree(json.loads(ours.body)))
    if theirs.kind == "events":
        found += of_streams(merged(theirs.events), merged(ours.events))
    return found


def of_streams(theirs: list[tuple[str, Tree]], ours: list[tuple[str, Tree]]) -> list[str]:
    before, after = [name for name, _ in theirs], [name for name, _ in ours]
    found = [f"event {name} gone" for name in before if name not in after]
    found += [f"event {name} new" for name in dict.fromkeys(after) if name not in before]
    if [name for name in before if name in after] != [name for name in after if name in before]:
        found.append("events in another order")
    for name in dict.fromkeys(name for name in before if name in after):
        pairs = zip((each for at, each in theirs if at == name), (each for at, each in ours if at == name))
        for their, our in pairs:
            found += [each for each in of_trees(their, our) if each not in found]
    return found


def of_trees(theirs: Tree, ours: Tree) -> list[str]:
    """Of a part that only one has, its top."""
    found = [f"{path} {kind} gone" for path, kind in theirs.items() if path not in ours and is_top(path, ours)]
    found += [f"{path} {kind} new" for path, kind in ours.items() if path not in theirs and is_top(path, theirs)]
    return found + [f"{path} {kind} → {ours[path]}" for path, kind in theirs.items() if ours.get(path, kind) != kind]


def is_top(path: str, other: Tree) -> bool:
    """Whether the object or list around a path is there in another tree."""
    parent = path[: max(path.rfind("."), path.rfind("["))]
    return parent in other
