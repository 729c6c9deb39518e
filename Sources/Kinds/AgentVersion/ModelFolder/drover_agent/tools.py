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
    """The bearer token of an MCP server, from the environment variable that the definition names.

    None without one, or where it is optional and not set.
    """
    variable = tool["mcp"].get("tokenEnvironment")
    return secret_in(variable, tool) if variable else None


def mcp_headers(tool: JSON) -> dict[str, str]:
    """What is sent to an MCP server beside its token; secret ones are in environment variables."""
    named = tool["mcp"].get("secretHeaders") or {}
    known = {name: secret_in(variable, tool) for name, variable in named.items()}
    return {**(tool["mcp"].get("headers") or {}), **{name: value for name, value in known.items() if value}}


def secret_in(variable: str, tool: JSON) -> str | None:
    value = secret(os.environ.get(variable), variable)
    if value or variable in (tool["mcp"].get("optionalEnvironment") or []):
        return value or None
    raise LlamaStackError(
        f"The tool `{tool['name']}` takes a token or a header from the environment variable `{variable}`, which is not "
        f"set. Set `{variable}`."
    )


def secrets_of(definition: JSON) -> list[str]:
    """The tokens and headers of MCP servers that are secret, as far as they are set."""
    servers = [tool["mcp"] for tool in tools_of(definition) if "mcp" in tool]
    variables = [
        variable for mcp in servers
        for variable in [mcp.get("tokenEnvironment"), *(mcp.get("secretHeaders") or {}).values()] if variable
    ]
    return [known for variable in variables if (known := secret(os.environ.get(variable), variable))]


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
