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
from .tools import functions_of, sampling_of

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

    def answer(self, call: JSON, turn: Turn) -> tuple[JSON, list[JSON | None]]:
        """Answers a function call that has one argument, `question`: its output, and the tokens of what was answered,
        None where these are not told.

        A failure is an answer too: it is for the model to go on without.
        """
        arguments = arguments_of(call["arguments"])
        question = arguments.get("question") if isinstance(arguments, dict) else None
        asked = [{"type": "message", "role": "user", "content": str(question or call["arguments"])}]
        with turn.span.child(call["name"], SpanType.TOOL, arguments) as tool:
            try:
                response, failure = self._ask(asked, tool)
            except LlamaStackError as error:
                response, failure = None, self._failed(str(error))
            text = failure or answer_text(response or {})
            if failure:
                tool.fail(failure)
            tool.set(outputs=text)
            spent = [response.get("usage")] if response else []
            return function_call_output(call["call_id"], text, has_failed=failure is not None), spent

    def _ask(self, asked: list[JSON], tool: Span) -> tuple[JSON, str | None]:
        """The agent's response, and what is told instead of it; None when it is an answer."""
        with tool.child(self._definition["name"], SpanType.AGENT, {"input": asked}) as span:
            turn = Turn(asked, sampling_of(self._definition), span)
            response = response_of(self._runtime.run(turn))
            span.set(outputs={"output": response["output"], "status": response.get("status")})
            failure = self._failure(response)
            if failure:
                span.fail(failure)
            return response, failure

    def _failure(self, response: JSON) -> str | None:
        pending = unanswered_calls(response["output"])
        if pending:
            return self._failed(f"It calls the function `{pending[0]['name']}`, which nobody here carries out.")
        if any(item.get("type") == "message" for item in response["output"]):
            return None
        reason = (response.get("incomplete_details") or {}).get("reason")
        return f"Error: {reason or 'The agent gave no answer.'}"

    def _failed(self, reason: str) -> str:
        return f"The agent `{self._definition['name']}` failed to answer: {reason}"


Delegates = Mapping[str, Delegate]


class LocalTools:
    """The tools that are carried out here: other agents are asked, and of a tool that is not there the model is told so.
    Functions are the caller's.
    """

    def __init__(self, delegates: Delegates, definition: JSON | None) -> None:
        """The definition is None where nobody here knows all tools of an agent: the others are the caller's, too."""
        self._delegates = delegates
        self._functions = None if definition is None else {function["name"] for function in functions_of(definition)}

    def can_carry_out(self, call: JSON) -> bool:
        """Whether a call is carried out here; otherwise it is the caller's."""
        return call["name"] in self._delegates or self._functions is not None and call["name"] not in self._functions

    def answer(self, call: JSON, turn: Turn) -> tuple[JSON, list[JSON | None]]:
        """The output of a call, and the tokens that agents used for it."""
        name = call["name"]
        if name in self._delegates:
            return self._delegates[name].answer(call, turn)
        text = f"Error: There is no tool `{name}`."
        with turn.span.child(name or "tool", SpanType.TOOL, arguments_of(call["arguments"])) as span:
            span.fail(text)
            span.set(outputs=text)
        return function_call_output(call["call_id"], text, has_failed=True), []


def response_of(events: Events) -> JSON:
    """Reads a turn to its end."""
    *_, last = events
    return last["response"]


def in_steps(exchange: Callable[[Turn], Events], turn: Turn, tools: LocalTools, limit: int) -> Events:
    """Takes a turn by exchanges that know no local tools: their calls are answered in between.

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
        ours = [call for call in calls if tools.can_carry_out(call)]
        if not ours or step["type"] == "response.incomplete":
            yield {**step, "response": whole}
            return
        if used >= limit:
            yield finished(whole, incomplete="max_iterations_exceeded")
            return
        answers = []
        for call in ours:
            answer, spent = tools.answer(call, turn)
            usages += spent
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
