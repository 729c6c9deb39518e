"""An agent logged by Drover, as an MLflow ResponsesAgent.

What the agent is stands in `definition.json` beside this file; where Llama Stack was when it was logged, in
`llamastack.json`. It talks to Llama Stack by itself and needs only `mlflow` and `requests`, which mlflow brings.

The environment wins over the files:

    LLAMASTACK_BASE_URL   where Llama Stack is; a trailing `/v1` is dropped
    LLAMASTACK_API_KEY    sent as a bearer token; empty or `fake` is none
    LLAMASTACK_MODEL      another model
    LLAMASTACK_AGENT_ID   an agent object of the server; refused, since this agent runs through the Responses API

and the tokens of MCP servers stand in the variables that the definition names.
"""

import json
import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import mlflow
import requests
from mlflow.entities import LiveSpan, SpanType
from mlflow.models import set_model
from mlflow.pyfunc import ResponsesAgent
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse, ResponsesAgentStreamEvent
from requests.adapters import HTTPAdapter

JSON = dict[str, Any]
# Whoever closes it ends the exchange with the server.
Events = Generator[JSON, None, None]

CONNECT_SECONDS = 10
SILENCE_SECONDS = 300  # Between two bytes of an answer.


class LlamaStackError(Exception):
    """The question could not be put to Llama Stack, or was not answered; the message is for people."""


class LlamaStack:
    """A Llama Stack or OGX server."""

    def __init__(self, base_url: str, api_key: str | None = None) -> None:
        self.base_url = base_url.rstrip("/").removesuffix("/v1")
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=64))
        if api_key and api_key != "fake":
            self._session.headers["Authorization"] = f"Bearer {api_key}"

    def events(self, path: str, body: JSON) -> Events:
        """Posts, and yields the data of every server-sent event as it arrives."""
        url = self.base_url + path
        headers = {"Accept": "text/event-stream"}
        timeout = (CONNECT_SECONDS, SILENCE_SECONDS)
        try:
            with self._session.post(url, json=body, headers=headers, stream=True, timeout=timeout) as response:
                if not response.ok:
                    said = server_message(response.text)
                    raise LlamaStackError(f"POST {url} was answered with status {response.status_code}: {said}")
                yield from event_data(response.iter_lines())
        except (requests.RequestException, ValueError) as error:  # A ValueError: an event that is not JSON.
            raise LlamaStackError(f"POST {url} failed: {error}") from error


def event_data(lines: Iterable[bytes]) -> Iterator[JSON]:
    """The JSON of each server-sent event; a closing `[DONE]` is not one."""
    data: list[bytes] = []
    for line in chain(lines, [b""]):
        if line.startswith(b"data:"):
            data.append(line[5:].strip())
        elif not line and data:
            text = b"\n".join(data)
            data = []
            if text != b"[DONE]":
                yield json.loads(text)


def server_message(text: str) -> str:
    """What a server says in the body of an error, in any of the shapes that Llama Stack and OGX use."""
    try:
        body = json.loads(text)
    except ValueError:
        return text[:2000]
    if not isinstance(body, dict):
        return text[:2000]
    error = body.get("error") or body
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error
    return error if isinstance(error, str) else json.dumps(error)


class Runtime(Protocol):
    """A way to run an agent on a server."""

    model: str

    def run(self, request: ResponsesAgentRequest) -> Events:
        """Takes a turn: yields the server's events in the words of the Responses API, `completed` or `incomplete`
        last.

        Raises LlamaStackError when the turn fails.
        """


class ResponsesRuntime:
    """Runs an agent by the Responses API: the server calls the model and the tools until there is an answer."""

    def __init__(self, server: LlamaStack, definition: JSON, model: str) -> None:
        self.model = model
        self._server = server
        self._definition = definition

    def run(self, request: ResponsesAgentRequest) -> Events:
        with closing(self._server.events("/v1/responses", self.body(request))) as events:
            for event in events:
                kind = event.get("type")
                if kind in (None, "error", "response.failed"):
                    raise LlamaStackError(f"Llama Stack failed to answer: {failure(event)}")
                yield event
                if kind in ("response.completed", "response.incomplete"):
                    return
        raise LlamaStackError("Llama Stack ended the answer before it was complete.")

    def body(self, request: ResponsesAgentRequest) -> JSON:
        """The request to the server. Sampling that the caller asks for wins over the definition's."""
        sampling = self._definition.get("sampling") or {}
        tools = self._definition.get("tools") or []
        body = {
            "model": self.model,
            "instructions": self._definition.get("instructions"),
            "input": [item.model_dump(exclude_none=True) for item in request.input],
            "tools": [responses_tool(tool) for tool in tools] or None,
            "include": ["file_search_call.results"] if any("fileSearch" in tool for tool in tools) else None,
            "tool_choice": tool_choice(self._definition.get("toolChoice"), tools),
            "text": text_format(self._definition.get("responseFormat")),
            "max_infer_iters": self._definition.get("maxSteps"),
            "temperature": first(request.temperature, sampling.get("temperature")),
            "top_p": first(request.top_p, sampling.get("topP")),
            "max_output_tokens": first(request.max_output_tokens, sampling.get("maxTokens")),
            "store": False,
            "stream": True,
        }
        return {key: value for key, value in body.items() if value is not None}


