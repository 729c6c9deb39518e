"""Output items of the Responses API: how this agent makes them, what MLflow knows of them, how they become history."""

import json
from typing import Any

from mlflow.types import responses_helpers

from .llama_stack import JSON, LlamaStackError

ITEM_STATUS = {"in_progress", "completed", "incomplete"}
ANNOTATIONS = {"file_citation", "url_citation", "file_path"}
TEXT_PARTS = {"input_text", "output_text", "refusal"}
KEPT_ITEMS = {
    "file_search_call", "web_search_call", "computer_call", "function_call", "function_call_output", "reasoning",
    "mcp_approval_request", "mcp_approval_response",
}


def first(*values: Any) -> Any:
    """The first value that is not None."""
    return next((value for value in values if value is not None), None)


def filled(fields: JSON) -> JSON:
    """The fields that are not None."""
    return {key: value for key, value in fields.items() if value is not None}


def message(item_id: str, text: str, is_refusal: bool = False) -> JSON:
    """A message of the agent."""
    part = {"type": "refusal", "refusal": text} if is_refusal else {"type": "output_text", "text": text}
    return {"type": "message", "id": item_id, "role": "assistant", "status": "completed", "content": [part]}


def function_call(call_id: str, name: str, arguments: str) -> JSON:
    return {
        "type": "function_call", "id": call_id, "call_id": call_id, "name": name, "arguments": arguments,
        "status": "completed",
    }


def function_call_output(call_id: str, output: str, has_failed: bool | None = None) -> JSON:
    """What a call gave; its status says whether the call went wrong, where that is known."""
    item = {"type": "function_call_output", "call_id": call_id, "output": output}
    return item if has_failed is None else {**item, "status": "incomplete" if has_failed else "completed"}


def finished(response: JSON, incomplete: str | None = None) -> JSON:
    """The last event of a turn; `incomplete` says why there is no whole answer."""
    if incomplete:
        cut = {"status": "incomplete", "incomplete_details": {"reason": incomplete}}
        return {"type": "response.incomplete", "response": {**response, **cut}}
    return {"type": "response.completed", "response": {"status": "completed", **response}}


def canonical_json(value: Any) -> str:
    """As Drover writes JSON: equal values, equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def text_of(content: Any) -> str:
    """The text of a message's content, however it is spelled; pictures have none."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content] if content else []
    return "".join(part if isinstance(part, str) else part.get("text") or part.get("refusal") or "" for part in parts)


def answer_text(response: JSON) -> str:
    """The text of all messages of a response."""
    messages = [item for item in response.get("output") or [] if item.get("type") == "message"]
    return "\n".join(text_of(item.get("content")) for item in messages)


def unanswered_calls(items: list[JSON]) -> list[JSON]:
    """The function calls among items whose output is not among them."""
    answered = {item["call_id"] for item in items if item.get("type") == "function_call_output"}
    return [item for item in items if item.get("type") == "function_call" and item["call_id"] not in answered]


def asked(items: list[JSON]) -> str | list[JSON]:
    """The input of a request: a lone question is its text."""
    return text_of(items[0].get("content")) if len(items) == 1 and is_question(items[0]) else history(items)


def is_question(item: JSON) -> bool:
    """Whether an item is a message of the user's of text alone."""
    return item.get("type") in (None, "message") and item.get("role") == "user" and has_text_only(item.get("content"))


def has_text_only(content: Any) -> bool:
    parts = content if isinstance(content, list) else []
    return isinstance(content, str) or bool(parts) and all(part.get("type") in TEXT_PARTS for part in parts)


def history(items: list[JSON]) -> list[JSON]:
    """Items as every server takes them as input. Drover says the same (`Runtime/InputItems.swift`), and one set of
    fixtures holds both to it.

    Llama Stack 0.2 and 0.3 fail on a search among them, and OGX forgets what it found: it becomes a function call and
    its output, as the server itself shows it to the model. With guardrails 0.3 fails on text in parts.
    """
    return [each for item in items for each in history_items(item)]


def history_items(item: JSON) -> list[JSON]:
    if item.get("type") == "file_search_call":
        query = canonical_json({"query": " ".join(item.get("queries") or [])})
        found = "\n\n".join(result.get("text") or "" for result in item.get("results") or [])
        call_id = item.get("id") or "file_search"
        return [function_call(call_id, "file_search", query), function_call_output(call_id, found)]
    if item.get("type") == "web_search_call":
        return []
    if item.get("type") == "mcp_call":
        return [each for call in mlflow_items(item) for each in history_items(call)]
    if item.get("type") == "mcp_list_tools":
        return []
    if item.get("type") == "function_call_output":  # Its status is for the caller; not every server knows it.
        return [{"type": "function_call_output", "call_id": item["call_id"], "output": item["output"]}]
    content = item.get("content")
    text = {"content": text_of(content)} if has_text_only(content) else {}
    return [filled({**({"type": "message"} if "role" in item else {}), **item, **text})]


