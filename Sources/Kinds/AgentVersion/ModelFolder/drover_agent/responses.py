"""Runs an agent by the Responses API: the server calls the model and the tools until there is an answer."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial

from mlflow.entities import SpanType

from .citations import without_marks
from .guards import Guards
from .items import answer_text, arguments_of, asked, error_text, filled, first, message, mlflow_response
from .llama_stack import JSON, Events, Generation, LlamaStack, LlamaStackError, message_of
from .secrets import SentSecrets
from .spans import OpenSpans
from .tools import function_of, mcp_headers, mcp_token, response_format, secrets_of, shields, tools_of
from .turns import FINAL, Delegates, LocalTools, Turn, in_steps

WEB_SEARCH_GROUP = "builtin::websearch"
RAG_GROUPS = ("builtin::rag", "builtin::rag/knowledge_search")


class ResponsesRuntime:
    """Every turn is a request that holds the whole definition; the server keeps nothing."""

    def __init__(self, server: LlamaStack, definition: JSON, delegates: Delegates) -> None:
        self._server = server
        self._definition = definition
        self._tools = LocalTools(delegates, definition)
        self._guards = Guards(server, shields(definition))

    def run(self, turn: Turn) -> Events:
        yield from in_steps(self._step, turn, self._tools, self._definition["maxSteps"])

    def _step(self, turn: Turn) -> Events:
        if self._guards.are_needed(turn):
            yield from self._guards.watch(partial(self._exchange, is_watched=True), turn)
        else:
            yield from self._exchange(turn)

    def _exchange(self, turn: Turn, is_watched: bool = False) -> Events:
        told = {  # Not the tools: their headers and tokens are nobody's business.
            "model": self._definition["model"], "instructions": self._definition.get("instructions"),
            "input": turn.input,
        }
        body = self.body(turn, is_watched)
        self._server.sent.add(secrets_of(self._definition))
        path = self._server.generation.openai + "/responses"
        attributes = {"mlflow.llm.model": self._definition["model"]}
        with (
            turn.span.child("responses", SpanType.LLM, told, attributes) as exchange,
            OpenSpans(turn.span) as calls,
            closing(self._server.events(path, body)) as events,
        ):
            for event in with_all_items(without_marks(events) if self._may_cite else events, self._server.sent):
                self._follow(event, calls)
                yield event
                if event["type"] in FINAL:
                    response = mlflow_response(event["response"])
                    exchange.count(response.get("usage"))
                    exchange.set(outputs={"output": response["output"], "status": response.get("status")})
                    return
            raise LlamaStackError("Llama Stack ended the answer before it was complete.")

    def body(self, turn: Turn, is_watched: bool = False) -> JSON:
        """The request to the server, without guardrails where the turn is watched here."""
        tools = responses_tools(self._definition, self._server.generation)
        guardrails = shields(self._definition)
        if guardrails and not self._server.generation.has_guardrails:
            raise LlamaStackError(
                f"The agent `{self._definition['name']}` has shields, which the Responses API of Llama Stack "
                f"{self._server.generation.version} would ignore. Run it on Llama Stack 0.3 or later."
            )
        schema = response_format(self._definition)
        tuning = {**turn.sampling, "tool_choice": tool_choice(self._definition.get("toolChoice"), tools_of(self._definition))}
        heeded = self._server.generation.heeded_sampling
        return filled({
            "model": self._definition["model"],
            "instructions": self._definition.get("instructions"),
            "input": asked(turn.input),
            "tools": tools or None,
            "include": ["file_search_call.results"] if any(tool["type"] == "file_search" for tool in tools) else None,
            "text": schema and {"format": {"type": "json_schema", **schema}},
            "guardrails": None if is_watched else guardrails or None,
            "max_infer_iters": first(turn.steps, self._definition.get("maxSteps")),
            **{field: tuning.get(field) for field in sorted(heeded)},
            "store": False,
            "stream": True,
        })

    @property
    def _may_cite(self) -> bool:
        """Whether the server asks the model to cite."""
        tools = responses_tools(self._definition, self._server.generation)
        return any(tool["type"] == "file_search" for tool in tools)

    def _follow(self, event: JSON, calls: OpenSpans) -> None:
        """Makes a span of every call that the server carries out."""
        item = event.get("item") or {}
        if item.get("type") not in ("file_search_call", "mcp_call"):
            return
        if item["id"] not in calls:  # Servers before 0.3 do not say that a call begins.
            self._begin(item, calls)
        if event["type"] == "response.output_item.done":
            finish(item, calls)

    def _begin(self, item: JSON, calls: OpenSpans) -> None:
        if item["type"] == "mcp_call":
            calls.begin(item["id"], item["name"], SpanType.TOOL, None, {"mcp.server": item.get("server_label")})
            return
        searches = [tool["name"] for tool in tools_of(self._definition) if "fileSearch" in tool]
        calls.begin(item["id"], searches[0] if len(searches) == 1 else "file_search", SpanType.RETRIEVER)


def finish(item: JSON, calls: OpenSpans) -> None:
    """Ends the span of a call with what it gave."""
    if item["type"] == "file_search_call":
        found = [document(result) for result in item.get("results") or []]
        calls.end(item["id"], {"queries": item.get("queries")}, found)
    else:
        error = error_text(item.get("error"))
        calls.end(item["id"], arguments_of(item.get("arguments")), first(item.get("output"), error), error)


def document(found: JSON) -> JSON:
    """A passage that retrieval found, as MLflow shows documents."""
    attributes = found.get("attributes") or {}
    place = attributes.get("filename") or found.get("filename")
    return {"page_content": found.get("text"), "metadata": {"doc_uri": place, "score": found.get("score")}}


def with_all_items(events: Events, sent: SentSecrets) -> Iterator[JSON]:
    """The events, failed ones raised, where every item of the answer is told before the end.

    Servers before 0.3 do not tell that a message is done, and know it by another id in the end than in its pieces; the
    refusal of a guardrail has no id at all. OGX 1.5 tells what the model refuses with in pieces alone.
    """
    pieces: list[str] = []
    refused: list[str] = []
    told: set[str] = set()
    for event in events:
        kind = event.get("type")
        if kind in (None, "error", "response.failed"):
            raise LlamaStackError(f"Llama Stack failed to answer: {message_of(event.get('response') or event)}")
        if kind == "response.output_text.delta" and event["item_id"] not in pieces:
            pieces.append(event["item_id"])
        if kind == "response.refusal.delta":
            refused.append(event["delta"])
        if kind == "response.output_item.done":
            told.add(event["item"].get("id") or "")
        if kind in FINAL:
            response = event["response"]
            response["output"] = with_refusal(response, sent.cleared("".join(refused)))
            streamed = iter([piece for piece in pieces if piece not in told])
            for item in response["output"]:
                if item.get("id") in told:
                    continue
                if item.get("type") == "message":
                    item["id"] = next(streamed, None) or item.get("id") or f"msg_{response.get('id')}"
                yield {"type": "response.output_item.done", "item": item}
        yield event


def with_refusal(response: JSON, refusal: str) -> list[JSON]:
    """The items of a response, in which what was refused stands where nothing else is said."""
    items = response.get("output") or []
    if not refusal or answer_text(response).strip():
        return items
    said = message(f"msg_{response.get('id')}", refusal, is_refusal=True)
    empty = next((item for item in items if item.get("type") == "message"), None)
    if empty is None:
        return [*items, said]
    empty["content"] = said["content"]
    return items


def responses_tools(definition: JSON, generation: Generation) -> list[JSON]:
    """The tools of the definition as the Responses API takes them."""
    searches = [f"`{tool['name']}`" for tool in tools_of(definition) if "fileSearch" in tool]
    if len(searches) > 1:
        raise LlamaStackError(
            f"The agent `{definition['name']}` has the file search tools {', '.join(searches)}; the Responses API "
            "would search only the first. List all vector stores in one."
        )
    return [responses_tool(tool, generation) for tool in tools_of(definition)]


def responses_tool(tool: JSON, generation: Generation) -> JSON:
    """A tool of the definition as the Responses API takes it."""
    if "fileSearch" in tool:
        search = tool["fileSearch"]
        score = search.get("minScore")
        return filled({
            "type": "file_search",
            "vector_store_ids": search["vectorStores"],
            "max_num_results": search.get("maxResults"),
            "ranking_options": None if score is None else {"score_threshold": score},
            "filters": search.get("filters"),
        })
    if "mcp" in tool:
        mcp = tool["mcp"]
        token, headers = mcp_token(tool), mcp_headers(tool)
        if token and not generation.takes_mcp_authorization:
            headers["Authorization"] = f"Bearer {token}"
        return filled({
            "type": "mcp",
            "server_label": tool["name"],
            "server_url": mcp.get("url"),
            # By its id alone, servers (seen from 0.6 to OGX 1.5) find a connector in the first turn of a conversation only.
            "connector_id": None if "url" in mcp else mcp.get("connector"),
            "authorization": token if generation.takes_mcp_authorization else None,
            "headers": headers or None,
            "allowed_tools": mcp.get("allow"),
            "require_approval": mcp.get("requireApproval") or "never",
        })
    if "builtin" in tool:
        return {"type": "web_search"}
    if "toolGroup" in tool:
        equivalent = tool_of_group(tool["toolGroup"])
        if equivalent is None:
            raise LlamaStackError(
                f"The tool `{tool['name']}` is the tool group `{tool['toolGroup']['id']}`, for which the Responses API "
                "has no tool."
            )
        return equivalent
    return {"type": "function", **(function_of(tool) or {}), "strict": False}


def tool_of_group(group: JSON) -> JSON | None:
    """A tool group of servers up to 0.3 as a tool of the Responses API; None where that has none like it."""
    args = group.get("args") or {}
    stores = first(args.get("vector_db_ids"), args.get("vector_store_ids"))
    if group["id"] in RAG_GROUPS and stores is not None:
        return {"type": "file_search", "vector_store_ids": stores}
    return {"type": "web_search"} if group["id"] == WEB_SEARCH_GROUP else None


def tool_choice(choice: str | None, tools: list[JSON]) -> str | JSON | None:
    """`auto`, `required`, `none`, or a tool of the definition."""
    tool = next((tool for tool in tools if tool["name"] == choice), None)
    if tool is None:
        return choice
    if "fileSearch" in tool:
        return {"type": "file_search"}
    if "mcp" in tool:
        return {"type": "mcp", "server_label": tool["name"]}
    if "builtin" in tool:
        return {"type": "web_search"}
    equivalent = tool_of_group(tool["toolGroup"]) if "toolGroup" in tool else None
    return {"type": equivalent["type"]} if equivalent else {"type": "function", "name": tool["name"]}
