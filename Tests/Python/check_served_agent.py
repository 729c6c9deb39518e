"""Checks an agent that `drover serve` serves, as its clients see it: MLflow's contract as recorded from `mlflow models serve`
and AgentServer (3.18.0), OpenAI's client, Prometheus' parser, a validator of OpenAPI, and the traces in MLflow.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python check_served_agent.py --url http://127.0.0.1:8000 --experiment quickstart \
        --question "Do you ship abroad?" --answer "ship to"

Exit code 0 when everything is as declared, else 1 and each thing that is not.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from typing import Any

import mlflow
import openai
import openapi_spec_validator
from mlflow.types.responses import ResponsesAgentResponse, ResponsesAgentStreamEvent
from prometheus_client.parser import text_string_to_metric_families

problems: list[str] = []
JSON = {"Content-Type": "application/json"}
HI = [{"role": "user", "content": "hi"}]
CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}", "id": "fc1"}

# Label, body, headers; what AgentServer and `models serve` answer; what drover answers, where it is another thing, and why.
RECORDED = [
    ("ok", {"input": HI}, JSON, (200, 200), None, ""),
    ("custom_inputs and context", {"input": HI, "custom_inputs": {"a": 1}, "context": {"conversation_id": "c"}}, JSON,
     (200, 200), None, ""),
    ("unknown field", {"input": HI, "zzz": 1}, JSON, (200, 200), None, ""),
    ("no input", {}, JSON, (400, 400), None, ""),
    ("input as a text", {"input": "hi"}, JSON, (400, 400), 200, "OpenAI's clients send it"),
    ("bad role", {"input": [{"role": "alien", "content": "x"}]}, JSON, (400, 400), None, ""),
    ("no content", {"input": [{"role": "user"}]}, JSON, (400, 400), None, ""),
    ("content in parts", {"input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]}, JSON, (200, 200),
     None, ""),
    ("output of a function", {"input": [*HI, CALL, {"type": "function_call_output", "call_id": "c1", "output": "1"}]}, JSON,
     (200, 200), None, ""),
    ("unknown item", {"input": [{"type": "weird", "x": 1}]}, JSON, (400, 400), None, ""),
    ("bad JSON", b"{bad", JSON, (400, 400), None, ""),
    ("another type", b"x", {"Content-Type": "text/plain"}, (400, 415), None, ""),
]


def check(is_so: bool, problem: str) -> None:
    if not is_so:
        problems.append(problem)


def send(url: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers or {}), timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def check_contract(url: str) -> None:
    for label, body, headers, theirs, ours, _ in RECORDED:
        status, answer = send(f"{url}/invocations", body, headers)
        check(status in ((ours,) if ours else theirs), f"{label}: {status} {answer[:200]!r}, where MLflow's answer {theirs}.")
        if status == 200:
            ResponsesAgentResponse.model_validate_json(answer)
        else:
            error = json.loads(answer)
            check({"error", "error_code", "message", "detail", "request_id"} <= error.keys(), f"{label}: {error}")
            check(not any(word in answer.decode() for word in ("Traceback", ".py", "http:")), f"{label}: {error['message']}")
    for path in ["/ping", "/health", "/ready", "/version", "/agent/info", "/openapi.json"]:
        check(send(url + path)[0] == 200, f"{path} does not answer.")


def check_stream(url: str, question: str, answer: str) -> None:
    """As MLflow's clients read it: every event is one that MLflow knows, and the last but one is the whole answer."""
    body = {"input": [{"role": "user", "content": question}], "stream": True}
    _, stream = send(f"{url}/invocations", body, {**JSON, "x-mlflow-return-trace-id": "true"})
    events = [line.removeprefix("data: ") for line in stream.decode().split("\n\n") if line]
    check(events[-1] == "[DONE]" and "trace_id" in events[-2], f"The stream ends with {events[-2:]}.")
    told = [json.loads(event) for event in events[:-2]]
    for event in told:
        ResponsesAgentStreamEvent(**event)
    text = "".join(event["delta"] for event in told if event["type"] == "response.output_text.delta")
    check(answer in text and told[-1]["type"] == "response.completed", f"{text!r} … {told[-1]['type']}")


