"""Agents that are objects of the server, on a stand-in that plays what Llama Stack 0.2.24 and 0.3.5 streamed."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import JSON, QUESTION, WEATHER, Describe, Load, StubLlamaStack, Traces, agent, plain_name
from mlflow.types.responses import ResponsesAgentRequest

RAG = "LlamaStack/agents-rag-0.2.24.sse"
PENDING = "LlamaStack/agents-pending-0.2.24.sse"
RESUMED = "LlamaStack/agents-resume-0.2.24.sse"
GONE = "LlamaStack/agents-unknown-session-0.2.24.sse"
SHIELD = "LlamaStack/agents-shield-0.2.24.sse"
REFUSAL = "I can't answer that. Can I help with something else?"
GET_WEATHER = {**WEATHER, "name": "get_weather"}


@pytest.fixture
def support(llama: StubLlamaStack, describe: Describe) -> JSON:
    """An agent that searches, on 0.2.24."""
    llama.version = "0.2.24"
    definition = {
        "name": "support", "model": "llm", "instructions": "Be brief.", "maxSteps": 4, "runtime": "agents",
        "stack": "helpdesk",
        "tools": [{"name": "knowledge", "fileSearch": {"vectorStores": ["vs_1"], "maxResults": 3}}],
    }
    describe(definition)
    return definition


@pytest.fixture
def asking(support: JSON, describe: Describe) -> JSON:
    """An agent that calls a function."""
    support["tools"] = [GET_WEATHER, {"name": "web", "builtin": "webSearch"}]
    describe(support)
    return support


def dumped(response: Any) -> list[JSON]:
    return [item.model_dump(exclude_none=True) for item in response.output]


class TestAgent:
    def test_is_made_from_the_definition_and_found_by_its_name(
        self, load: Load, llama: StubLlamaStack, support: JSON, folder: Path
    ) -> None:
        llama.plays_recorded(RAG)
        agent(load).predict(QUESTION)
        agent(load).predict(QUESTION)
        [config] = llama.agents.values()
        written = json.dumps(support, sort_keys=True, separators=(",", ":")).encode()
        assert config == {
            "name": f"helpdesk/support@{hashlib.sha256(written).hexdigest()[:12]}",
            "model": "llm", "instructions": "Be brief.", "max_infer_iters": 4,
            "toolgroups": [{"name": "builtin::rag/knowledge_search", "args": {
                "vector_db_ids": ["vs_1"], "query_config": {"max_chunks": 3}}}],
            "client_tools": [], "input_shields": [], "output_shields": [], "enable_session_persistence": False,
            "sampling_params": {"strategy": {"type": "greedy"}},
        }

    def test_the_digest_is_of_what_drover_writes(self, load: Load, support: JSON) -> None:
        """Also for an agent inside another one, whose text is not at hand."""
        written = '{"a":[1,1.0,0.2,1e-05],"é":"\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u001f\x7f/","ﬀ":null,"𝄞":{"b":true,"c":{}}}'
        code = sys.modules[type(agent(load)).__module__.replace("responder", "server_agents")]
        assert code.canonical_json(json.loads(written)) == written

    def test_has_all_that_the_definition_asks_for(
        self, load: Load, llama: StubLlamaStack, support: JSON, describe: Describe
    ) -> None:
        schema = {"type": "object"}
        mcp = {"url": "http://127.0.0.1:9000/mcp", "toolGroup": "mcp::tickets"}
        describe({
            **support, "inputShields": ["in"], "outputShields": ["out"], "toolChoice": "required",
            "responseFormat": schema, "sampling": {"temperature": 0.5, "topP": 0.9, "maxTokens": 64, "stop": ["END"]},
            "tools": [
                {"name": "tickets", "mcp": mcp}, {"name": "some", "mcp": {**mcp, "allow": ["search", "create"]}},
                {"name": "web", "builtin": "webSearch"}, {"name": "own", "toolGroup": {"id": "own::y"}},
                {"name": "with", "toolGroup": {"id": "own::x", "args": {"a": 1}}}, WEATHER,
                {"name": "desk", "agent": {**support, "name": "billing"}},
            ],
        })
        llama.plays_recorded(RAG)
        agent(load).predict(QUESTION)
        [config] = llama.agents.values()
        assert config["toolgroups"] == [
            "mcp::tickets", "mcp::tickets/search", "mcp::tickets/create", "builtin::websearch",
            "own::y", {"name": "own::x", "args": {"a": 1}},
        ]
        weather, desk = config["client_tools"]
        assert weather["parameters"] == [
            {"name": "city", "parameter_type": "string", "description": "a city", "required": True}]
        assert "input_schema" not in weather  # 0.3 takes that, and no parameters: `Fixtures/Requests` has both.
        assert (desk["name"], desk["parameters"][0]["name"]) == ("desk", "question")
        assert config["sampling_params"] == {
            "strategy": {"type": "top_p", "temperature": 0.5, "top_p": 0.9}, "max_tokens": 64, "stop": ["END"]}
        assert (config["input_shields"], config["output_shields"]) == (["in"], ["out"])
        assert config["response_format"] == {"type": "json_schema", "json_schema": schema}
        assert config["tool_config"] == {"tool_choice": "required"}

    @pytest.mark.parametrize("choice, sent", [
        ("none", "none"), ("knowledge", "knowledge_search"), ("weather", "weather"), ("web", None), (None, None)])
    def test_tool_choice(
        self, load: Load, llama: StubLlamaStack, support: JSON, describe: Describe, choice: str, sent: str | None
    ) -> None:
        support["tools"] += [WEATHER, {"name": "web", "builtin": "webSearch"}]
        describe({**support, "toolChoice": choice})
        llama.plays_recorded(RAG)
        agent(load).predict(QUESTION)
        [config] = llama.agents.values()
        assert config.get("tool_config") == (sent and {"tool_choice": sent})

    @pytest.mark.parametrize("sampling, sent", [
        ({"temperature": 0, "topP": 0.5}, {"type": "greedy"}),
        ({"temperature": 0.5}, {"type": "top_p", "temperature": 0.5, "top_p": 1.0}),
        ({"topP": 0.5}, {"type": "top_p", "temperature": 1.0, "top_p": 0.5}),
    ])
    def test_sampling(
        self, load: Load, llama: StubLlamaStack, support: JSON, describe: Describe, sampling: JSON, sent: JSON
    ) -> None:
        describe({**support, "sampling": sampling})
        llama.plays_recorded(RAG)
        agent(load).predict(QUESTION)
        [config] = llama.agents.values()
        assert config["sampling_params"] == {"strategy": sent}

    def test_is_found_on_a_later_page(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        llama.agents = {f"a{number:03}": {"name": "other"} for number in range(250)}
        llama.plays_recorded(RAG)
        agent(load).predict(QUESTION)
        agent(load).predict(QUESTION)
        assert len(llama.agents) == 251

    def test_is_made_again_when_somebody_deleted_it(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        llama.plays_recorded(RAG)
        asked = agent(load)
        asked.predict(QUESTION)
        llama.agents.clear()
        asked.predict(QUESTION)
        assert len(llama.agents) == 1

    @pytest.mark.parametrize("named", ["definition", "environment"])
    def test_one_of_somebody_else_is_used_as_it_is(
        self, load: Load, llama: StubLlamaStack, support: JSON, describe: Describe, named: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        llama.agents = {"agent-7": {"name": "theirs"}}
        if named == "definition":
            describe({**support, "agentID": "agent-7"})
        else:
            describe({**support, "runtime": "responses"})
            monkeypatch.setenv("LLAMASTACK_AGENT_ID", "agent-7")
        llama.plays_recorded(RAG)
        agent(load).predict(QUESTION)
        assert llama.agents == {"agent-7": {"name": "theirs"}}
        assert llama.paths[0].startswith("/v1/agents/agent-7/session/")

    def test_one_that_is_not_there_is_an_error_and_no_other_is_made(
        self, load: Load, llama: StubLlamaStack, support: JSON, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LLAMASTACK_AGENT_ID", "agent-7")
        with pytest.raises(Exception, match="Could not find agent info for /agent-7"):
            agent(load).predict(QUESTION)
        assert llama.agents == {}

    def test_another_model_is_another_agent(
        self, load: Load, llama: StubLlamaStack, support: JSON, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        llama.plays_recorded(RAG)
        agent(load).predict(QUESTION)
        monkeypatch.setenv("LLAMASTACK_MODEL", "other")
        agent(load).predict(QUESTION)
        assert [config["model"] for config in llama.agents.values()] == ["llm", "other"]
        assert len({config["name"] for config in llama.agents.values()}) == 2


class TestTurn:
    @pytest.mark.parametrize("version, path", [("0.2.24", "/v1/agents"), ("0.3.5", "/v1alpha/agents")])
    def test_a_session_is_for_one_request(
        self, load: Load, llama: StubLlamaStack, support: JSON, version: str, path: str
    ) -> None:
        llama.version = version
        llama.plays_recorded(f"LlamaStack/agents-rag-{version}.sse")
        agent(load).predict({**QUESTION, "context": {"conversation_id": "c-1"}})
        assert llama.paths[0].startswith(f"{path}/agent-1/session/session-")
        assert llama.bodies == [
            {"messages": [{"role": "user", "content": QUESTION["input"][0]["content"]}], "stream": True}]
        assert llama.sessions == set()
        assert llama.calls[-1].startswith(f"DELETE {path}/agent-1/session/")

    @pytest.mark.parametrize("version", ["0.2.24", "0.3.5"])
    def test_a_tool_that_the_server_calls_is_a_call_and_its_output(
        self, load: Load, llama: StubLlamaStack, support: JSON, version: str
    ) -> None:
        llama.version = version
        llama.plays_recorded(f"LlamaStack/agents-rag-{version}.sse")
        asked = agent(load)
        call, output, said = dumped(asked.predict(QUESTION))
        assert (call["type"], call["name"]) == ("function_call", "knowledge_search")
        assert json.loads(call["arguments"]) == {"query": "capital of Freedonia?"}
        assert call["call_id"] == output["call_id"] and "Fredville" in output["output"]
        answer = said["content"][0]["text"]
        assert answer.startswith("ANSWER based on tool result")
        events = list(asked.predict_stream(QUESTION))
        pieces = [event for event in events if event.type == "response.output_text.delta"]
        assert len(pieces) > 3 and "".join(event.delta for event in pieces) == answer
        done = [event.item for event in events if event.type == "response.output_item.done"]
        assert [item["type"] for item in done] == ["function_call", "function_call_output", "message"]
        assert {event.item_id for event in pieces} == {done[-1]["id"]}
        assert (events[-1].type, events[-1].response["status"]) == ("response.completed", "completed")

    def test_tokens_of_mcp_servers_go_with_every_turn(
        self, load: Load, llama: StubLlamaStack, support: JSON, describe: Describe
    ) -> None:
        mcp = {"url": "http://127.0.0.1:9000/mcp", "toolGroup": "mcp::tickets", "tokenEnvironment": "TICKETS_TOKEN"}
        describe({**support, "tools": [{"name": "tickets", "mcp": {**mcp, "headers": {"X-Team": "a"}}}]})
        llama.plays_recorded(RAG)
        agent(load).predict(QUESTION)
        assert json.loads(llama.headers[0]["x-llamastack-provider-data"]) == {
            "mcp_headers": {mcp["url"]: {"X-Team": "a", "Authorization": "Bearer s3cret"}}}
        assert "s3cret" not in json.dumps(llama.agents)

    def test_a_conversation_before_is_told_in_the_question(
        self, load: Load, llama: StubLlamaStack, support: JSON
    ) -> None:
        llama.plays_recorded(RAG)
        asked = agent(load)
        before = dumped(asked.predict(QUESTION))
        asked.predict({"input": [*QUESTION["input"], *before, {"role": "user", "content": "And in June?"}]})
        [message] = llama.bodies[1]["messages"]
        lines = message["content"].split("\n\n")
        assert lines[1] == "user: What is the refund window?"
        assert lines[2].startswith('assistant calls knowledge_search with {"query"')
        assert any(line.startswith("assistant: ANSWER based on tool result") for line in lines)
        assert lines[-1] == "user: And in June?"

    def test_a_picture_is_refused(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        picture = {"type": "input_image", "image_url": "https://example.org/a.png"}
        with pytest.raises(Exception, match="text only"):
            agent(load).predict({"input": [{"role": "user", "content": [picture]}]})
        assert llama.bodies == []

    def test_a_shield_that_speaks_up_is_a_refusal(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        llama.plays_recorded(SHIELD)
        [item] = dumped(agent(load).predict(QUESTION))
        assert item["content"] == [{"type": "refusal", "refusal": REFUSAL}]

    def test_too_many_steps_are_an_incomplete_answer(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        [events] = llama.plays_recorded(PENDING)
        events[-1]["event"]["payload"]["turn"]["output_message"]["stop_reason"] = "end_of_turn"
        llama.plays(events)
        response = agent(load).predict(QUESTION)
        assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_iterations_exceeded")
        assert llama.sessions == set()

    @pytest.mark.parametrize("begins", [False, True])
    def test_a_failure_in_the_stream(
        self, load: Load, llama: StubLlamaStack, support: JSON, begins: bool
    ) -> None:
        [events] = llama.plays_recorded(RAG)
        llama.plays([*events[:begins], {"error": {"message": "400: it broke"}}])
        with pytest.raises(Exception, match="Llama Stack failed to answer: .*it broke"):
            agent(load).predict(QUESTION)
        assert llama.sessions == set()

    def test_a_call_whose_arguments_are_no_json(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        [events] = llama.plays_recorded(RAG)
        for event in events:
            call = (event["event"]["payload"].get("delta") or {}).get("tool_call")
            if isinstance(call, dict):
                call["arguments"] = call["arguments_json"] = '{"query": "capital'
        llama.plays(events)
        assert dumped(agent(load).predict(QUESTION))[-1]["type"] == "message"

    def test_a_stream_that_ends_early(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        [events] = llama.plays_recorded(RAG)
        llama.plays(events[:-1])
        with pytest.raises(Exception, match="before it was complete"):
            agent(load).predict(QUESTION)
        assert llama.sessions == set()

    def test_an_abandoned_stream_leaves_no_session(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        llama.plays_recorded(RAG)
        llama.keeps_waiting = True
        asked = agent(load)
        # Below what MLflow wraps around it, which closes the stream when it is collected.
        predict_stream = type(asked).predict_stream.__wrapped__.__wrapped__
        events = predict_stream(asked, ResponsesAgentRequest(**QUESTION))
        next(events)
        events.close()
        assert llama.abandoned.wait(10)
        assert llama.sessions == set()


class TestFunctions:
    def test_a_call_is_returned_and_the_turn_goes_on_with_its_output(
        self, load: Load, llama: StubLlamaStack, asking: JSON
    ) -> None:
        llama.plays_recorded(PENDING, RESUMED)
        first = agent(load).predict(QUESTION)
        [call] = dumped(first)
        assert (call["type"], call["name"], first.status) == ("function_call", "get_weather", "completed")
        assert len(llama.sessions) == 1
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        second = agent(load).predict({"input": [*QUESTION["input"], call, output]})  # Perhaps another process.
        [session] = {path.split("/")[5] for path in llama.paths}
        assert llama.paths[1].endswith(f"/session/{session}/turn/1d1bbbba-e5a6-414b-9931-bfefb17ea782/resume")
        assert llama.bodies[1]["tool_responses"] == [
            {"call_id": "call_86ccf7b199de", "tool_name": "get_weather", "content": "sunny"}]
        assert dumped(second)[-1]["content"][0]["text"] == "ANSWER based on tool result: sunny"
        assert llama.sessions == set()

    def test_the_output_is_told_in_a_new_session_when_the_old_one_is_gone(
        self, load: Load, llama: StubLlamaStack, asking: JSON
    ) -> None:
        llama.plays_recorded(PENDING, GONE, RESUMED)
        asked = agent(load)
        [call] = dumped(asked.predict(QUESTION))
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        second = asked.predict({"input": [*QUESTION["input"], call, output]})
        assert dumped(second)[-1]["type"] == "message"
        told = llama.bodies[2]["messages"][0]["content"]
        assert told.endswith("answer of the call: sunny") and "user: What is the refund window?" in told
        assert llama.sessions == set()

    def test_a_tool_that_is_not_there_is_told_to_the_model(
        self, load: Load, llama: StubLlamaStack, asking: JSON, describe: Describe
    ) -> None:
        describe({**asking, "tools": [WEATHER]})
        llama.plays_recorded(PENDING, RESUMED)
        items = dumped(agent(load).predict(QUESTION))
        assert [item["type"] for item in items] == ["function_call", "function_call_output", "message"]
        assert llama.bodies[1]["tool_responses"] == [{
            "call_id": "call_86ccf7b199de", "tool_name": "get_weather",
            "content": "Error: There is no tool `get_weather`.",
        }]
        assert llama.sessions == set()

    def test_what_an_agent_of_somebody_else_calls_is_the_callers(
        self, load: Load, llama: StubLlamaStack, asking: JSON, describe: Describe
    ) -> None:
        llama.agents = {"agent-7": {"name": "theirs"}}
        describe({**asking, "tools": [], "agentID": "agent-7"})
        llama.plays_recorded(PENDING)
        [call] = dumped(agent(load).predict(QUESTION))
        assert (call["type"], call["name"]) == ("function_call", "get_weather")

    def test_an_output_in_parts_is_their_text(self, load: Load, llama: StubLlamaStack, asking: JSON) -> None:
        llama.plays_recorded(PENDING, RESUMED, RAG)
        asked = agent(load)
        [call] = dumped(asked.predict(QUESTION))
        parts = [{"type": "input_text", "text": "sun"}, {"type": "input_text", "text": "ny\n"}]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": parts}
        said = [*QUESTION["input"], call, output]
        asked.predict({"input": said})
        asked.predict({"input": [*said, {"role": "user", "content": "And now?"}]})
        assert llama.bodies[1]["tool_responses"][0]["content"] == "sunny\n"
        assert "answer of the call: sunny\n\nuser: And now?" in llama.bodies[2]["messages"][0]["content"]

    def test_something_else_said_since_begins_a_new_session(
        self, load: Load, llama: StubLlamaStack, asking: JSON
    ) -> None:
        llama.plays_recorded(PENDING, RAG)
        asked = agent(load)
        [call] = dumped(asked.predict(QUESTION))
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        asked.predict({"input": [*QUESTION["input"], call, output, {"role": "user", "content": "Never mind."}]})
        assert llama.paths[1].endswith("/turn")


class TestTraces:
    def test_spans(self, load: Load, llama: StubLlamaStack, support: JSON, traces: Traces) -> None:
        llama.plays_recorded(RAG)
        agent(load).predict({**QUESTION, "context": {"conversation_id": "c-1"}})
        trace = traces.trace()
        root, *children = trace.data.spans
        assert [(plain_name(span), span.span_type) for span in children] == [
            ("inference", "CHAT_MODEL"), ("knowledge", "RETRIEVER"), ("inference", "CHAT_MODEL")]
        assert {span.parent_id for span in children} == {root.span_id}
        found = children[1]
        assert found.inputs == {"query": "capital of Freedonia?"}
        assert found.outputs[0]["page_content"].startswith("The capital of Freedonia is Fredville.")
        assert trace.info.trace_metadata["mlflow.trace.session"] == "c-1"

    def test_a_shield(self, load: Load, llama: StubLlamaStack, support: JSON, traces: Traces) -> None:
        llama.plays_recorded(SHIELD)
        agent(load).predict(QUESTION)
        [shields] = [span for span in traces.trace().data.spans if span.span_type == "GUARDRAIL"]
        assert shields.inputs == {"touchpoint": "user-input"}
        assert shields.outputs["user_message"] == REFUSAL
