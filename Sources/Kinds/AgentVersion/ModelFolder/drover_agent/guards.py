"""Shields that are asked here, where the server cannot look at the conversation itself.

With guardrails, Llama Stack 0.3 to 0.7 join what all messages say before they ask the model, and fail on the call of a
function among them, which says nothing (400 `Unsupported content type: <class 'NoneType'>`).
"""

from collections.abc import Callable
from contextlib import closing
from uuid import uuid4

from .items import answer_text, finished, history, message, text_of
from .llama_stack import JSON, Events, LlamaStack
from .spans import Span
from .turns import Turn


class Guards:
    """The shields of an agent. As with the server's guardrails, all of them look at what is asked and at the answer."""

    def __init__(self, server: LlamaStack, shields: list[str]) -> None:
        self._server = server
        self._shields = shields

    def are_needed(self, turn: Turn) -> bool:
        """Whether the server would fail on the guardrails of this turn."""
        calls = any(item.get("type") in ("function_call", "function_call_output") for item in history(turn.input))
        return calls and bool(self._shields) and self._server.generation.fails_on_guarded_calls

    def watch(self, exchange: Callable[[Turn], Events], turn: Turn) -> Events:
        """An exchange that begins when no shield objects to its input, and is told when none objects to its answer.

        Otherwise a refusal is told instead of it, as the server's guardrails would.
        """
        objection = self._objection(said(turn.input), "user-input", turn.span)
        if objection is not None:
            yield from refusing({"id": f"resp_{uuid4().hex}"}, objection)
            return
        with closing(exchange(turn)) as events:
            held = list(events)
        response = held[-1]["response"]
        objection = self._objection(answer_text(response), "assistant-output", turn.span)
        yield from held if objection is None else refusing(response, objection)

    def _objection(self, text: str, touchpoint: str, parent: Span) -> str | None:
        """What the first shield that speaks up says to a text."""
        if not text:
            return None
        with parent.child("shields", "GUARDRAIL", {"touchpoint": touchpoint}) as span:
            for shield in self._shields:
                violation = self._violation(shield, text)
                if violation is not None:
                    span.set(outputs=violation)
                    return (violation.get("user_message") or "Content blocked by safety guardrails") + reason(violation)
            span.set(outputs="no violation")
        return None

    def _violation(self, shield: str, text: str) -> JSON | None:
        """What a shield has against a text; the agent's words are a user's too, as the server itself has it."""
        messages = [{"role": "user", "content": text}]
        body = {"shield_id": shield, "messages": messages, "params": {}}
        violation = self._server.call("POST", "/v1/safety/run-shield", body).get("violation")
        return None if violation and violation.get("violation_level") == "info" else violation


def reason(violation: JSON) -> str:
    """What it is a violation of, as the server's own guardrails say it: ` (violation type: S9)`."""
    kind = (violation.get("metadata") or {}).get("violation_type")
    kinds = [each for each in (kind if isinstance(kind, list) else [kind]) if isinstance(each, str) and each]
    return f" (violation type: {', '.join(kinds)})" if kinds else ""


def said(items: list[JSON]) -> str:
    """All that messages and functions say, which the server would look at."""
    texts = (text_of(item.get("content") or item.get("output")) for item in history(items))
    return "\n".join(filter(None, texts))


def refusing(response: JSON, objection: str) -> Events:
    """The events of an answer that is a refusal, instead of a response."""
    item = message(f"msg_{response.get('id')}", objection, is_refusal=True)
    yield {"type": "response.output_item.done", "item": item}
    yield finished({**response, "output": [item], "status": "completed", "incomplete_details": None})
