"""Agents that ask other agents as tools."""

from typing import Any

import pytest
from conftest import JSON, QUESTION, WEATHER, Describe, Load, StubLlamaStack, Traces, agent, plain_name

PENDING = "LlamaStack/agents-pending-0.2.24.sse"
RESUMED = "LlamaStack/agents-resume-0.2.24.sse"
ASKED = "Who pays?"


def said(text: str, tokens: int = 0) -> list[JSON]:
    """A turn that ends with a message."""
    item = {"type": "message", "id": f"msg_{text}", "role": "assistant", "content": [
        {"type": "output_text", "text": text, "annotations": []}]}
    return ended([item], tokens)


def called(*names: str) -> list[JSON]:
    """A turn that ends with function calls."""
    arguments = f'{{"question": "{ASKED}"}}'
    return ended([
        {"type": "function_call", "id": f"fc_{name}", "call_id": f"c_{name}", "name": name, "arguments": arguments}
        for name in names
    ], 10)


def ended(output: list[JSON], tokens: int) -> list[JSON]:
    usage = {"input_tokens": tokens, "output_tokens": 0, "total_tokens": tokens} if tokens else None
    return [{"type": "response.completed", "response": {
        "id": "resp_1", "status": "completed", "output": output, "usage": usage}}]


@pytest.fixture
def support(describe: Describe) -> JSON:
    """An agent that asks `billing`."""
    billing = {"name": "billing", "model": "small", "instructions": "Invoices.", "maxSteps": 3, "tools": []}
    definition = {
        "name": "support", "model": "llm", "instructions": "Be brief.", "maxSteps": 3,
        "tools": [{"name": "desk", "agent": billing}, WEATHER],
    }
    describe(definition)
    return definition


def dumped(response: Any) -> list[JSON]:
    return [item.model_dump(exclude_none=True) for item in response.output]