def mlflow_items(item: JSON) -> list[JSON]:
    """An output item of the server as the items that MLflow knows.

    MLflow has no item for a call of an MCP tool: it becomes a function call and its output, which a server also takes
    as history. What has no counterpart, such as the list of an MCP server's tools, is left out.
    """
    kind = item.get("type")
    if kind == "message":
        content = [mlflow_content(part) for part in item.get("content") or []]
        return [known_status({**item, "content": content})] if content else []
    if kind == "mcp_call":
        error = error_text(item.get("error"))
        output = first(item.get("output"), error, "")
        call = function_call(item["id"], item["name"], item.get("arguments") or "{}")
        return [call, function_call_output(item["id"], output, has_failed=error is not None)]
    if kind == "mcp_approval_request" and not hasattr(responses_helpers, "McpApprovalRequest"):
        raise LlamaStackError(
            f"The call of `{item.get('name')}` of the MCP server `{item.get('server_label')}` waits for an approval, "
            "which this version of mlflow has no words for. Install a newer mlflow."
        )
    return [known_status(item)] if kind in KEPT_ITEMS else []


def mlflow_content(part: JSON) -> JSON:
    """A part of a message, with the annotations that MLflow knows."""
    if part.get("type") != "output_text":
        return part
    annotations = [note for note in part.get("annotations") or [] if note.get("type") in ANNOTATIONS]
    return {"type": "output_text", "text": part.get("text") or "", "annotations": annotations}


def known_status(item: JSON) -> JSON:
    """The item without empty fields, and without a status that MLflow refuses."""
    return {key: value for key, value in filled(item).items() if key != "status" or value in ITEM_STATUS}


def error_text(error: Any) -> str | None:
    """Why a call failed, as text."""
    return error if isinstance(error, str) or error is None else json.dumps(error)


def arguments_of(text: str | None) -> Any:
    """The arguments of a call, an object where they are JSON."""
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


def mlflow_response(response: JSON) -> JSON:
    """A response of the server as MLflow takes it."""
    kept = ("id", "created_at", "model", "status", "error", "incomplete_details")
    fields = {key: response[key] for key in kept if response.get(key) is not None}
    output = [item for each in response.get("output") or [] for item in mlflow_items(each)]
    usage = mlflow_usage(response.get("usage"))
    return {**fields, "object": "response", "output": output, **({"usage": usage} if usage else {})}


def mlflow_events(event: JSON) -> list[JSON]:
    """An event of the server as the events that MLflow knows; those that only tell of progress are left out."""
    kind = event["type"]
    if kind == "response.output_item.done":
        return [{"type": kind, "item": item} for item in mlflow_items(event["item"])]
    if kind in ("response.completed", "response.incomplete"):
        return [{"type": kind, "response": mlflow_response(event["response"])}]
    if kind == "response.output_text.delta":
        return [{"type": kind, "item_id": event["item_id"], "delta": event["delta"]}]
    return []


def mlflow_usage(usage: JSON | None) -> JSON | None:
    """Token usage with the details that MLflow requires; older servers leave them out."""
    if not usage:
        return None
    spent, written = usage.get("input_tokens") or 0, usage.get("output_tokens") or 0
    return {
        "input_tokens": spent,
        "output_tokens": written,
        "total_tokens": usage.get("total_tokens") or spent + written,
        "input_tokens_details": {"cached_tokens": detail(usage, "input_tokens_details", "cached_tokens")},
        "output_tokens_details": {"reasoning_tokens": detail(usage, "output_tokens_details", "reasoning_tokens")},
    }


def detail(usage: JSON, group: str, name: str) -> int:
    return (usage.get(group) or {}).get(name) or 0


def added_usage(one: JSON | None, other: JSON | None) -> JSON | None:
    """The usage of two exchanges together; None when one of both is not told: less than the truth would pass for it."""
    one, other = mlflow_usage(one), mlflow_usage(other)
    if not one or not other:
        return None
    return {
        key: {name: one[key][name] + other[key][name] for name in value} if isinstance(value, dict)
        else value + other[key]
        for key, value in one.items()
    }