def check_openai(url: str, question: str, answer: str) -> None:
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    whole = client.responses.create(model="support", input=question)
    check(answer in whole.output_text, f"create answers {whole.output_text!r}.")
    with client.responses.stream(model="support", input=question) as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()
    check(final.output_text == whole.output_text, f"stream answers {final.output_text!r}.")
    said = [item.model_dump(exclude_none=True) for item in whole.output]
    again = client.responses.create(
        model="support", input=[{"role": "user", "content": question}, *said, {"role": "user", "content": question}])
    check(again.status == "completed", f"With what was said before it is {again.status}.")
    for refused in [{"instructions": "x"}, {"previous_response_id": "resp_1"}, {"tools": [{"type": "web_search"}]}]:
        try:
            client.responses.create(model="support", input=question, **refused)
            problems.append(f"{refused} is not refused.")
        except openai.BadRequestError as error:
            check(error.code == "unsupported_parameter", f"{refused}: {error}")


def check_metrics(url: str) -> None:
    families = {family.name: family for family in text_string_to_metric_families(send(f"{url}/metrics")[1].decode())}
    answered = sum(
        sample.value for sample in families["drover_requests"].samples if sample.labels["route"] == "/invocations")
    check(answered >= len(RECORDED), f"{answered} requests of /invocations are counted.")
    check(families["drover_request_duration_seconds"].type == "histogram", "There is no histogram.")
    check(families["drover_requests_in_flight"].samples[0].value == 0, "A request is still in flight.")


def check_description(url: str) -> None:
    """The routes are described as OpenAPI 3.1 wants it, and each that is described is there."""
    described = json.loads(send(f"{url}/openapi.json")[1])
    try:
        openapi_spec_validator.validate(described)
    except openapi_spec_validator.validation.exceptions.OpenAPIValidationError as error:
        problems.append(f"/openapi.json is none: {error}")
    for path, operations in described["paths"].items():
        for method in operations.keys() & {"get", "post"}:
            status, _ = send(url + path.replace("{name}", "support"), b"{}" if method == "post" else None, JSON)
            check(status in (200, 400), f"{method} {path} is described, and answers {status}.")


def traced(trace_id: str, spans: int) -> mlflow.entities.Trace | None:
    """A trace, once it is there with as many spans."""
    for _ in range(60):
        try:
            trace = mlflow.get_trace(trace_id)
        except mlflow.MlflowException:
            trace = None
        if trace and len(trace.data.spans) >= spans:
            return trace
        time.sleep(0.5)
    problems.append(f"The trace {trace_id} is not there.")
    return None


