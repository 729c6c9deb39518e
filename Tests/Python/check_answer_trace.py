"""Checks with MLflow's own client the trace that `drover invoke` left behind: one of its own, linked to what answered.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python check_answer_trace.py --experiment quickstart \
        --model quickstart-support --question "How long?" --answer "4 working days" --tool RETRIEVER:knowledge

It runs on the client of 3.5.1 and of 3.17. Exit code 0 when everything is as declared, else 1 and each thing that is not.
"""

import argparse
import json
import sys

import mlflow
from mlflow.entities import Trace
from packaging.version import Version

from check_evaluation import check, check_tree, problems


def check_answer(trace: Trace, options: argparse.Namespace, model_id: str) -> None:
    info = trace.info
    check(info.state == "OK", f"The state is {info.state}.")
    check(info.trace_metadata.get("mlflow.modelId") == model_id, f"The metadata is {info.trace_metadata}.")
    check("mlflow.sourceRun" not in info.trace_metadata, f"It belongs to a run: {info.trace_metadata}.")
    check((info.tags.get("drover.model") or "").startswith(f"models:/{options.model}/"), f"The tags are {info.tags}.")
    check(options.question in info.request_preview, f"The request is {info.request_preview}.")
    check(options.answer in info.response_preview, f"The response is {info.response_preview}.")
    total = (info.token_usage or {}).get("total_tokens", 0)
    check(options.no_usage or total > 0, f"The token usage is {info.token_usage}.")
    check(0 < info.execution_duration < 600_000, f"It took {info.execution_duration} ms.")
    check_tree(trace)
    found = [f"{span.span_type}:{span.name}" for span in trace.data.spans]
    check(options.tool in found, f"{options.tool} is not among {found}.")


def check_prompt(traces: list[Trace], prompt: str, experiment_id: str) -> None:
    """`NAME/VERSION`: the traces name it, and are found by it where the server can search for it (3.17 and later)."""
    for trace in traces:
        linked = json.loads(trace.info.tags.get("mlflow.linkedPrompts") or "[]")
        check(prompt in [f"{each['name']}/{each['version']}" for each in linked], f"The prompts are {linked}.")
    if Version(mlflow.__version__) >= Version("3.17"):
        found = mlflow.search_traces(
            experiment_ids=[experiment_id], filter_string=f'prompt = "{prompt}"', return_type="list", max_results=5000)
        missing = {trace.info.trace_id for trace in traces} - {trace.info.trace_id for trace in found}
        check(not missing, f"Of {len(traces)} traces, {len(missing)} are not found by {prompt}.")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--model", required=True, help="the registered model whose newest version was asked")
    parser.add_argument("--question", required=True)
    parser.add_argument("--answer", required=True, help="a part of it")
    parser.add_argument("--tool", required=True, help="a span, as TYPE:NAME")
    parser.add_argument("--prompt", help="the version of a prompt that it is told, as NAME/VERSION")
    parser.add_argument("--count", type=int, default=1, help="how often it was asked")
    parser.add_argument("--no-usage", action="store_true", help="the server does not tell the tokens (before 0.3)")
    options = parser.parse_args()

    client = mlflow.MlflowClient()
    experiment_id = client.get_experiment_by_name(options.experiment).experiment_id
    newest = max(client.search_model_versions(f"name = '{options.model}'"), key=lambda version: int(version.version))
    model_id = newest.model_id or newest.source.removeprefix("models:/")
    traces: list[Trace] = mlflow.search_traces(
        experiment_ids=[experiment_id], filter_string=f"request_metadata.`mlflow.modelId` = '{model_id}'",
        return_type="list", max_results=5000)
    answers = [trace for trace in traces if "mlflow.sourceRun" not in trace.info.trace_metadata]
    check(len(answers) == options.count, f"The version has {len(answers)} traces of its own, not {options.count}.")
    for trace in answers:
        check_answer(trace, options, model_id)
    if options.prompt:
        check_prompt(answers, options.prompt, experiment_id)

    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"MLflow {mlflow.__version__}: {len(answers)} traces of answers checked, {len(problems)} problems.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
