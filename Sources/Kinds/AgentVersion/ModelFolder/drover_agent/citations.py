"""The marks by which a model cites, ` <|file-12ab|>`.

Servers from 0.4 to OGX 1.4 take them out of the answer, with the space before each, and not out of its pieces, in which
a mark may arrive cut.
"""

import re

from .llama_stack import Events

MARK = re.compile(r" ?<\|file-[A-Za-z0-9_-]+\|>")
# What may be the beginning of one: a space, or a cut mark.
OPEN = re.compile(r" ?(?:<(?:\|(?:f(?:i(?:l(?:e(?:-[A-Za-z0-9_-]{0,200}\|?)?)?)?)?)?)?)?\Z")
DELTA = "response.output_text.delta"


def without_marks(events: Events) -> Events:
    """The events without marks, in pieces and in the whole answer."""
    held, item = "", None
    for event in events:
        is_piece = event.get("type") == DELTA
        if held and not (is_piece and event.get("item_id") == item) and not is_between(event):
            yield {"type": DELTA, "item_id": item, "delta": held}
            held = ""
        if not is_piece:
            yield cleaned(event)
            continue
        item = event.get("item_id")
        text = MARK.sub("", held + event["delta"])
        end = OPEN.search(text)
        cut = end.start() if end else len(text)
        text, held = text[:cut], text[cut:]
        if text:
            yield {**event, "delta": text}


def is_between(event: dict) -> bool:
    """Whether it may come between two pieces of one message."""
    return event.get("type") in ("response.output_text.annotation.added", "response.in_progress")


def cleaned(event: dict) -> dict:
    """The event with the marks taken out of the messages that it tells whole."""
    for item in [event.get("item") or {}, *((event.get("response") or {}).get("output") or [])]:
        for part in (item.get("content") or []) if item.get("type") == "message" else []:
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                part["text"] = MARK.sub("", part["text"])
    return event
