"""Runs an agent that is an object of the server (Llama Stack 0.2 and 0.3): a session for every request, streamed turns.

A call of a function that nobody here carries out ends the request, and its session waits on the server: the call's id
holds the session and the turn. When the caller sends call and output, the turn goes on. When the session is gone by
then, or the caller goes on with something else, the conversation so far is told in the question of a new session, for
the API takes no messages of an agent. Sampling is the agent's own, whatever the caller asks for.
"""

import logging
import re
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from .items import history, text_of
from .llama_stack import JSON, Events, LlamaStack, LlamaStackError
from .server_agents import ServerAgents, agent_name, provider_headers
from .tools import secrets_of
from .turn_reader import TurnReader
from .turns import Delegates, LocalTools, Turn

logger = logging.getLogger(__name__)

WAITING_CALL = re.compile(r"(?P<call>.+)@(?P<session>[^@/]+)/(?P<turn>[^@/]+)")


@dataclass(frozen=True)
class Waiting:
    """A turn that waited for the outputs of functions, and these."""

    session: str
    turn: str
    outputs: list[JSON]

    @property
    def call_ids(self) -> set[str]:
        return {output["call_id"] for output in self.outputs}


class AgentsRuntime:
    """Finds the agent by its name, or makes it; `agent_id` names one that is used as it is and never changed."""

    def __init__(
        self, server: LlamaStack, definition: JSON, delegates: Delegates, agent_id: str | None = None
    ) -> None:
        self._agents = ServerAgents(server)
        self._sent = server.sent
        self._definition = definition
        self._tools = LocalTools(delegates, definition if agent_id is None else None)
        self._given = agent_id
        self._made: str | None = None
        self._making = threading.Lock()

    def run(self, turn: Turn) -> Events:
        self._sent.add(secrets_of(self._definition))
        waiting = waiting_turn(turn.input)
        if waiting is None:
            yield from self._begun(turn)
            return
        with closing(self._resumed(turn, waiting)) as events:
            try:
                first = next(events)
            except LlamaStackError as error:
                logger.warning("The turn cannot go on where it waited, and begins anew: %s", error)
                yield from self._begun(turn)
                return
            yield first
            yield from events

    def _begun(self, turn: Turn) -> Events:
        asked = [{"role": "user", "content": question_of(turn.input)}]
        headers = provider_headers(self._definition)
        agent, session = self._open_session(turn.conversation or "drover")
        reader = TurnReader(self._definition, turn, session)
        yield from self._in_session(
            turn, reader, (agent, session), lambda: self._agents.take_turn(agent, session, asked, headers)
        )

    def _resumed(self, turn: Turn, waiting: Waiting) -> Events:
        agent = self._agent()
        reader = TurnReader(self._definition, turn, waiting.session)
        begin = self._resuming(agent, reader, waiting)
        yield from self._in_session(turn, reader, (agent, waiting.session), begin)

    def _resuming(self, agent: str, reader: TurnReader, waiting: Waiting) -> Callable[[], Events]:
        headers = provider_headers(self._definition)
        reader.answered |= waiting.call_ids
        return lambda: self._agents.resume(agent, waiting.session, waiting.turn, waiting.outputs, headers)

    def _in_session(
        self, turn: Turn, reader: TurnReader, place: tuple[str, str], begin: Callable[[], Events]
    ) -> Events:
        """Takes the turn to its end, with other agents' answers in between; then the session goes, unless it waits."""
        agent, session = place
        is_waiting = False
        try:
            for _ in range(self._definition["maxSteps"]):
                with closing(begin()) as events:
                    yield from reader.read(events)
                ours = [call for call in reader.calls if self._tools.can_carry_out(call)]
                answers = []
                for call in ours:
                    answer, _ = self._tools.answer(call, turn)
                    answers.append(reader.take(answer))
                    yield {"type": "response.output_item.done", "item": answers[-1]}
                is_waiting = len(ours) < len(reader.calls)
                if is_waiting or not ours:
                    yield reader.end()
                    return
                outputs = tool_responses(ours, answers)
                begin = self._resuming(agent, reader, Waiting(session, reader.turn_id, outputs))
            yield reader.end(incomplete="max_iterations_exceeded")
        finally:
            if not is_waiting:
                self._delete_session(agent, session)

    def _agent(self) -> str:
        if self._given is not None:
            return self._given
        with self._making:
            if self._made is None:
                found = self._agents.find(agent_name(self._definition))
                self._made = found or self._agents.create(self._definition)
            return self._made

    def _open_session(self, name: str) -> tuple[str, str]:
        """A session of the agent, which is made anew when somebody deleted it behind our back."""
        agent = self._agent()
        try:
            return agent, self._agents.open_session(agent, name)
        except LlamaStackError as error:
            if self._given is not None or not re.search("not find|not found", str(error)):
                raise
        with self._making:
            self._made = None
        agent = self._agent()
        return agent, self._agents.open_session(agent, name)

    def _delete_session(self, agent: str, session: str) -> None:
        try:
            self._agents.delete_session(agent, session)
        except LlamaStackError as error:  # The answer is worth more.
            logger.warning("A session stays on the server: %s", error)


def waiting_turn(items: list[JSON]) -> Waiting | None:
    """The turn that the last outputs of functions belong to; None when something else was said since."""
    said = [index for index, item in enumerate(items) if item.get("type") in (None, "message")]
    latest = items[said[-1] + 1:] if said else items
    outputs = [item for item in latest if item.get("type") == "function_call_output"]
    places = [match for item in outputs if (match := WAITING_CALL.fullmatch(item["call_id"]))]
    if not places or places[-1].string != outputs[-1]["call_id"]:
        return None
    session, turn = places[-1]["session"], places[-1]["turn"]
    theirs = [item for item in outputs if item["call_id"].endswith(f"@{session}/{turn}")]
    calls = [item for item in items if item.get("type") == "function_call"]
    return Waiting(session, turn, tool_responses(calls, theirs))


def tool_responses(calls: list[JSON], outputs: list[JSON]) -> list[JSON]:
    """Outputs as the server takes them, with its own ids of the calls."""
    names = {call["call_id"]: call["name"] for call in calls}
    return [
        {
            "call_id": item["call_id"].rpartition("@")[0],
            "tool_name": names.get(item["call_id"], "function"),
            "content": text_of(item["output"]),
        }
        for item in outputs
    ]


def question_of(items: list[JSON]) -> str:
    """What to ask in a new session: the last message, after the conversation before it if there is one."""
    if any(is_picture(part) for item in items for part in parts_of(item)):
        raise LlamaStackError("The server's agents are asked in text only: there is a picture in the input.")
    lines = [line_of(item) for item in history(items)]
    if len(lines) == 1 and items[0].get("role") == "user":
        return text_of(items[0].get("content"))
    return "This is our conversation so far; go on with it.\n\n" + "\n\n".join(filter(None, lines))


def line_of(item: JSON) -> str:
    """An item as a line of a conversation."""
    kind = item.get("type")
    if kind in (None, "message"):
        return f"{item['role']}: {text_of(item.get('content'))}"
    if kind == "function_call":
        return f"assistant calls {item['name']} with {item['arguments']}"
    return f"answer of the call: {text_of(item['output']).strip()}" if kind == "function_call_output" else ""


def parts_of(item: JSON) -> list[JSON]:
    content = item.get("content")
    return content if isinstance(content, list) else []


def is_picture(part: JSON) -> bool:
    return part.get("type") in ("input_image", "input_file")
