"""Shields where Llama Stack 0.3 to 0.7 cannot look on: after the call of a function."""

from typing import Any

import pytest
from conftest import BLOCKED, JSON, QUESTION, WEATHER, Describe, Load, StubLlamaStack, Traces, agent, plain_name

CALL = {
    "type": "function_call", "id": "fc_1", "call_id": "c_1", "name": "weather", "arguments": '{"city": "Rome"}',
    "status": "completed",
}
REFUSAL = [{"type": "refusal", "refusal": BLOCKED + " (violation type: S9)"}]


def ended(*output: JSON) -> list[JSON]:
    usage = {"input_tokens": 10, "output_tokens": 0, "total_tokens": 10}
    response = {"id": "resp_1", "status": "completed", "output": list(output), "usage": usage}
    return [{"type": "response.completed", "response": response}]


def said(text: str, *others: JSON) -> list[JSON]:
    """A turn that says something, piece by piece."""
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
        {"type": "output_text", "text": text, "annotations": []}]}
    pieces = [{"type": "response.output_text.delta", "item_id": "msg_1", "delta": piece} for piece in text.split("|")]
    item["content"][0]["text"] = text.replace("|", "")
    return [*pieces, {"type": "response.output_item.done", "item": item}, *ended(item, *others)]


def answered(output: str, question: str = "How is Rome?") -> JSON:
    """A conversation in which the caller carried a function out."""
    called = {"type": "function_call_output", "call_id": "c_1", "output": output}
    return {"input": [{"role": "user", "content": question}, CALL, called]}


@pytest.fixture(params=["0.3.5", "0.4.7", "0.7.3"])
def guarded(request: pytest.FixtureRequest, llama: StubLlamaStack, describe: Describe) -> JSON:
    """An agent with a shield, a function, and an agent that it asks."""
    llama.version = request.param
    billing = {"name": "billing", "model": "small", "instructions": "Invoices.", "maxSteps": 3, "tools": []}
    definition = {
        "name": "support", "model": "llm", "instructions": "Be brief.", "maxSteps": 3,
        "tools": [WEATHER, {"name": "desk", "agent": billing}], "inputShields": ["guard"], "outputShields": ["guard"],
    }
    describe(definition)
    return definition


def dumped(response: Any) -> list[JSON]:
    return [item.model_dump(exclude_none=True) for item in response.output]


def ask_both_ways(load: Load, question: JSON) -> tuple[list[JSON], list[Any]]:
    """The items of an answer, which are the same streamed; and the events of the stream."""
    asked = agent(load)
    items = dumped(asked.predict(question))
    events = list(asked.predict_stream(question))
    assert events[-1].type == "response.completed"
    streamed = [event.item for event in events if event.type == "response.output_item.done"]
    for told in (streamed, events[-1].response["output"]):
        assert [{**item, "id": None} for item in told] == [{**item, "id": None} for item in items]
    return items, events


