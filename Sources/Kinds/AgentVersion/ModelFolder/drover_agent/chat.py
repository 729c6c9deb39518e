"""Runs an agent by chat completions: what every server has, without tools of its own."""

import logging
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from mlflow.entities import SpanType

from .items import filled, finished, function_call, history, message, text_of
from .llama_stack import JSON, Events, LlamaStack, LlamaStackError, message_of
from .secrets import SentSecrets
from .tools import functions_of, is_server_side, response_format, shields, tools_of
from .turns import Delegates, LocalTools, Runtime, Turn, in_steps

logger = logging.getLogger(__name__)

CUT_OFF = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ChatRuntime:
    """Every model call is a request; function calls are the caller's, but for those of other agents."""

    def __init__(self, server: LlamaStack, definition: JSON, delegates: Delegates) -> None:
        unknown = [tool["name"] for tool in tools_of(definition) if is_server_side(tool)] + shields(definition)
        if unknown:
            raise LlamaStackError(
                f"The agent `{definition['name']}` runs through chat completions, which know nothing of "
                + ", ".join(f"`{name}`" for name in unknown) + "."
            )
        self._server = server
        self._definition = definition
        self._tools = LocalTools(delegates, definition)

    def run(self, turn: Turn) -> Events:
        yield from in_steps(self._exchange, turn, self._tools, self._definition["maxSteps"])

    def _exchange(self, turn: Turn) -> Events:
        body = self.body(turn)
        attributes = {"mlflow.llm.model": body["model"], "mlflow.message.format": "openai"}
        asked = {key: body[key] for key in ("model", "messages", "tools") if key in body}
        path = self._server.generation.openai + "/chat/completions"
        with (
            turn.span.child("chat", SpanType.CHAT_MODEL, asked, attributes) as span,
            closing(self._server.events(path, body)) as chunks,
        ):
            answer = Completion(self._server.sent)
            for chunk in chunks:
                piece = answer.add(chunk)
                if piece:
                    yield {"type": "response.output_text.delta", "item_id": answer.message_id, "delta": piece}
            response = answer.response()
            span.count(response.get("usage"))
            span.set(outputs={"choices": [{"message": answer.spoken()}]})
            for item in response["output"]:
                yield {"type": "response.output_item.done", "item": item}
            yield finished(response, CUT_OFF.get(answer.finish_reason))

    def body(self, turn: Turn) -> JSON:
        """The request to the server."""
        functions = functions_of(self._definition)
        schema = response_format(self._definition)
        choice = self._definition.get("toolChoice")
        if any(function["name"] == choice for function in functions):
            choice = {"type": "function", "function": {"name": choice}}
        sampling = dict(turn.sampling)
        sampling["max_tokens"] = sampling.pop("max_output_tokens", None)
        return filled({
            "model": self._definition["model"],
            "messages": chat_messages(self._definition.get("instructions"), turn.input),
            "tools": [{"type": "function", "function": function} for function in functions] or None,
            "tool_choice": choice if functions else None,
            "response_format": schema and {"type": "json_schema", "json_schema": schema},
            **sampling,
            "stream": True,
            "stream_options": {"include_usage": True},
        })