def check_trace(options: argparse.Namespace) -> None:
    url, experiment, question, answer = options.url, options.experiment, options.question, options.answer
    body = {"input": [{"role": "user", "content": question}], "context": {"conversation_id": "c-7", "user_id": "alice"}}
    _, told = send(f"{url}/invocations", body, {**JSON, "x-mlflow-return-trace-id": "true"})
    trace = traced(json.loads(told).get("metadata", {}).get("trace_id"), 2)
    if not trace:
        return
    metadata, tags = trace.info.trace_metadata, trace.info.tags
    experiment_id = mlflow.get_experiment_by_name(experiment).experiment_id
    check(trace.info.experiment_id == experiment_id, f"It is in the experiment {trace.info.experiment_id}.")
    check(metadata.get("mlflow.trace.session") == "c-7" and metadata.get("mlflow.trace.user") == "alice", f"{metadata}")
    check(metadata.get("mlflow.modelId", "").startswith("m-"), f"It is linked to no version: {metadata}")
    usage = json.loads(metadata.get("mlflow.trace.tokenUsage", "{}"))
    sums = usage.get("total_tokens", 0) == usage.get("input_tokens", 0) + usage.get("output_tokens", 0) > 0
    check(options.no_usage or sums, f"{usage}")
    prompts = [f"{each['name']}/{each['version']}" for each in json.loads(tags.get("mlflow.linkedPrompts", "[]"))]
    check(prompts == ([options.prompt] if options.prompt else []), f"It is linked to the prompts {prompts}.")
    check(trace.info.state == "OK" and question in trace.info.request_preview, f"{trace.info}")
    check(answer in trace.info.response_preview and trace.info.execution_duration > 0, f"{trace.info}")
    types = {span.span_type for span in trace.data.spans}
    check({"AGENT", "CHAT_MODEL"} <= types, f"The spans are {types}.")
    root = next(span for span in trace.data.spans if span.parent_id is None)
    check(root.inputs["input"][0]["content"] == question, f"The inputs are {root.inputs}.")
    check(answer in json.dumps(root.outputs), f"The outputs are {root.outputs}.")
    ids = {span.span_id for span in trace.data.spans}
    check(all(span.parent_id in ids for span in trace.data.spans if span is not root), "A span has no parent in the trace.")
    check(all(root.start_time_ns <= span.start_time_ns <= span.end_time_ns <= root.end_time_ns
              for span in trace.data.spans), "A span lies outside the root.")


def check_joined(url: str, experiment: str, question: str) -> None:
    """A caller that is traced by MLflow's own client, before a server with `--join-traces`. 3.5.1 has no such headers."""
    try:
        from mlflow.tracing import get_tracing_context_headers_for_http_request as headers
    except ImportError:
        return check_apart(url, question)
    mlflow.set_experiment(experiment)
    with mlflow.start_span("caller") as caller:
        caller.set_inputs({"question": question})
        sent = {**JSON, **headers(), "x-mlflow-return-trace-id": "true"}
        _, told = send(f"{url}/invocations", {"input": question}, sent)
        caller.set_outputs({"is": "the caller's"})
    mlflow.flush_trace_async_logging()
    check(json.loads(told)["metadata"]["trace_id"] == caller.trace_id, f"The trace is another one: {told[:200]!r}")
    trace = traced(caller.trace_id, 3)
    if not trace:
        return
    agent = next((span for span in trace.data.spans if span.span_type == "AGENT"), None)
    check(agent is not None and agent.parent_id == caller.span_id, "The agent's span is no child of the caller's.")
    check("drover.model" in (agent.attributes if agent else {}), "The agent's span names no version.")
    check(trace.info.tags["mlflow.traceName"] == "caller", f"It is called {trace.info.tags['mlflow.traceName']}.")
    check("the caller's" in trace.info.response_preview, f"Its preview is {trace.info.response_preview}.")


def check_apart(url: str, question: str) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    sent = {**JSON, "traceparent": parent, "x-mlflow-return-trace-id": "true"}
    _, told = send(f"{url}/invocations", {"input": question}, sent)
    trace = traced(json.loads(told)["metadata"]["trace_id"], 2)
    check(not trace or trace.info.tags.get("drover.traceparent") == parent, "The tag does not name the caller's span.")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--question", required=True)
    parser.add_argument("--answer", required=True, help="a part of it")
    parser.add_argument("--joins", action="store_true", help="the server was started with --join-traces")
    parser.add_argument("--prompt", help="the version of a prompt that traces are linked to, such as helpdesk-system/1")
    parser.add_argument("--no-usage", action="store_true", help="the server behind does not tell the tokens (before 0.3)")
    options = parser.parse_args()
    check_contract(options.url)
    check_stream(options.url, options.question, options.answer)
    check_openai(options.url, options.question, options.answer)
    check_trace(options)
    check_description(options.url)
    if options.joins:
        check_joined(options.url, options.experiment, options.question)
    else:
        check_apart(options.url, options.question)
    check_metrics(options.url)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(RECORDED)} recorded requests, OpenAI {openai.__version__}, MLflow {mlflow.__version__}: "
          f"{len(problems)} problems.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