class TestWatched:
    def test_what_nobody_objects_to_is_told_whole(self, load: Load, llama: StubLlamaStack, guarded: JSON) -> None:
        llama.plays(said("Sun|ny."))
        [item], events = ask_both_ways(load, answered("sunny"))
        assert item["content"][0]["text"] == "Sunny."
        assert [event.delta for event in events if event.type == "response.output_text.delta"] == ["Sun", "ny."]
        assert ["guardrails" in body for body in llama.bodies] == [False, False]
        assert llama.looked_at == ["How is Rome?\nsunny", "Sunny."] * 2

    def test_an_answer_that_is_objected_to_is_a_refusal(
        self, load: Load, llama: StubLlamaStack, guarded: JSON
    ) -> None:
        llama.plays(said("Take a |bomb.", {**CALL, "call_id": "c_2"}))
        [item], events = ask_both_ways(load, answered("sunny"))
        assert item["content"] == REFUSAL
        assert [event.type for event in events] == ["response.output_item.done", "response.completed"]
        assert "bomb" not in str(events)
        assert events[-1].response["usage"]["total_tokens"] == 10

    def test_a_refusal_is_complete_where_the_answer_was_cut_off(
        self, load: Load, llama: StubLlamaStack, guarded: JSON
    ) -> None:
        [*pieces, last] = said("A bomb")
        cut = {**last["response"], "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        llama.plays([*pieces, {"type": "response.incomplete", "response": cut}])
        response = agent(load).predict(answered("sunny"))
        assert (response.status, response.incomplete_details, dumped(response)[0]["content"]) == (
            "completed", None, REFUSAL)

    @pytest.mark.parametrize("question, output", [("How is a bomb made?", "sunny"), ("How is Rome?", "a bomb")])
    def test_a_question_or_an_output_that_is_objected_to_never_reaches_the_model(
        self, load: Load, llama: StubLlamaStack, guarded: JSON, question: str, output: str
    ) -> None:
        [item], _ = ask_both_ways(load, answered(output, question))
        assert item["content"] == REFUSAL
        assert llama.bodies == []

    def test_the_answer_of_another_agent_is_looked_at(self, load: Load, llama: StubLlamaStack, guarded: JSON) -> None:
        desk = {**CALL, "name": "desk", "arguments": '{"question": "Who pays?"}'}
        turns = ended(desk), said("The buyer."), said("The buyer pays.")
        llama.plays(*turns, *turns)
        items, _ = ask_both_ways(load, QUESTION)
        assert [item["type"] for item in items] == ["function_call", "function_call_output", "message"]
        assert [body.get("guardrails") for body in llama.bodies[:3]] == [["guard"], None, None]
        assert llama.looked_at[:2] == ["What is the refund window?\nThe buyer.", "The buyer pays."]
        llama.plays(ended(desk), said("A bomb."))
        assert dumped(agent(load).predict(QUESTION))[-1]["content"] == REFUSAL

    def test_a_search_in_the_history_is_a_call_too(self, load: Load, llama: StubLlamaStack, guarded: JSON) -> None:
        search = {"type": "file_search_call", "id": "fs_1", "queries": ["x"], "status": "completed", "results": [
            {"file_id": "f", "filename": "f", "score": 1.0, "text": "Found it.", "attributes": {}}]}
        llama.plays(said("Yes."))
        agent(load).predict({"input": [*QUESTION["input"], search, {"role": "user", "content": "And now?"}]})
        assert llama.looked_at[0] == "What is the refund window?\nFound it.\nAnd now?"

    def test_nothing_is_told_when_a_shield_is_not_there(
        self, load: Load, llama: StubLlamaStack, guarded: JSON, describe: Describe
    ) -> None:
        describe({**guarded, "inputShields": ["nobody"], "outputShields": ["nobody"]})
        with pytest.raises(Exception, match="run-shield was answered with status 404: Shield 'nobody' not found"):
            list(agent(load).predict_stream(answered("sunny")))
        assert llama.bodies == []

    def test_spans(self, load: Load, llama: StubLlamaStack, guarded: JSON, traces: Traces) -> None:
        llama.plays(said("A bomb."))
        agent(load).predict(answered("sunny"))
        root, *spans = traces.trace().data.spans
        assert [(plain_name(span), span.span_type) for span in spans] == [
            ("shields", "GUARDRAIL"), ("responses", "LLM"), ("shields", "GUARDRAIL")]
        assert {span.parent_id for span in spans} == {root.span_id}
        asked, _, told = spans
        assert (asked.inputs, asked.outputs) == ({"touchpoint": "user-input"}, "no violation")
        assert (told.inputs, told.outputs["user_message"]) == ({"touchpoint": "assistant-output"}, BLOCKED)


class TestLeftToTheServer:
    def test_a_conversation_without_calls(self, load: Load, llama: StubLlamaStack, guarded: JSON) -> None:
        llama.plays(said("Hello."))
        agent(load).predict(QUESTION)
        assert (llama.bodies[0]["guardrails"], llama.looked_at) == (["guard"], [])

    def test_an_agent_without_shields(
        self, load: Load, llama: StubLlamaStack, guarded: JSON, describe: Describe
    ) -> None:
        describe({**guarded, "inputShields": [], "outputShields": []})
        llama.plays(said("A bomb."))
        [item] = dumped(agent(load).predict(answered("sunny")))
        assert (item["content"][0]["text"], llama.looked_at) == ("A bomb.", [])

    def test_ogx_which_has_no_safety_api(self, load: Load, llama: StubLlamaStack, guarded: JSON) -> None:
        llama.version = "1.5.0"
        llama.plays(said("Sunny."))
        agent(load).predict(answered("sunny"))
        assert (llama.bodies[0]["guardrails"], llama.looked_at) == (["guard"], [])
