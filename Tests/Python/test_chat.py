"""Chat completions: as the way that was chosen, and as the fallback."""

import json
import logging
from typing import Any

import pytest
from conftest import JSON, QUESTION, WEATHER, Describe, Load, StubLlamaStack, Traces, agent

CHAT = "LlamaStack/chat-0.2.24.sse"
CALL = "LlamaStack/chat-call-0.2.24.sse"


@pytest.fixture
def plain(describe: Describe) -> JSON:
    """An agent that chat completions can run."""
    definition = {
        "name": "support", "model": "llm", "instructions": "Be brief.", "maxSteps": 4, "runtime": "chat",
        "tools": [WEATHER], "toolChoice": "weather", "responseFormat": {"type": "object"},
        "sampling": {"temperature": 0.2, "maxTokens": 64, "stop": ["END"], "seed": 7},
    }
    describe(definition)
    return definition


def text(response: Any) -> str:
    return response.output[-1].content[0]["text"]


class TestChat:
    @pytest.mark.parametrize("version, path", [
        ("0.2.24", "/v1/openai/v1/chat/completions"), ("1.5.0", "/v1/chat/completions")])
    def test_sends_the_whole_definition(
        self, load: Load, llama: StubLlamaStack, plain: JSON, version: str, path: str
    ) -> None:
        llama.version = version
        llama.plays_recorded(CHAT)
        agent(load).predict({**QUESTION, "temperature": 0.0})
        assert llama.paths == [path]
        assert llama.bodies == [{
            "model": "llm",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "What is the refund window?"},
            ],
            "tools": [{"type": "function", "function": {"name": "weather", **WEATHER["function"]}}],
            "tool_choice": {"type": "function", "function": {"name": "weather"}},
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}},
            "temperature": 0.0, "max_tokens": 64, "stop": ["END"], "seed": 7,
            "stream": True, "stream_options": {"include_usage": True},
        }]

    def test_answers(self, load: Load, llama: StubLlamaStack, plain: JSON) -> None:
        llama.plays_recorded(CHAT)
        asked = agent(load)
        response = asked.predict(QUESTION)
        assert (text(response), response.status, response.usage.total_tokens) == ("ANSWER[] to: hi", "completed", 15)
        assert response.custom_outputs is None
        events = list(asked.predict_stream(QUESTION))
        assert [event.type for event in events] == [
            "response.output_text.delta", "response.output_item.done", "response.completed"]
        assert events[0].item_id == events[1].item["id"]

    def test_a_call_is_the_callers_and_goes_into_the_messages(
        self, load: Load, llama: StubLlamaStack, plain: JSON, describe: Describe
    ) -> None:
        describe({**plain, "tools": [{**WEATHER, "name": "get_weather"}]})
        llama.plays_recorded(CALL, CHAT)
        asked = agent(load)
        [call] = [item.model_dump(exclude_none=True) for item in asked.predict(QUESTION).output]
        assert (call["name"], call["arguments"]) == ("get_weather", '{"city": "use get_weather"}')
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        asked.predict({"input": [*QUESTION["input"], call, output]})
        _, _, calling, answer = llama.bodies[1]["messages"]
        assert calling == {"role": "assistant", "content": "", "tool_calls": [{
            "id": "call_86ccf7b199de", "type": "function",
            "function": {"name": "get_weather", "arguments": '{"city": "use get_weather"}'}}]}
        assert answer == {"role": "tool", "tool_call_id": "call_86ccf7b199de", "content": "sunny"}

    def test_a_picture(self, load: Load, llama: StubLlamaStack, plain: JSON) -> None:
        parts = [{"type": "input_text", "text": "What is it?"}, {"type": "input_image", "image_url": "https://a/b.png"}]
        llama.plays_recorded(CHAT)
        agent(load).predict({"input": [{"role": "user", "content": parts}]})
        assert llama.bodies[0]["messages"][1]["content"] == [
            {"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "https://a/b.png"}}]

    def test_an_answer_that_is_cut_off(self, load: Load, llama: StubLlamaStack, plain: JSON) -> None:
        [chunks] = llama.plays_recorded(CHAT)
        chunks[-2]["choices"][0]["finish_reason"] = "length"
        llama.plays(chunks)
        response = agent(load).predict(QUESTION)
        assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")

    def test_a_refusal(self, load: Load, llama: StubLlamaStack, plain: JSON, traces: Traces) -> None:
        [chunks] = llama.plays_recorded(CHAT)
        for chunk in chunks:
            for choice in chunk["choices"]:
                choice["delta"] = {"refusal": choice["delta"].get("content")}
        llama.plays(chunks)
        said = {"type": "refusal", "refusal": "ANSWER[] to: hi"}
        [item] = agent(load).predict(QUESTION).model_dump(exclude_none=True)["output"]
        assert (item["content"], item["status"]) == ([said], "completed")
        assert traces.trace().data.spans[1].outputs["choices"][0]["message"]["refusal"] == said["refusal"]
        done, last = agent(load).predict_stream(QUESTION)
        assert done.item["content"] == last.response["output"][0]["content"] == [said]

    def test_a_stream_that_ends_early(self, load: Load, llama: StubLlamaStack, plain: JSON) -> None:
        [chunks] = llama.plays_recorded(CHAT)
        llama.plays(chunks[:-2])
        with pytest.raises(Exception, match="before it was complete"):
            agent(load).predict(QUESTION)

    def test_a_failure_in_the_stream(self, load: Load, llama: StubLlamaStack, plain: JSON) -> None:
        llama.plays([{"error": {"message": "404: Model 'llm' not found."}}])
        with pytest.raises(Exception, match="Model 'llm' not found"):
            agent(load).predict(QUESTION)

    @pytest.mark.parametrize("more", [
        {"tools": [{"name": "web", "builtin": "webSearch"}]}, {"inputShields": ["web"]}])
    def test_what_it_does_not_know_is_refused(
        self, load: Load, plain: JSON, describe: Describe, more: JSON
    ) -> None:
        describe({**plain, **more})
        with pytest.raises(Exception, match="know nothing of `web`"):
            load()

    def test_spans(self, load: Load, llama: StubLlamaStack, plain: JSON, traces: Traces) -> None:
        llama.plays_recorded(CHAT)
        agent(load).predict(QUESTION)
        trace = traces.trace()
        _, span = trace.data.spans
        assert (span.name, span.span_type) == ("chat", "CHAT_MODEL")
        assert span.inputs["messages"][0] == {"role": "system", "content": "Be brief."}
        assert span.outputs["choices"][0]["message"]["content"] == "ANSWER[] to: hi"
        assert trace.info.token_usage["total_tokens"] == 15


class TestFallback:
    @pytest.fixture
    def falling(self, llama: StubLlamaStack, plain: JSON, describe: Describe) -> JSON:
        definition = {**plain, "runtime": "agents", "stack": "helpdesk"}
        describe(definition)
        return definition

    def test_without_an_agents_api(
        self, load: Load, llama: StubLlamaStack, falling: JSON, traces: Traces, caplog: pytest.LogCaptureFixture
    ) -> None:
        llama.version = "1.5.0"
        llama.plays_recorded(CHAT)
        with caplog.at_level(logging.WARNING):
            response = agent(load).predict(QUESTION)
        reason = f"Llama Stack 1.5.0 at {llama.url} has no Agents API."
        assert text(response) == "ANSWER[] to: hi"
        assert response.custom_outputs == {"fallback": reason}
        assert reason in caplog.text and "`support` answers through chat completions instead" in caplog.text
        assert traces.trace().data.spans[0].attributes["drover.fallback"] == reason

    def test_when_the_turn_fails_before_it_begins(self, load: Load, llama: StubLlamaStack, falling: JSON) -> None:
        llama.version = "0.2.24"
        [chunks] = llama.plays_recorded(CHAT)
        [events] = llama.plays_recorded("LlamaStack/agents-rag-0.2.24.sse")
        failed = [events[0], {"error": {"message": "500: Internal server error"}}]
        llama.plays(failed, chunks, failed, chunks)
        asked = agent(load)
        response = asked.predict(QUESTION)
        assert (text(response), "Internal server error" in response.custom_outputs["fallback"]) == (
            "ANSWER[] to: hi", True)
        events = list(asked.predict_stream(QUESTION))
        assert "Internal server error" in events[-1].custom_outputs["fallback"]
        assert llama.sessions == set()

    def test_not_once_something_was_said(self, load: Load, llama: StubLlamaStack, falling: JSON) -> None:
        llama.version = "0.2.24"
        [events] = llama.plays_recorded("LlamaStack/agents-rag-0.2.24.sse")
        said = next(number for number, event in enumerate(events) if "ANSWER" in json.dumps(event))
        llama.plays([*events[:said + 1], {"error": {"message": "500: it broke"}}])
        with pytest.raises(Exception, match="it broke"):
            agent(load).predict(QUESTION)
        assert len(llama.bodies) == 1

    @pytest.mark.parametrize("more", [
        {"tools": [{"name": "web", "builtin": "webSearch"}]}, {"inputShields": ["guard"]}, {"agentID": "agent-7"}])
    def test_not_where_something_would_be_missing(
        self, load: Load, llama: StubLlamaStack, falling: JSON, describe: Describe, more: JSON
    ) -> None:
        describe({**falling, **more})
        with pytest.raises(Exception, match="has no Agents API"):
            agent(load).predict(QUESTION)
        assert llama.bodies == []
