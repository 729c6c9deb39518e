"""A turn of an agent, and how turns are taken in steps when the agent asks other agents."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import reduce
from typing import Protocol

from mlflow.entities import SpanType

from .items import added_usage, answer_text, arguments_of, finished, function_call_output, unanswered_calls
from .llama_stack import JSON, Events, LlamaStackError
from .spans import Span
from .tools import sampling_of

FINAL = ("response.completed", "response.incomplete")
SERVER_CALLS = ("file_search_call", "mcp_call", "mcp_approval_request", "web_search_call")


@dataclass(frozen=True)
class Turn:
    """What is asked: items of the Responses API, the last ones new, and how."""

    input: list[JSON]
    sampling: JSON
    span: Span
    conversation: str | None = None
    steps: int | None = None  # How often the model may be called; None for as often as the agent may call it.


class Runtime(Protocol):
    """A way to run an agent on a server."""

    def run(self, turn: Turn) -> Events:
        """Takes a turn: yields its events in the words of the Responses API, `completed` or `incomplete` last.

        Raises LlamaStackError when the turn fails.
        """


class Delegate:
    """An agent that another one asks as a tool."""

    def __init__(self, definition: JSON, runtime: Runtime) -> None:
        self._definition = definition
        self._runtime = runtime

    def answer(self, call: JSON, turn: Turn) -> tuple[JSON, JSON | None]:
        """Answers a function call that has one argument, `question`: its output, and the tokens that were used.

        A failure is an answer too: it is for the model to go on without.
        """
        arguments = arguments_of(call["arguments"])
        question = arguments.get("question") if isinstance(arguments, dict) else None
        asked = [{"type": "message", "role": "user", "content": str(question or call["arguments"])}]
        with turn.span.child(call["name"], SpanType.TOOL, arguments) as tool:
            try:
                response = self._ask(asked, tool)
            except LlamaStackError as error:
                tool.fail(str(error))
                tool.set(outputs=str(error))
                text = f"The agent `{self._definition['name']}` failed to answer: {error}"
                return function_call_output(call["call_id"], text, has_failed=True), None
            text = answer_text(response)
            tool.set(outputs=text)
            return function_call_output(call["call_id"], text, has_failed=False), response.get("usage")

    def _ask(self, asked: list[JSON], tool: Span) -> JSON:
        with tool.child(self._definition["name"], SpanType.AGENT, {"input": asked}) as span:
            turn = Turn(asked, sampling_of(self._definition), span)
            response = response_of(self._runtime.run(turn))
            span.set(outputs={"output": response["output"], "status": response.get("status")})
            pending = unanswered_calls(response["output"])
            if pending:
                raise LlamaStackError(f"It calls the function `{pending[0]['name']}`, which nobody here carries out.")
            return response


Delegates = Mapping[str, Delegate]


def response_of(events: Events) -> JSON:
    """Reads a turn to its end."""
    *_, last = events
    return last["response"]


def in_steps(exchange: Callable[[Turn], Events], turn: Turn, delegates: Delegates, limit: int) -> Events:
    """Takes a turn by exchanges that know no other agents: their calls are answered in between.

    A call of any other function ends the turn: its caller carries it out, and sends call and output with all before.
    """
    output: list[JSON] = []
    usages: list[JSON | None] = []
    used = 0
    while True:
        step: JSON = {}
        calls_of_model = ModelCalls()
        with closing(exchange(replace(turn, steps=limit - used))) as events:
            for event in events:
                calls_of_model.take(event)
                if event["type"] in FINAL:
                    step = event
                else:
                    yield event
        response = step["response"]
        output += response["output"]
        used += max(1, calls_of_model.number)
        usages.append(response.get("usage"))
        whole = {**response, "output": list(output), "usage": reduce(added_usage, usages)}
        calls = unanswered_calls(response["output"])
        ours = [call for call in calls if call["name"] in delegates]
        if not ours or step["type"] == "response.incomplete":
            yield {**step, "response": whole}
            return
        if used >= limit:
            yield finished(whole, incomplete="max_iterations_exceeded")
            return
        answers = []
        for call in ours:
            answer, spent = delegates[call["name"]].answer(call, turn)
            usages += [spent] if spent else []
            answers.append(answer)
            yield {"type": "response.output_item.done", "item": answers[-1]}
        output += answers
        if len(ours) < len(calls):
            yield {**step, "response": {**whole, "output": output, "usage": reduce(added_usage, usages)}}
            return
        turn = replace(turn, input=[*turn.input, *response["output"], *answers])


class ModelCalls:
    """Counts the model calls of an exchange as Drover does: one begins when the model says something, and the last
    thing was not said by it. Calls that it asked for at once are executed after all of them were said.
    """

    SPOKEN = ("message", "function_call")
    PIECES = ("response.output_text.delta", "response.refusal.delta")
    ARGUMENTS = ("response.function_call_arguments", "response.mcp_call.arguments")

    def __init__(self) -> None:
        self.number = 0
        self._last = ""

    def take(self, event: JSON) -> None:
        kind, item = event["type"], (event.get("item") or {}).get("type")
        if kind in self.PIECES or kind.startswith(self.ARGUMENTS) or item in self.SPOKEN:
            self._speak()
        elif kind == "response.output_item.added" and self._last != "called" and item in SERVER_CALLS:
            self._speak()
        elif kind == "response.output_item.done" and item in SERVER_CALLS:
            self._last = "called"
        elif kind.startswith("response.mcp_list_tools"):
            self._last = "listed"

    def _speak(self) -> None:
        self.number += self._last != "spoken"
        self._last = "spoken"
