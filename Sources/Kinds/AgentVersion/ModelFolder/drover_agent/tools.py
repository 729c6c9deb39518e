"""The tools of a definition."""

import os
from typing import Any

from .items import filled
from .llama_stack import JSON, LlamaStackError, secret

# The model server carries these out.
SERVER_SIDE = ("fileSearch", "mcp", "builtin", "toolGroup")


def is_server_side(tool: JSON) -> bool:
    return any(kind in tool for kind in SERVER_SIDE)


def needs_server(definition: JSON) -> bool:
    """Whether an agent has tools or shields that chat completions do not know."""
    return bool(any(map(is_server_side, tools_of(definition))) or shields(definition))


def tools_of(definition: JSON) -> list[JSON]:
    return definition.get("tools") or []


def shields(definition: JSON) -> list[str]:
    """All shields, those of questions first."""
    named = (definition.get("inputShields") or []) + (definition.get("outputShields") or [])
    return list(dict.fromkeys(named))


def function_of(tool: JSON) -> JSON | None:
    """The function that the model sees: name, description and parameters; None when the server has the tool."""
    if "function" in tool:
        function = tool["function"]
        parameters = function.get("parameters") or {"type": "object", "properties": {}}
        return {"name": tool["name"], "description": function.get("description") or "", "parameters": parameters}
    if "agent" in tool:
        return {
            "name": tool["name"],
            "description": tool["agent"].get("description") or f"Asks the agent `{tool['agent']['name']}`.",
            "parameters": {
                "type": "object",
                "properties": {"question": {
                    "type": "string", "description": "The whole question: the agent knows nothing else of this.",
                }},
                "required": ["question"],
            },
        }
    return None


def functions_of(definition: JSON) -> list[JSON]:
    """The functions that the model sees."""
    return [function for function in map(function_of, tools_of(definition)) if function]


def mcp_token(tool: JSON) -> str | None:
    """The bearer token of an MCP server, from the environment variable that the definition names."""
    variable = tool["mcp"].get("tokenEnvironment")
    if not variable:
        return None
    token = secret(os.environ.get(variable), variable)
    if not token:
        raise LlamaStackError(
            f"The tool `{tool['name']}` takes its token from the environment variable `{variable}`, which is not set. "
            f"Set `{variable}`."
        )
    return token


def response_format(definition: JSON) -> JSON | None:
    """The JSON schema that the answer follows, with the name that the APIs want."""
    schema = definition.get("responseFormat")
    return schema and {"name": "answer", "schema": schema}


def sampling_of(definition: JSON, asked: JSON | None = None) -> JSON:
    """Sampling in the words of the APIs; what the caller asks for wins over the definition's."""
    own = definition.get("sampling") or {}
    spelled: dict[str, Any] = {
        "temperature": own.get("temperature"), "top_p": own.get("topP"), "max_output_tokens": own.get("maxTokens"),
        "stop": own.get("stop"), "seed": own.get("seed"),
    }
    return filled({**spelled, **filled(asked or {})})
