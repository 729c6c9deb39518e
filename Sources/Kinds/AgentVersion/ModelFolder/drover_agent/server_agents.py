"""Agents as objects of the server (Llama Stack 0.2 and 0.3): found by their name, made from the definition."""

import hashlib
import json
from typing import Any
from urllib.parse import quote

from .items import canonical_json, filled
from .llama_stack import JSON, Events, Generation, LlamaStack, LlamaStackError
from .tools import function_of, functions_of, mcp_headers, mcp_token, response_format, tools_of

SEARCH = "knowledge_search"
TOOL_GROUPS = {"webSearch": "builtin::websearch"}
PAGE = 100


class ServerAgents:
    """The routes of the Agents API. Of their turns only streamed ones work."""

    def __init__(self, server: LlamaStack) -> None:
        self._server = server

    def find(self, name: str) -> str | None:
        """The id of the agent with a name; names are not unique, and then it is the first one."""
        start = 0
        while True:
            page = self._server.call("GET", f"{self._root}?start_index={start}&limit={PAGE}")
            for agent in page["data"]:
                if (agent.get("agent_config") or {}).get("name") == name:
                    return agent["agent_id"]
            start += len(page["data"])
            if not page.get("has_more") or not page["data"]:
                return None

    def create(self, definition: JSON) -> str:
        config = agent_config(definition, self._server.generation)
        return self._server.call("POST", self._root, {"agent_config": config})["agent_id"]

    def open_session(self, agent: str, name: str) -> str:
        return self._server.call("POST", f"{self._at(agent)}/session", {"session_name": name})["session_id"]

    def delete_session(self, agent: str, session: str) -> None:
        self._server.call("DELETE", f"{self._at(agent)}/session/{quote(session, safe='')}")

    def take_turn(self, agent: str, session: str, messages: list[JSON], headers: dict[str, str]) -> Events:
        path = f"{self._at(agent)}/session/{quote(session, safe='')}/turn"
        return self._server.events(path, {"messages": messages, "stream": True}, headers)

    def resume(self, agent: str, session: str, turn: str, outputs: list[JSON], headers: dict[str, str]) -> Events:
        path = f"{self._at(agent)}/session/{quote(session, safe='')}/turn/{quote(turn, safe='')}/resume"
        return self._server.events(path, {"tool_responses": outputs, "stream": True}, headers)

    @property
    def _root(self) -> str:
        generation = self._server.generation
        if generation.agents is None:
            raise LlamaStackError(f"Llama Stack {generation.version} at {self._server.base_url} has no Agents API.")
        return generation.agents

    def _at(self, agent: str) -> str:
        return f"{self._root}/{quote(agent, safe='')}"


def agent_name(definition: JSON) -> str:
    """`<stack>/<agent>@<digest12>`: a changed definition is another agent."""
    digest = hashlib.sha256(canonical_json(definition).encode()).hexdigest()
    return f"{definition.get('stack') or 'drover'}/{definition['name']}@{digest[:12]}"


def agent_config(definition: JSON, generation: Generation) -> JSON:
    """A definition as the server takes it."""
    schema = response_format(definition)
    choice = tool_choice(definition)
    return filled({
        "name": agent_name(definition),
        "model": definition["model"],
        "instructions": definition.get("instructions") or "",
        "toolgroups": [group for tool in tools_of(definition) for group in tool_groups(tool)],
        "client_tools": [client_tool(function, generation) for function in functions_of(definition)],
        "tool_config": choice and {"tool_choice": choice},
        "sampling_params": sampling_params(definition.get("sampling") or {}),
        "max_infer_iters": definition.get("maxSteps"),
        "input_shields": definition.get("inputShields") or [],
        "output_shields": definition.get("outputShields") or [],
        "response_format": schema and {"type": "json_schema", "json_schema": schema["schema"]},
        "enable_session_persistence": False,
    })


def tool_choice(definition: JSON) -> str | None:
    """`auto`, `required`, `none` or the name of the one tool that is meant; a tool that stands for many is nobody's."""
    choice = definition.get("toolChoice")
    tool = next((tool for tool in tools_of(definition) if tool["name"] == choice), None)
    if tool is None or function_of(tool):
        return choice
    return SEARCH if "fileSearch" in tool else None


def tool_groups(tool: JSON) -> list[str | JSON]:
    """The groups, or the tools in them, that a tool of the definition is on the server."""
    if "fileSearch" in tool:
        search = tool["fileSearch"]
        most = search.get("maxResults")
        config = {"query_config": {"max_chunks": most}} if most else {}
        return [{"name": f"builtin::rag/{SEARCH}", "args": {"vector_db_ids": search["vectorStores"], **config}}]
    if "mcp" in tool:
        group = tool["mcp"].get("toolGroup")
        if not group:
            raise LlamaStackError(f"The tool `{tool['name']}` is not registered as a tool group of the server.")
        allowed = tool["mcp"].get("allow")
        return [group] if allowed is None else [f"{group}/{name}" for name in allowed]
    if "builtin" in tool:
        return [TOOL_GROUPS[tool["builtin"]]]
    if "toolGroup" in tool:
        group = tool["toolGroup"]
        return [{"name": group["id"], "args": group["args"]} if group.get("args") else group["id"]]
    return []


def client_tool(function: JSON, generation: Generation) -> JSON:
    """A function in the words of 0.2 (`parameters`, of each no more than its type) or of 0.3 (`input_schema`)."""
    schema = function["parameters"]
    named = {"name": function["name"], "description": function["description"]}
    if generation.client_tools_have_schemas:
        return {**named, "input_schema": schema}
    required = schema.get("required") or []
    parameters = [
        filled({
            "name": name, "parameter_type": each.get("type") or "string", "description": each.get("description") or "",
            "required": name in required, "default": each.get("default"),
        })
        for name, each in sorted((schema.get("properties") or {}).items())
    ]
    return {**named, "parameters": parameters}


def sampling_params(sampling: JSON) -> JSON:
    """Greedy without a temperature, and with 0; a strategy cuts at 0.95 unless it is told not to."""
    temperature, top_p = sampling.get("temperature"), sampling.get("topP")
    strategy: JSON = {"type": "greedy"}
    if temperature or (temperature is None and top_p is not None):
        strategy = {"type": "top_p", "temperature": temperature or 1.0, "top_p": 1.0 if top_p is None else top_p}
    return filled({
        "strategy": strategy, "max_tokens": sampling.get("maxTokens"), "stop": sampling.get("stop"),
    })


def provider_headers(definition: JSON) -> dict[str, str]:
    """The header by which a turn hands the tokens and headers of MCP servers on."""
    servers: dict[str, dict[str, str]] = {}
    for tool in tools_of(definition):
        if "mcp" not in tool or not tool["mcp"].get("url"):
            continue
        token = mcp_token(tool)
        sent = {**mcp_headers(tool), **({"Authorization": f"Bearer {token}"} if token else {})}
        if sent:
            servers[tool["mcp"]["url"]] = sent
    return {"X-LlamaStack-Provider-Data": json.dumps({"mcp_headers": servers})} if servers else {}