class Completion:
    """A chat completion that arrives in chunks."""

    def __init__(self, sent: SentSecrets | None = None) -> None:
        self._sent = sent or SentSecrets()
        self.finish_reason = ""
        self._id = ""
        self._model: str | None = None
        self._text: list[str] = []
        self._refuses = False  # Whether the text is what the model says instead of an answer.
        self._calls: dict[int, JSON] = {}
        self._usage: JSON | None = None

    @property
    def message_id(self) -> str:
        return f"msg_{self._id}"

    def add(self, chunk: JSON) -> str:
        """Takes in a chunk, and returns the piece of the answer's text in it; a refusal is told whole, at the end."""
        if "choices" not in chunk:
            raise LlamaStackError(f"Llama Stack failed to answer: {message_of(chunk)}")
        self._id = self._id or chunk.get("id") or "chat"
        self._model = self._model or chunk.get("model")
        self._usage = chunk.get("usage") or self._usage
        piece = ""
        for choice in chunk["choices"]:
            delta = choice.get("delta") or {}
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
            for part in delta.get("tool_calls") or []:
                self._add_call(part)
            self._refuses = self._refuses or bool(delta.get("refusal"))
            piece += delta.get("refusal") or delta.get("content") or ""
        if piece:
            self._text.append(piece)
        return "" if self._refuses else piece

    def _add_call(self, part: JSON) -> None:
        index = part.get("index")
        call = self._calls.setdefault(len(self._calls) if index is None else index, {"id": "", "name": "", "arguments": ""})
        function = part.get("function") or {}
        call["id"] = call["id"] or part.get("id") or ""
        call["name"] += function.get("name") or ""
        call["arguments"] += function.get("arguments") or ""

    def response(self) -> JSON:
        """The completion in the words of the Responses API.

        Raises LlamaStackError when the server stopped in the middle.
        """
        if not self.finish_reason:
            raise LlamaStackError("Llama Stack ended the answer before it was complete.")
        text = self._said
        calls = [
            function_call(
                call["id"] or f"call_{self._id}_{index}", call["name"], self._sent.cleared(call["arguments"]))
            for index, call in sorted(self._calls.items())
        ]
        output = ([message(self.message_id, text, self._refuses)] if text else []) + calls
        return filled({"id": self._id, "model": self._model, "output": output, "usage": self._response_usage()})

    def spoken(self) -> JSON:
        """The message in the words of chat completions."""
        calls = [
            {
                "id": call["id"], "type": "function",
                "function": {"name": call["name"], "arguments": self._sent.cleared(call["arguments"])},
            }
            for _, call in sorted(self._calls.items())
        ]
        said = {"refusal" if self._refuses else "content": self._said}
        return filled({"role": "assistant", **said, "tool_calls": calls or None})

    @property
    def _said(self) -> str:
        return self._sent.cleared("".join(self._text))

    def _response_usage(self) -> JSON | None:
        if not self._usage:
            return None
        spent, written = self._usage.get("prompt_tokens") or 0, self._usage.get("completion_tokens") or 0
        total = self._usage.get("total_tokens") or spent + written
        return {"input_tokens": spent, "output_tokens": written, "total_tokens": total}


def chat_messages(instructions: str | None, items: Iterable[JSON]) -> list[JSON]:
    """Items of the Responses API as messages.

    Calls that follow each other, or what was said before them, are one message: the model asked for them at once.
    """
    messages: list[JSON] = [{"role": "system", "content": instructions}] if instructions else []
    for item in history(list(items)):
        kind = item.get("type")
        if kind == "function_call":
            function = {"name": item["name"], "arguments": item["arguments"]}
            call = {"id": item["call_id"], "type": "function", "function": function}
            if not messages or messages[-1]["role"] != "assistant":
                messages.append({"role": "assistant", "content": ""})
            messages[-1].setdefault("tool_calls", []).append(call)
        elif kind == "function_call_output":
            messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]})
        elif kind in (None, "message"):
            messages.append({"role": item["role"], "content": chat_content(item.get("content"))})
    return messages


def chat_content(content: Any) -> Any:
    """The content of a message: text, or parts where there is a picture."""
    if not isinstance(content, list) or not any(part.get("type") == "input_image" for part in content):
        return text_of(content)
    return [
        {"type": "image_url", "image_url": filled({"url": part.get("image_url"), "detail": part.get("detail")})}
        if part.get("type") == "input_image" else {"type": "text", "text": text_of(part)}
        for part in content
    ]


class FallingBackRuntime:
    """Runs an agent by another runtime, and by chat completions when that one cannot even begin."""

    def __init__(self, runtime: Runtime, chat: ChatRuntime, name: str) -> None:
        self._runtime = runtime
        self._chat = chat
        self._name = name

    def run(self, turn: Turn) -> Events:
        with closing(self._runtime.run(turn)) as events:
            try:
                first = next(events)
            except LlamaStackError as error:
                reason = str(error)
            else:
                yield first
                yield from events
                return
        logger.warning("The agent `%s` answers through chat completions instead: %s", self._name, reason)
        turn.span.set(attributes={"drover.fallback": reason})
        with closing(self._chat.run(turn)) as events:
            for event in events:
                yield event if "response" not in event else fallen_back(event, reason)


def fallen_back(event: JSON, reason: str) -> JSON:
    """The event, which says that chat completions answered, and why."""
    return {**event, "response": {**event["response"], "fallback": reason}}
