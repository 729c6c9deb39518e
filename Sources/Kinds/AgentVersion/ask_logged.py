"""Asks a logged version one question, as MLflow loads it. Standard input: {"model": URI, "question": TEXT}.

The last line of the output is {"answers": BOOLEAN}, {"error": WHY} when the version raised an error, or
{"lacking": MODULE}.
"""

import json
import os
import sys

# What is still to be written at the end of the program would be an error of its own.
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"


def ask():
    try:
        import mlflow
    except ImportError as error:
        return {"lacking": error.name or "mlflow"}
    asked = json.load(sys.stdin)
    try:
        model = mlflow.pyfunc.load_model(asked["model"])
        answer = model.predict({"input": [{"role": "user", "content": asked["question"]}]})
    except Exception as error:  # Whatever it is, the version is what raised it.
        return {"error": " ".join(str(error).split())[:500] or type(error).__name__}
    return {"answers": is_answer(answer.get("output") or [])}


def is_answer(items):
    """Whether a message says something, if only a refusal, or the caller is asked to carry a function out."""
    outputs = {item.get("call_id") for item in items if item.get("type") == "function_call_output"}
    return any(
        item["call_id"] not in outputs if item.get("type") == "function_call"
        else item.get("type") == "message" and any(map(says_something, item.get("content") or []))
        for item in items
    )


def says_something(part):
    return bool((part.get("text") or part.get("refusal") or "").strip())


if __name__ == "__main__":
    print("\n" + json.dumps(ask()))
