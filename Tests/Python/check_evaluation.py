"""Checks with MLflow's own client what a run of suites left behind: the evaluation run, its traces, their assessments.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python check_evaluation.py --experiment quickstart --suite smoke \
        --model quickstart-support --cases 7 --tool smoke/refund-window=RETRIEVER:knowledge

With --compare, MLflow (3.18 and later) compares the newest run of the suite with the one before, and has to pair all samples.
It runs on the client of 3.5.1, 3.17 and 3.18. Exit code 0 when everything is as declared, else 1 and each thing that is not.
"""

import argparse
import json
import math
import sys
from typing import Any

import mlflow
from mlflow.entities import Run, Span, Trace

problems: list[str] = []


def check(holds: object, message: str) -> None:
    if not holds:
        problems.append(message)


def newest_runs(experiment_id: str, suite: str, count: int = 1) -> list[Run]:
    runs = mlflow.MlflowClient().search_runs(
        [experiment_id], f"tags.`drover.suite` = '{suite}'", order_by=["attributes.start_time DESC"], max_results=count)
    if len(runs) < count:
        sys.exit(f"There are {len(runs)} runs of the suite {suite} in the experiment {experiment_id}, not {count}.")
    return [mlflow.get_run(run.info.run_id) for run in runs]  # A search tells nothing of models.


def check_run(run: Run, options: argparse.Namespace, model_id: str | None) -> None:
    wanted = "FINISHED" if options.passed == options.cases else "FAILED"
    check(run.info.status == wanted, f"The run is {run.info.status}, not {wanted}.")
    check(run.data.tags.get("mlflow.runType") == "genai_evaluate", f"The run's tags are {run.data.tags}.")
    check(run.data.metrics.get("cases") == options.cases, f"The run's metrics are {run.data.metrics}.")
    share = options.passed / options.cases
    check(abs(run.data.metrics.get("allPassed/mean", -1) - share) < 1e-9, f"allPassed/mean: {run.data.metrics}.")
    check(run.data.metrics.get("latency_ms/mean", 0) > 0, f"latency_ms/mean: {run.data.metrics}.")
    criteria = json.loads(run.data.tags["mlflow.genaiEvaluate.qualityCriteria"])["rules"]
    missing = [rule["metricKey"] for rule in criteria if rule["metricKey"] not in run.data.metrics]
    check(criteria and not missing, f"The criteria are {criteria}, of which {missing} are not measured.")
    scorers = json.loads(run.data.tags["mlflow.genaiEvaluate.scorersDigest"])
    check(scorers["digest"].startswith("sha256:") and scorers["hashed"] == scorers["total"], f"The scorers are {scorers}.")
    datasets = [entry.dataset for entry in run.inputs.dataset_inputs]
    check([dataset.name for dataset in datasets] == [options.suite], f"The run's datasets are {datasets}.")
    check([model.model_id for model in run.inputs.model_inputs] == [model_id], f"The run's models: {run.inputs}.")
    files = [file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id)]
    check("drover.json" in files, f"The run's artifacts are {files}.")


def check_comparison(experiment_id: str, suite: str, count: int) -> None:
    """MLflow pairs the samples of two runs, and its test of verdicts is exact McNemar's, as ours is."""
    candidate, baseline = newest_runs(experiment_id, suite, 2)
    result = mlflow.genai.compare_evaluations(
        candidate_run_id=candidate.info.run_id, baseline_run_id=baseline.info.run_id)
    unpaired = result.unpaired_baseline_trace_ids + result.unpaired_candidate_trace_ids
    check(not unpaired and len(result.paired_rows) == count, f"{len(result.paired_rows)} pairs, unpaired: {unpaired}.")
    verdicts = result.scorers["allPassed"]
    check(verdicts.n_paired == count, f"The verdicts of {verdicts.n_paired} samples are compared.")
    if verdicts.status == "ok" and verdicts.p_value is not None and verdicts.n_nonzero is not None:
        scores = [row["scores"]["allPassed"] for row in result.paired_rows]
        changed = [round(score["candidate"] - score["baseline"]) for score in scores]
        better, worse = changed.count(1), changed.count(-1)
        exact = min(1.0, 2 * sum(math.comb(better + worse, k) for k in range(min(better, worse) + 1)) / 2 ** (better + worse))
        check(better + worse >= 25 or abs(verdicts.p_value - exact) < 1e-9, f"McNemar: {verdicts.p_value}, exact {exact}.")


def check_model(model_id: str, run: Run) -> None:
    """The metrics stand at the logged model too, each with the run that measured it."""
    metrics = mlflow.MlflowClient().get_logged_model(model_id).metrics or []
    found = {metric.key for metric in metrics if metric.run_id == run.info.run_id}
    check("allPassed/mean" in found, f"The logged model has only the metrics {sorted(found)} of the run.")


def check_tree(trace: Trace) -> None:
    name = trace.info.client_request_id
    spans: dict[str, Span] = {span.span_id: span for span in trace.data.spans}
    roots = [span for span in spans.values() if span.parent_id is None]
    check(len(roots) == 1 and roots[0].span_type == "AGENT", f"{name}: the roots are {roots}")
    for span in spans.values():
        check(span.span_type in {"AGENT", "CHAT_MODEL", "TOOL", "RETRIEVER"}, f"{name}: {span.span_type}")
        check(span.inputs is not None, f"{name}: the span {span.name} has no inputs")
        check(span.end_time_ns >= span.start_time_ns, f"{name}: the span {span.name} ends before it starts")
        if span.parent_id is not None:
            parent = spans.get(span.parent_id)
            check(parent is not None, f"{name}: the span {span.name} has a parent that is not there")
            if parent is not None:
                check(span.start_time_ns >= parent.start_time_ns, f"{name}: {span.name} starts before its parent")
                check(span.end_time_ns <= parent.end_time_ns, f"{name}: {span.name} ends after its parent")
    check(any(span.span_type == "CHAT_MODEL" for span in spans.values()), f"{name}: no call of a model")


