"""Makes the agent out of the files beside its code, and the environment."""

import json
from collections.abc import Mapping
from pathlib import Path

from .agents import AgentsRuntime
from .chat import ChatRuntime, FallingBackRuntime
from .llama_stack import JSON, TLS, LlamaStack, LlamaStackError
from .responder import DroverAgent
from .responses import ResponsesRuntime
from .tools import needs_server, tools_of
from .turns import Delegate, Runtime

DEEPEST = 8  # Agents that ask agents.


def load_agent(folder: Path, environment: Mapping[str, str]) -> DroverAgent:
    """The agent whose files are in a folder, as the environment wants it run."""
    definition = json.loads((folder / "definition.json").read_text(encoding="utf-8"))
    logged = json.loads((folder / "llamastack.json").read_text(encoding="utf-8"))
    base_url = environment.get("LLAMASTACK_BASE_URL") or logged["baseUrl"]
    server = LlamaStack(base_url, environment.get("LLAMASTACK_API_KEY"), TLS.of(environment))
    model = environment.get("LLAMASTACK_MODEL")
    if model:
        definition = with_model(definition, definition["model"], model)
    return DroverAgent(definition, runtime_of(definition, server, environment.get("LLAMASTACK_AGENT_ID")), server.sent)


def with_model(definition: JSON, old: str, new: str) -> JSON:
    """A definition that uses another model, it and the agents that it asks, where they used the old one."""
    tools = [
        {**tool, "agent": with_model(tool["agent"], old, new)} if "agent" in tool else tool
        for tool in tools_of(definition)
    ]
    return {**definition, "model": new if definition["model"] == old else definition["model"], "tools": tools}


def runtime_of(definition: JSON, server: LlamaStack, agent_id: str | None = None, depth: int = 0) -> Runtime:
    """The way to run an agent that was chosen when it was logged; the id of an agent of the server overrides it."""
    if depth > DEEPEST:
        raise LlamaStackError(f"The agents ask each other more than {DEEPEST} deep, at `{definition['name']}`.")
    delegates = {
        tool["name"]: Delegate(tool["agent"], runtime_of(tool["agent"], server, depth=depth + 1))
        for tool in tools_of(definition) if "agent" in tool
    }
    agent_id = agent_id or definition.get("agentID")
    kind = "agents" if agent_id else definition.get("runtime") or "responses"
    if kind == "responses":
        return ResponsesRuntime(server, definition, delegates)
    if kind == "chat":
        return ChatRuntime(server, definition, delegates)
    if kind != "agents":
        raise LlamaStackError(f"The agent `{definition['name']}` runs through `{kind}`, which this code does not know.")
    agents = AgentsRuntime(server, definition, delegates, agent_id or None)
    if agent_id or needs_server(definition):  # What somebody else's agent has, nobody here knows.
        return agents
    return FallingBackRuntime(agents, ChatRuntime(server, definition, delegates), definition["name"])