class TestResponses:
    def test_the_other_agent_answers_in_between(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        llama.plays(called("desk"), said("The buyer.", 5), said("The buyer pays.", 20))
        response = agent(load).predict(QUESTION)
        first, other, last = llama.bodies
        assert (other["model"], other["instructions"]) == ("small", "Invoices.")
        assert other["input"] == ASKED
        assert last["input"][0] == {"type": "message", "role": "user", "content": first["input"]}
        assert (first["max_infer_iters"], last["max_infer_iters"]) == (3, 2)
        assert [item["type"] for item in last["input"]] == ["message", "function_call", "function_call_output"]
        assert last["input"][-1] == {"type": "function_call_output", "call_id": "c_desk", "output": "The buyer."}
        assert [item["type"] for item in dumped(response)] == ["function_call", "function_call_output", "message"]
        assert response.usage.total_tokens == 35

    def test_streamed(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        llama.plays(called("desk"), said("The buyer."), said("The buyer pays."))
        events = list(agent(load).predict_stream(QUESTION))
        done = [event.item["type"] for event in events if event.type == "response.output_item.done"]
        assert done == ["function_call", "function_call_output", "message"]
        assert [event.type for event in events][-1] == "response.completed"
        assert [item["type"] for item in events[-1].response["output"]] == done

    def test_a_function_beside_it_is_the_callers(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        llama.plays(called("desk", "weather"), said("The buyer."))
        response = agent(load).predict(QUESTION)
        calls = [(item["type"], item["call_id"]) for item in dumped(response)]
        assert calls == [
            ("function_call", "c_desk"), ("function_call", "c_weather"), ("function_call_output", "c_desk")]
        assert len(llama.bodies) == 2

    def test_a_failure_is_told_to_the_model(
        self, load: Load, llama: StubLlamaStack, support: JSON, traces: Traces
    ) -> None:
        llama.plays(called("desk"), [{"type": "error", "message": "it broke"}], said("I do not know."))
        response = agent(load).predict(QUESTION)
        assert dumped(response)[1]["output"] == (
            "The agent `billing` failed to answer: Llama Stack failed to answer: it broke")
        spans = {span.name: span.status.status_code for span in traces.trace().data.spans}
        assert (spans["predict"], spans["desk"], spans["billing"]) == ("OK", "ERROR", "ERROR")

    def test_a_function_of_the_other_agent_is_nobodys(
        self, load: Load, llama: StubLlamaStack, support: JSON, describe: Describe
    ) -> None:
        support["tools"][0]["agent"]["tools"] = [WEATHER]
        describe(support)
        llama.plays(called("desk"), called("weather"), said("I do not know."))
        response = agent(load).predict(QUESTION)
        assert "calls the function `weather`, which nobody here carries out" in dumped(response)[1]["output"]

    def test_tokens_that_are_not_told_make_the_sum_unknown(
        self, load: Load, llama: StubLlamaStack, support: JSON
    ) -> None:
        llama.plays(called("desk"), said("The buyer."), said("The buyer pays.", 20))
        assert agent(load).predict(QUESTION).usage is None

    def test_tokens_of_what_is_no_answer_count(
        self, load: Load, llama: StubLlamaStack, support: JSON, describe: Describe
    ) -> None:
        support["tools"][0]["agent"]["tools"] = [WEATHER]
        describe(support)
        llama.plays(called("desk"), called("weather"), said("I do not know.", 20))
        assert agent(load).predict(QUESTION).usage.total_tokens == 40

    def test_no_answer_is_a_failure(
        self, load: Load, llama: StubLlamaStack, support: JSON, traces: Traces
    ) -> None:
        llama.plays(called("desk"), ended([], 5), said("I do not know.", 20))
        output = dumped(agent(load).predict(QUESTION))[1]
        assert (output["output"], output["status"]) == ("Error: The agent gave no answer.", "incomplete")
        spans = {span.name: span.status.status_code for span in traces.trace().data.spans}
        assert (spans["predict"], spans["desk"], spans["billing"]) == ("OK", "ERROR", "ERROR")

    def test_a_tool_that_is_not_there_is_told_to_the_model(
        self, load: Load, llama: StubLlamaStack, support: JSON, traces: Traces
    ) -> None:
        llama.plays(called("invoices"), said("I do not know."))
        response = agent(load).predict(QUESTION)
        told = "Error: There is no tool `invoices`."
        output = {"type": "function_call_output", "call_id": "c_invoices", "output": told}
        assert llama.bodies[1]["input"][-1] == output
        assert dumped(response)[1] == {**output, "status": "incomplete"}
        [tool] = [span for span in traces.trace().data.spans if span.span_type == "TOOL"]
        assert (tool.name, tool.status.status_code, tool.outputs) == ("invoices", "ERROR", told)

    def test_a_function_beside_a_tool_that_is_not_there_is_the_callers(
        self, load: Load, llama: StubLlamaStack, support: JSON
    ) -> None:
        llama.plays(called("invoices", "weather"))
        calls = [(item["type"], item["call_id"]) for item in dumped(agent(load).predict(QUESTION))]
        assert calls[2:] == [("function_call_output", "c_invoices")] and len(llama.bodies) == 1

    def test_asking_without_end_is_incomplete(self, load: Load, llama: StubLlamaStack, support: JSON) -> None:
        llama.plays(called("desk"), said("What?"), called("desk"), said("What?"), called("desk"), said("What?"))
        response = agent(load).predict(QUESTION)
        assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_iterations_exceeded")
        assert len(llama.bodies) == 5  # The last call of the model is not carried out: nobody would read it.

    def test_spans(self, load: Load, llama: StubLlamaStack, support: JSON, traces: Traces) -> None:
        llama.plays(called("desk"), said("The buyer.", 5), said("The buyer pays.", 20))
        agent(load).predict(QUESTION)
        trace = traces.trace()
        names = {span.span_id: plain_name(span) for span in trace.data.spans}
        assert [(plain_name(span), span.span_type, names.get(span.parent_id)) for span in trace.data.spans] == [
            ("predict", "AGENT", None), ("responses", "LLM", "predict"), ("desk", "TOOL", "predict"),
            ("billing", "AGENT", "desk"), ("responses", "LLM", "billing"), ("responses", "LLM", "predict"),
        ]
        tool, other = trace.data.spans[2:4]
        assert (tool.inputs, tool.outputs) == ({"question": ASKED}, "The buyer.")
        assert other.inputs["input"][0]["content"] == ASKED
        assert trace.info.token_usage["total_tokens"] == 35


def test_on_a_server_agent_the_turn_is_resumed(
    load: Load, llama: StubLlamaStack, support: JSON, describe: Describe
) -> None:
    llama.version = "0.2.24"
    billing = {**support["tools"][0]["agent"], "runtime": "chat"}
    describe({**support, "runtime": "agents", "tools": [{"name": "get_weather", "agent": billing}]})
    llama.plays_recorded(PENDING, "LlamaStack/chat-0.2.24.sse", RESUMED)
    response = agent(load).predict(QUESTION)
    assert llama.bodies[1]["messages"][-1]["content"] == '{"city": "use get_weather"}'
    assert llama.bodies[2]["tool_responses"] == [
        {"call_id": "call_86ccf7b199de", "tool_name": "get_weather", "content": "ANSWER[] to: hi"}]
    assert [item["type"] for item in dumped(response)] == ["function_call", "function_call_output", "message"]
    assert llama.sessions == set()


def test_another_model_is_for_all_that_used_the_old_one(
    load: Load, llama: StubLlamaStack, support: JSON, describe: Describe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMASTACK_MODEL", "other")
    same = {**support["tools"][0]["agent"], "model": "llm"}
    for billing, model in [(support["tools"][0]["agent"], "small"), (same, "other")]:
        describe({**support, "tools": [{"name": "desk", "agent": billing}]})
        llama.bodies.clear()
        llama.plays(called("desk"), said("The buyer."), said("The buyer pays."))
        agent(load).predict(QUESTION)
        assert [body["model"] for body in llama.bodies] == ["other", model, "other"]


def test_agents_nested_too_deep_are_refused(load: Load, support: JSON, describe: Describe) -> None:
    nested = support
    for _ in range(9):
        nested = {**support, "tools": [{"name": "desk", "agent": nested}]}
    describe(nested)
    with pytest.raises(Exception, match="more than 8 deep"):
        load()
