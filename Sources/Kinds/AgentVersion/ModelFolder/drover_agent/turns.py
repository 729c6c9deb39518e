"""A turn of an agent, and how turns are taken in steps when the agent asks other agents."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

from mlflow.entities import SpanType

from .items import added_usage, answer_text, arguments_of, finished, function_call_output, unanswered_calls
from .llama_stack import JSON, Events, LlamaStackError
from .spans import Span
from .tools import sampling_of

FINAL = ("response.completed", "response.incomplete")


@dataclass(frozen=True)
class Turn:
    """What is asked: items of the Responses API, the last ones new, and how."""

    input: list[JSON]
    sampling: JSON
    span: Span
    conversation: str | None = None


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
    usage = None
    for _ in range(limit):
        step: JSON = {}
        with closing(exchange(turn)) as events:
            for event in events:
                if event["type"] in FINAL:
                    step = event
                else:
                    yield event
        response = step["response"]
        output += response["output"]
        usage = added_usage(usage, response.get("usage"))
        calls = unanswered_calls(response["output"])
        ours = [call for call in calls if call["name"] in delegates]
        answers = []
        for call in ours:
            answer, used = delegates[call["name"]].answer(call, turn)
            usage = added_usage(usage, used)
            answers.append(answer)
            yield {"type": "response.output_item.done", "item": answers[-1]}
        output += answers
        whole = {**response, "output": output, "usage": usage}
        if not ours or len(ours) < len(calls) or step["type"] == "response.incomplete":
            yield {**step, "response": whole}
            return
        turn = replace(turn, input=[*turn.input, *response["output"], *answers])
    yield finished(whole, incomplete="max_iterations_exceeded")