def failure(event: JSON) -> str:
    """The reason in an event that says that the turn failed."""
    error = event.get("error") or (event.get("response") or {}).get("error") or event
    return str(error.get("message") or error) if isinstance(error, dict) else str(error)


def first(*values: Any) -> Any:
    """The first value that is not None."""
    return next((value for value in values if value is not None), None)


def responses_tool(tool: JSON) -> JSON:
    """A tool of the definition as the Responses API takes it."""
    if "fileSearch" in tool:
        search = tool["fileSearch"]
        score = search.get("minScore")
        spelled = {
            "type": "file_search",
            "vector_store_ids": search["vectorStores"],
            "max_num_results": search.get("maxResults"),
            "ranking_options": None if score is None else {"score_threshold": score},
            "filters": search.get("filters"),
        }
    elif "mcp" in tool:
        mcp = tool["mcp"]
        spelled = {
            "type": "mcp",
            "server_label": tool["name"],
            "server_url": mcp["url"],
            "authorization": mcp_token(tool),
            "headers": mcp.get("headers"),
            "allowed_tools": mcp.get("allow"),
            "require_approval": mcp.get("requireApproval") or "never",
        }
    else:
        raise LlamaStackError(f"This agent's code does not know the kind of the tool `{tool['name']}`.")
    return {key: value for key, value in spelled.items() if value is not None}


def mcp_token(tool: JSON) -> str | None:
    """The bearer token of an MCP server, from the environment variable that the definition names."""
    variable = tool["mcp"].get("tokenEnvironment")
    if not variable:
        return None
    token = os.environ.get(variable)
    if not token:
        raise LlamaStackError(
            f"The tool `{tool['name']}` takes its token from the environment variable `{variable}`, which is not set. "
            f"Set `{variable}`."
        )
    return token


def tool_choice(choice: str | None, tools: list[JSON]) -> str | JSON | None:
    """`auto`, `required`, `none`, or a tool of the definition."""
    tool = next((tool for tool in tools if tool["name"] == choice), None)
    if tool is None:
        return choice
    return {"type": "file_search"} if "fileSearch" in tool else {"type": "mcp", "server_label": tool["name"]}


def text_format(schema: JSON | None) -> JSON | None:
    """The `text` field that makes the answer follow a JSON schema."""
    return schema and {"format": {"type": "json_schema", "name": "answer", "schema": schema}}


ITEM_STATUS = {"in_progress", "completed", "incomplete"}
ANNOTATIONS = {"file_citation", "url_citation", "file_path"}
KEPT_ITEMS = {
    "file_search_call", "web_search_call", "computer_call", "function_call", "function_call_output", "reasoning",
    "mcp_approval_request", "mcp_approval_response",
}


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
        output = first(item.get("output"), error_text(item.get("error")), "")
        call = {"id": item["id"], "call_id": item["id"], "name": item["name"], "arguments": item["arguments"]}
        return [
            {"type": "function_call", **call},
            {"type": "function_call_output", "call_id": item["id"], "output": output},
        ]
    return [known_status(item)] if kind in KEPT_ITEMS else []


def mlflow_content(part: JSON) -> JSON:
    """A part of a message, with the annotations that MLflow knows."""
    if part.get("type") != "output_text":
        return part
    annotations = [note for note in part.get("annotations") or [] if note.get("type") in ANNOTATIONS]
    return {"type": "output_text", "text": part.get("text") or "", "annotations": annotations}


def known_status(item: JSON) -> JSON:
    """The item without empty fields, and without a status that MLflow refuses."""
    return {
        key: value for key, value in item.items()
        if value is not None and (key != "status" or value in ITEM_STATUS)
    }


def error_text(error: Any) -> str | None:
    """Why a call failed, as text."""
    return error if isinstance(error, str) or error is None else json.dumps(error)


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


