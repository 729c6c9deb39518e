"""The question that a gate with `verify: artifact` puts to a logged version."""

import importlib.util
import io
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from conftest import FOLDER, JSON, WEATHER, Describe, StubLlamaStack

CALL = {"type": "function_call", "id": "c", "call_id": "c", "name": "weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "sunny"}
THOUGHT = {"type": "reasoning", "id": "r", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]}


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "true")  # It sets it: this puts it back.
    spec = importlib.util.spec_from_file_location("ask_logged", FOLDER.parent / "ask_logged.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def message(**part: str) -> JSON:
    return {"type": "message", "id": "m", "role": "assistant", "content": [part]}


@pytest.mark.parametrize("items, answers", [
    ([message(type="output_text", text="Hello.")], True),
    ([message(type="output_text", text=" \n")], False),
    ([message(type="refusal", refusal="No.")], True),
    ([CALL], True),
    ([CALL, OUTPUT], False),
    ([CALL, OUTPUT, message(type="output_text", text="Sunny.")], True),
    ([THOUGHT], False),
    ([], False),
])
def test_what_is_an_answer(program: ModuleType, items: list[JSON], answers: bool) -> None:
    assert program.is_answer(items) == answers


def test_a_version_is_loaded_and_asked(
    program: ModuleType, folder: Path, llama: StubLlamaStack, describe: Describe, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe({"name": "a", "model": "m", "instructions": "", "tools": [WEATHER], "maxSteps": 3})
    llama.plays([{"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [CALL]}}])
    asked = {"model": str(folder), "question": "How is Rome?"}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(asked)))
    assert program.ask() == {"answers": True}
    assert llama.bodies[0]["input"] == "How is Rome?"
    llama.status = 502
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(asked)))
    assert "status 502" in program.ask()["error"]
