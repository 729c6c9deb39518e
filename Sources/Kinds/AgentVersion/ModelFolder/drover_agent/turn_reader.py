"""The streamed turns of the Agents API (Llama Stack 0.2 and 0.3), told in the words of the Responses API."""

import json
from typing import Any

from mlflow.entities import SpanType

from .items import arguments_of, finished, function_call, function_call_output, message, text_of
from .llama_stack import JSON, Events, LlamaStackError, message_of
from .server_agents import SEARCH
from .spans import OpenSpans
from .tools import tools_of
from .turns import Turn

END_OF_TURN = ("turn_complete", "turn_awaiting_input")


class TurnReader:
    """Reads a turn in all its parts, and makes spans of its steps."""

    def __init__(self, definition: JSON, turn: Turn, session: str) -> None:
        self.turn_id = ""
        self.calls: list[JSON] = []  # What the turn waits for.
        self.answered: set[str] = set()  # The server's ids of calls whose outputs were sent to it.
        self._definition = definition
        self._turn = turn
        self._session = session
        self._output: list[JSON] = []
        self._text: list[str] = []  # Of the latest model call,
        self._step = ""  # and its id.
        self._violation: str | None = None
        self._incomplete: str | None = None

    def read(self, events: Events) -> Events:
        """Reads on; ends when the turn is complete or waits for `calls`.

        Raises LlamaStackError when it fails.
        """
        self.calls = []
        with OpenSpans(self._turn.span) as spans:
            for event in events:
                payload = (event.get("event") or {}).get("payload")
                if payload is None:
                    raise LlamaStackError(f"Llama Stack failed to answer: {message_of(event)}")
                kind = payload["event_type"]
                if kind in END_OF_TURN:
                    yield from self._end_of_turn(payload["turn"])
                    return
                if kind == "step_start":
                    self._begin(payload, spans)
                elif kind == "step_progress":
                    yield from self._progress(payload, spans)
                elif kind == "step_complete":
                    yield from self._complete(payload, spans)
            raise LlamaStackError("Llama Stack ended the answer before it was complete.")

    def take(self, output: JSON) -> JSON:
        """Takes in the output of a call that was carried out here, and returns it."""
        self._output.append(output)
        return output

    def end(self, incomplete: str | None = None) -> JSON:
        """The last event, with all that was read; the server does not tell the tokens of a turn."""
        response = {"id": self.turn_id, "model": self._definition["model"], "output": self._output}
        return finished(response, incomplete or self._incomplete)

    def _begin(self, payload: JSON, spans: OpenSpans) -> None:
        if payload["step_type"] == "inference":
            self._text, self._step = [], payload["step_id"]
            model = {"mlflow.llm.model": self._definition["model"]}
            asked = {"instructions": self._definition.get("instructions"), "input": self._turn.input + self._output}
            spans.begin(self._step, "inference", SpanType.CHAT_MODEL, asked, model)
        elif payload["step_type"] == "shield_call":
            spans.begin(payload["step_id"], "shields", "GUARDRAIL", payload.get("metadata"))

    def _progress(self, payload: JSON, spans: OpenSpans) -> Events:
        delta = payload.get("delta") or {}
        if payload["step_type"] == "tool_execution" and isinstance(delta.get("tool_call"), dict):
            self._begin_call(payload["step_id"], delta["tool_call"], spans)
        elif payload["step_type"] == "inference" and delta.get("type") == "text" and delta.get("text"):
            self._text.append(delta["text"])
            item_id = message_id(payload["step_id"])
            yield {"type": "response.output_text.delta", "item_id": item_id, "delta": delta["text"]}

    def _begin_call(self, step: str, call: JSON, spans: OpenSpans) -> None:
        name = call["tool_name"]
        kind = SpanType.RETRIEVER if name == SEARCH else SpanType.TOOL
        searches = [tool["name"] for tool in tools_of(self._definition) if "fileSearch" in tool]
        shown = searches[0] if name == SEARCH and len(searches) == 1 else name
        spans.begin(step, shown, kind, arguments_of(arguments_text(call)))

    def _complete(self, payload: JSON, spans: OpenSpans) -> Events:
        step, details = payload["step_id"], payload["step_details"]
        if payload["step_type"] == "inference":
            spoken = details["model_response"]
            spans.end(step, outputs=spoken)
            if spoken.get("tool_calls") and self._text:  # The server keeps what was said before a call from its answer.
                yield self._tell(message(message_id(step), "".join(self._text)))
        elif payload["step_type"] == "shield_call":
            violation = details.get("violation")
            spans.end(step, outputs=violation or "no violation")
            if violation:
                self._violation = violation.get("user_message") or "This was blocked by a shield."
        elif payload["step_type"] == "tool_execution":
            yield from self._executed(step, details, spans)

    def _executed(self, step: str, details: JSON, spans: OpenSpans) -> Events:
        calls = {call["call_id"]: call for call in details.get("tool_calls") or []}
        for response in details.get("tool_responses") or []:
            call_id = response["call_id"]
            if call_id in self.answered:
                continue
            text = text_of(response.get("content"))
            spans.end(step, outputs=passages(response.get("metadata")) or text)
            arguments = arguments_text(calls.get(call_id) or {})
            yield self._tell(function_call(call_id, response["tool_name"], arguments))
            yield self._tell(function_call_output(call_id, text))

    def _end_of_turn(self, turn: JSON) -> Events:
        self.turn_id = turn["turn_id"]
        spoken = turn["output_message"]
        calls = spoken.get("tool_calls") or []
        if calls and spoken.get("stop_reason") == "end_of_turn":  # Nobody's to carry out: there were too many.
            self._incomplete = "max_iterations_exceeded"
        elif calls:
            self.calls = [self._waiting_call(call) for call in calls]
            for item in self.calls:
                yield self._tell(item)
        elif self._violation is not None:
            yield self._tell(message(f"msg_{self.turn_id}", self._violation, is_refusal=True))
        elif text := text_of(spoken.get("content")):
            yield self._tell(message(message_id(self._step), text))
        if spoken.get("stop_reason") == "out_of_tokens":
            self._incomplete = "max_output_tokens"

    def _waiting_call(self, call: JSON) -> JSON:
        """A call that the turn waits for. Its id leads back to the turn."""
        call_id = f"{call['call_id']}@{self._session}/{self.turn_id}"
        return function_call(call_id, call["tool_name"], arguments_text(call))

    def _tell(self, item: JSON) -> JSON:
        self._output.append(item)
        return {"type": "response.output_item.done", "item": item}


def message_id(step: str) -> str:
    return f"msg_{step}"


def arguments_text(call: JSON) -> str:
    """The arguments of a call as JSON: 0.2 has them as an object too, 0.3 as text only."""
    arguments = call.get("arguments") or "{}"
    return call.get("arguments_json") or (arguments if isinstance(arguments, str) else json.dumps(arguments))


def passages(metadata: Any) -> list[JSON]:
    """What a search found, as MLflow shows documents."""
    found = metadata if isinstance(metadata, dict) else {}
    texts, files, scores = (found.get(key) or [] for key in ("chunks", "document_ids", "scores"))
    return [
        {"page_content": text, "metadata": {"doc_uri": file, "score": score}}
        for text, file, score in zip(texts, files, scores or [None] * len(texts), strict=False)
    ]