class TurnSpans:
    """The spans of one turn below the root that MLflow makes: the exchange with the server, and each tool call."""

    def __init__(self, root: LiveSpan, definition: JSON, model: str, request: ResponsesAgentRequest) -> None:
        self._root = root
        self._searches = [tool["name"] for tool in definition.get("tools") or [] if "fileSearch" in tool]
        # Not the tools: their headers and tokens are nobody's business.
        asked = {
            "model": model,
            "instructions": definition.get("instructions"),
            "input": [item.model_dump(exclude_none=True) for item in request.input],
        }
        self._exchange = self._start("responses", SpanType.LLM, asked, {"mlflow.llm.model": model})
        self._open = {"": self._exchange}  # By the id of the item that the server makes of a call.

    def see(self, event: JSON) -> None:
        """Follows the turn by its events."""
        kind = event["type"]
        item = event.get("item") or {}
        if kind == "response.output_item.added":
            self._begin(item)
        elif kind == "response.output_item.done":
            self._close(item)
        elif kind in ("response.completed", "response.incomplete"):
            self._finish(mlflow_response(event["response"]))

    def fail(self, error: Exception) -> None:
        """Marks what is open as failed."""
        for span in self._open.values():
            span.record_exception(error)

    def end(self) -> None:
        """Ends what is open: nothing, unless the turn failed or its reader went away."""
        while self._open:
            self._open.popitem()[1].end()

    def _start(self, name: str, kind: str, inputs: Any, attributes: JSON | None = None) -> LiveSpan:
        return mlflow.start_span_no_context(
            name, span_type=kind, parent_span=self._root, inputs=inputs, attributes=attributes
        )

    def _begin(self, item: JSON) -> None:
        if item.get("type") == "file_search_call":
            name = self._searches[0] if len(self._searches) == 1 else "file_search"
            self._open[item["id"]] = self._start(name, SpanType.RETRIEVER, None)
        elif item.get("type") == "mcp_call":
            offered = {"mcp.server": item.get("server_label")}
            self._open[item["id"]] = self._start(item["name"], SpanType.TOOL, None, offered)

    def _close(self, item: JSON) -> None:
        if item.get("type") not in ("file_search_call", "mcp_call"):
            return
        if item["id"] not in self._open:
            self._begin(item)  # Servers before 0.3 do not say that a call begins.
        span = self._open.pop(item["id"])
        if item["type"] == "file_search_call":
            span.set_inputs({"queries": item.get("queries")})
            span.end(outputs=[document(found) for found in item.get("results") or []])
        else:
            error = error_text(item.get("error"))
            span.set_inputs(arguments(item.get("arguments")))
            span.end(outputs=first(item.get("output"), error), status="ERROR" if error else "OK")

    def _finish(self, response: JSON) -> None:
        usage = response.get("usage")
        if usage:
            counted = {key: usage[key] for key in ("input_tokens", "output_tokens", "total_tokens")}
            self._exchange.set_attribute("mlflow.chat.tokenUsage", counted)
        del self._open[""]
        self._exchange.end(outputs={"output": response["output"], "status": response.get("status")})


def document(found: JSON) -> JSON:
    """A passage that retrieval found, as MLflow shows documents."""
    attributes = found.get("attributes") or {}
    place = attributes.get("filename") or found.get("filename")
    return {"page_content": found.get("text"), "metadata": {"doc_uri": place, "score": found.get("score")}}


def arguments(text: str | None) -> Any:
    """The arguments of a call, an object where they are JSON."""
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


class DroverAgent(ResponsesAgent):
    """The agent that the definition describes."""

    def __init__(self, definition: JSON, runtime: Runtime) -> None:
        self._definition = definition
        self._runtime = runtime

    def predict(self, request: ResponsesAgentRequest) -> ResponsesAgentResponse:
        """Answers at once."""
        *_, last = self._turn(request)
        return ResponsesAgentResponse(**mlflow_response(last["response"]))

    def predict_stream(
        self, request: ResponsesAgentRequest
    ) -> Generator[ResponsesAgentStreamEvent, None, None]:
        """Answers piece by piece, as the pieces arrive; the last event holds the whole response."""
        with closing(self._turn(request)) as events:
            for spelled in chain.from_iterable(map(mlflow_events, events)):
                yield ResponsesAgentStreamEvent(**spelled)

    def _turn(self, request: ResponsesAgentRequest) -> Events:
        root = mlflow.get_current_active_span()
        if root is None:  # Tracing is off, or this turn is not sampled.
            yield from self._runtime.run(request)
            return
        name_session(request)
        spans = TurnSpans(root, self._definition, self._runtime.model, request)
        try:
            with closing(self._runtime.run(request)) as events:
                for event in events:
                    spans.see(event)
                    yield event
        except Exception as error:
            spans.fail(error)
            raise
        finally:
            spans.end()


def name_session(request: ResponsesAgentRequest) -> None:
    """Says in the trace whose conversation it belongs to."""
    context = request.context
    named = {
        "mlflow.trace.session": context and context.conversation_id,
        "mlflow.trace.user": context and context.user_id,
    }
    metadata = {key: value for key, value in named.items() if value}
    if metadata:
        mlflow.update_current_trace(metadata=metadata)


def load_agent(folder: Path, environment: Mapping[str, str]) -> DroverAgent:
    """The agent whose files are in a folder, as the environment wants it run."""
    definition = json.loads((folder / "definition.json").read_text(encoding="utf-8"))
    logged = json.loads((folder / "llamastack.json").read_text(encoding="utf-8"))
    if environment.get("LLAMASTACK_AGENT_ID"):
        raise LlamaStackError(
            f"LLAMASTACK_AGENT_ID asks for the server's own agent `{environment['LLAMASTACK_AGENT_ID']}`, but the "
            f"agent `{definition['name']}` was logged to run through the Responses API. Unset LLAMASTACK_AGENT_ID."
        )
    base_url = environment.get("LLAMASTACK_BASE_URL") or logged["baseUrl"]
    server = LlamaStack(base_url, environment.get("LLAMASTACK_API_KEY"))
    model = environment.get("LLAMASTACK_MODEL") or definition["model"]
    return DroverAgent(definition, ResponsesRuntime(server, definition, model))


set_model(load_agent(Path(__file__).parent, os.environ))