def check_trace(trace: Trace, run: Run, model_id: str | None) -> None:
    info, name = trace.info, trace.info.client_request_id
    metadata: dict[str, Any] = info.trace_metadata
    check(info.state == "OK", f"{name}: the state is {info.state}")
    check(metadata.get("mlflow.sourceRun") == run.info.run_id, f"{name}: the run is {metadata}")
    check(metadata.get("mlflow.modelId") == model_id, f"{name}: the model is {metadata}")
    turns = sum(span.span_type == "AGENT" for span in trace.data.spans)
    session = metadata.get("mlflow.trace.session") or ""
    check(session.startswith(f"{name}/") if turns > 1 else not session, f"{name}: the session is {metadata}")
    check(len(info.tags.get("mlflow.eval.requestId", "")) == 32, f"{name}: the tags are {info.tags}")
    check(info.tags.get("mlflow.traceName") == name, f"{name}: the tags are {info.tags}")
    usage = info.token_usage or {}
    check(usage.get("total_tokens", 0) > 0, f"{name}: the token usage is {usage}")
    check(usage.get("total_tokens") == usage.get("input_tokens", 0) + usage.get("output_tokens", 0), f"{name}: {usage}")
    check(info.request_preview and info.response_preview, f"{name}: a preview is missing: {info}")
    root = next(span for span in trace.data.spans if span.parent_id is None)
    latency = (root.end_time_ns - root.start_time_ns) / 1e6
    check(abs(info.execution_duration - latency) <= 1, f"{name}: took {info.execution_duration} ms, root {latency}")
    check(abs(info.request_time - root.start_time_ns / 1e6) <= 1, f"{name}: began {info.request_time}")
    check_tree(trace)


def check_assessments(trace: Trace, run: Run) -> bool:
    """Whether the sample passed."""
    name = trace.info.client_request_id
    found = trace.info.assessments
    names = [assessment.name for assessment in found]
    check(len(names) == len(set(names)) and "allPassed" in names and len(names) > 1, f"{name}: the assessments are {names}")
    for each in found:
        check(each.source.source_type == "CODE", f"{name}: {each.name} comes from {each.source}")
        check(isinstance(each.feedback.value, bool), f"{name}: {each.name} is {each.feedback}")
        check((each.metadata or {}).get("mlflow.assessment.sourceRunId") == run.info.run_id, f"{name}: {each.metadata}")
        if each.name != "allPassed":
            check(each.rationale, f"{name}: {each.name} does not say why")
    passed = {each.name: each.feedback.value for each in found}
    check(passed["allPassed"] == all(passed.values()), f"{name}: {passed}")
    return passed["allPassed"]


def check_tool(traces: list[Trace], wanted: str) -> None:
    """`CASE=TYPE:NAME`: the trace of a case has a span of that type and name."""
    case, _, span = wanted.partition("=")
    found = [f"{each.span_type}:{each.name}" for trace in traces if trace.info.client_request_id == case
             for each in trace.data.spans]
    check(span in found, f"{case}: {span} is not among {found}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--model", help="the registered model whose newest version was tried")
    parser.add_argument("--cases", type=int, required=True)
    parser.add_argument("--passed", type=int)
    parser.add_argument("--tool", action="append", default=[])
    parser.add_argument("--compare", action="store_true")
    options = parser.parse_args()
    options.passed = options.cases if options.passed is None else options.passed

    client = mlflow.MlflowClient()
    experiment_id = client.get_experiment_by_name(options.experiment).experiment_id
    model_id = None
    if options.model:
        versions = client.search_model_versions(f"name = '{options.model}'")
        newest = max(versions, key=lambda version: int(version.version))
        model_id = newest.model_id or newest.source.removeprefix("models:/")
    run = newest_runs(experiment_id, options.suite)[0]
    check_run(run, options, model_id)
    if model_id:
        check_model(model_id, run)

    traces: list[Trace] = mlflow.search_traces(
        experiment_ids=[experiment_id], run_id=run.info.run_id, return_type="list", max_results=5000)
    check(len(traces) == options.cases, f"The run has {len(traces)} traces, not {options.cases}.")
    names = {trace.info.client_request_id for trace in traces}
    check(len(names) == options.cases, f"The traces are of {sorted(names)}.")
    for trace in traces:
        check_trace(trace, run, model_id)
    passed = sum(check_assessments(trace, run) for trace in traces)
    check(passed == options.passed, f"{passed} samples passed, not {options.passed}.")
    for tool in options.tool:
        check_tool(traces, tool)
    if options.compare:
        check_comparison(experiment_id, options.suite, options.cases)
    if model_id:
        of_model = mlflow.search_traces(
            experiment_ids=[experiment_id], filter_string=f"request_metadata.`mlflow.modelId` = '{model_id}'",
            return_type="list", max_results=5000)
        ids = {trace.info.trace_id for trace in of_model}
        check({trace.info.trace_id for trace in traces} <= ids, "Not all traces are found by their model.")

    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"MLflow {mlflow.__version__}: {len(traces)} traces of {options.suite} checked, {len(problems)} problems.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
