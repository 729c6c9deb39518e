"""Asks a logged version one question, as MLflow loads it. Standard input: {"model": URI, "question": TEXT}."""

import json
import sys

import mlflow

asked = json.load(sys.stdin)
model = mlflow.pyfunc.load_model(asked["model"])
answer = model.predict({"input": [{"role": "user", "content": asked["question"]}]})
texts = [part.get("text") or "" for item in answer.get("output", []) for part in item.get("content") or []]
print(json.dumps({"text": "".join(texts)}))
