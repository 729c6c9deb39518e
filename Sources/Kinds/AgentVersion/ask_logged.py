"""Asks a logged version one question, as MLflow loads it. Standard input: {"model": URI, "question": TEXT}.

The last line of the output is {"text": ANSWER}, {"error": WHY} when the version raised an error, or {"lacking": MODULE}.
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
    texts = [part.get("text") or "" for item in answer.get("output", []) for part in item.get("content") or []]
    return {"text": "".join(texts)}


print("\n" + json.dumps(ask()))
