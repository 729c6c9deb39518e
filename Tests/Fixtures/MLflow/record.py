"""Records what a fresh MLflow answers to a fixed sequence of requests; `FakeMLflow` is tested against the recording.

    mlflow server --port 5000 --workers 1 …      (a server with an empty database)
    python record.py http://127.0.0.1:5000 > exchanges-3.17.2.json

`{name}` in a request is the value that an earlier answer gave: see `take`.
"""

import json
import sys
import urllib.error
import urllib.request

base = sys.argv[1]
known: dict[str, str] = {}
exchanges: list[dict] = []


def filled(text: str) -> str:
    for name, value in known.items():
        text = text.replace("{" + name + "}", value)
    return text


def call(method: str, path: str, body: dict | str | None = None, take: dict[str, str] | None = None) -> None:
    raw = None if body is None else filled(body if isinstance(body, str) else json.dumps(body)).encode()
    if not path.startswith("/"):
        path = "/api/2.0/mlflow/" + path
    headers = {"Content-Type": "application/octet-stream" if isinstance(body, str) else "application/json"}
    request = urllib.request.Request(base + filled(path), raw, headers, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            status, text = response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    try:
        answer = json.loads(text)
    except ValueError:
        answer = text
    for name, place in (take or {}).items():
        found = answer
        for key in place.split("."):
            found = found[key]
        known[name] = str(found)
    exchange = {"method": method, "path": path, "body": body, "take": take, "status": status, "answer": answer}
    exchanges.append({key: value for key, value in exchange.items() if value is not None})


def tags(**values: str) -> list[dict]:
    return [{"key": key.replace("_", "."), "value": value} for key, value in values.items()]


def experiments() -> None:
    call("POST", "experiments/create", {"name": "a", "tags": tags(k="v", empty="")}, {"exp": "experiment_id"})
    call("POST", "experiments/create", {"name": "a"})
    call("POST", "experiments/create", {"name": ""})
    call("POST", "experiments/create", {"name": "x" * 501})
    call("POST", "experiments/create", {"name": "b", "artifact_location": "mlflow-artifacts:/elsewhere"})
    call("POST", "experiments/search", {"max_results": 10, "view_type": "ALL", "order_by": ["experiment_id ASC"]})
    call("POST", "experiments/search", {"max_results": 10, "view_type": "ALL", "filter": "tags.`k` = 'v'"})
    call("POST", "experiments/search", {"max_results": 10, "view_type": "ALL", "filter": "name = 'a'"})
    call("POST", "experiments/search", {"max_results": 10, "filter": "bogus = 'a'"})
    call("POST", "experiments/search", {"view_type": "ALL"})
    call("POST", "experiments/search", {"max_results": 50001})
    call("POST", "experiments/set-experiment-tag", {"experiment_id": "{exp}", "key": "k", "value": "w"})
    call("POST", "experiments/set-experiment-tag", {"experiment_id": "{exp}", "key": "k*", "value": "w"})
    call("POST", "experiments/set-experiment-tag", {"experiment_id": "99999", "key": "k", "value": "w"})
    call("POST", "experiments/delete-experiment-tag", {"experiment_id": "{exp}", "key": "empty"})
    call("POST", "experiments/delete-experiment-tag", {"experiment_id": "{exp}", "key": "empty"})
    call("POST", "experiments/update", {"experiment_id": "{exp}", "new_name": "a2"})
    call("POST", "experiments/update", {"experiment_id": "{exp}", "new_name": "b"})
    call("POST", "experiments/delete", {"experiment_id": "{exp}"})
    call("POST", "experiments/delete", {"experiment_id": "{exp}"})
    call("POST", "experiments/create", {"name": "a2"})
    call("POST", "experiments/set-experiment-tag", {"experiment_id": "{exp}", "key": "k", "value": "w"})
    call("POST", "experiments/search", {"max_results": 10})
    call("POST", "experiments/restore", {"experiment_id": "{exp}"})
    call("POST", "experiments/restore", {"experiment_id": "{exp}"})


def runs() -> None:
    call("POST", "runs/create", {"experiment_id": "{exp}", "run_name": "r", "start_time": 5, "tags": tags(d="1")},
         {"run": "run.info.run_id"})
    call("POST", "runs/create", {"experiment_id": "99999"})
    call("POST", "runs/log-batch", {"run_id": "{run}", "params": tags(p="1"), "tags": tags(t="1"),
                                    "metrics": [{"key": "m", "value": 0.5, "timestamp": 5, "step": 0}]})
    call("POST", "runs/log-batch", {"run_id": "{run}", "params": tags(p="1")})
    call("POST", "runs/log-batch", {"run_id": "{run}", "params": tags(p="2")})
    call("POST", "runs/update", {"run_id": "{run}", "status": "FAILED", "end_time": 7})
    call("POST", "runs/search", {"experiment_ids": ["{exp}"], "filter": "tags.`d` = '1'", "max_results": 10})
    call("POST", "runs/search", {"experiment_ids": ["{exp}"], "filter": "tags.`d` = '2'", "max_results": 10})
    call("GET", "runs/get?run_id=" + "a" * 32)


def logged_models() -> None:
    new = {"experiment_id": "{exp}", "name": "m", "model_type": "agent", "source_run_id": "{run}"}
    call("POST", "logged-models", {**new, "params": tags(p="1"), "tags": tags(d="1")},
         {"model": "model.info.model_id", "uri": "model.info.artifact_uri"})
    call("POST", "logged-models", new, {"other": "model.info.model_id"})
    call("POST", "logged-models", {**new, "name": "a/b"})
    call("POST", "logged-models", {**new, "experiment_id": "99999"})
    call("GET", "logged-models/{model}")
    call("GET", "logged-models/m-" + "0" * 32)
    call("PATCH", "logged-models/{model}/tags", {"model_id": "{model}", "tags": tags(e="2")})
    call("POST", "runs/outputs", {"run_id": "{run}", "models": [{"model_id": "{model}", "step": 0}]})
    call("POST", "runs/outputs", {"run_id": "{run}", "models": [{"model_id": "{model}", "step": 0}]})
    call("GET", "runs/get?run_id={run}")
    call("PATCH", "logged-models/{model}", {"status": "LOGGED_MODEL_READY"})
    call("PATCH", "logged-models/{model}", {"model_id": "{model}", "status": "LOGGED_MODEL_READY"})
    call("POST", "logged-models/search", {"experiment_ids": ["{exp}"], "filter": "tags.`d` = '1'", "max_results": 10})
    call("DELETE", "logged-models/{other}")
    call("DELETE", "logged-models/{other}")
    call("POST", "logged-models/search", {"experiment_ids": ["{exp}"], "max_results": 10})


def registry() -> None:
    call("POST", "registered-models/create", {"name": "rm", "description": "d", "tags": tags(k="v")})
    call("POST", "registered-models/create", {"name": "rm"})
    call("POST", "registered-models/create", {"name": "a/b"})
    call("POST", "registered-models/create", {"name": ""})
    call("PATCH", "registered-models/update", {"name": "rm", "description": "e"})
    call("PATCH", "registered-models/update", {"name": "nope", "description": "e"})
    call("POST", "registered-models/set-tag", {"name": "rm", "key": "l", "value": "w"})
    call("POST", "registered-models/set-tag", {"name": "nope", "key": "l", "value": "w"})
    call("DELETE", "registered-models/delete-tag", {"name": "rm", "key": "l"})
    call("DELETE", "registered-models/delete-tag", {"name": "rm", "key": "l"})
    new = {"name": "rm", "source": "models:/{model}", "model_id": "{model}", "run_id": "{run}"}
    call("POST", "model-versions/create", {**new, "description": "one", "tags": tags(d="1")})
    call("POST", "model-versions/create", {**new, "description": "two"})
    call("POST", "model-versions/create", {**new, "name": "nope"})
    call("POST", "model-versions/create", {"name": "rm", "source": "models:/{model}"})
    call("POST", "model-versions/create", {**new, "tags": [{"key": "big", "value": "x" * 100001}]})
    call("POST", "registered-models/alias", {"name": "rm", "alias": "prod", "version": "1"})
    call("POST", "registered-models/alias", {"name": "rm", "alias": "prod", "version": "2"})
    call("POST", "registered-models/alias", {"name": "rm", "alias": "prod", "version": "9"})
    call("POST", "registered-models/alias", {"name": "rm", "alias": "latest", "version": "1"})
    call("GET", "registered-models/search?max_results=10&filter=name%20%3D%20%27rm%27")
    call("GET", "registered-models/search?max_results=1001")
    call("GET", "model-versions/search?max_results=10&filter=name%20%3D%20%27rm%27")
    call("GET", "model-versions/search?max_results=10&filter=tags.%60d%60%20%3D%20%271%27")
    call("POST", "model-versions/set-tag", {"name": "rm", "version": "1", "key": "k", "value": "v"})
    call("DELETE", "model-versions/delete-tag", {"name": "rm", "version": "1", "key": "k"})
    call("PATCH", "model-versions/update", {"name": "rm", "version": "1", "description": "uno"})
    call("DELETE", "registered-models/alias", {"name": "rm", "alias": "prod"})
    call("DELETE", "registered-models/alias", {"name": "rm", "alias": "prod"})
    call("DELETE", "model-versions/delete", {"name": "rm", "version": "2"})
    call("DELETE", "model-versions/delete", {"name": "rm", "version": "2"})
    prompt = {"key": "mlflow.prompt.is_prompt", "value": "true"}
    call("POST", "registered-models/create", {"name": "p", "tags": [prompt]})
    call("GET", "registered-models/search?max_results=10")
    call("POST", "registered-models/rename", {"name": "rm", "new_name": "rm2"})
    call("DELETE", "registered-models/delete", {"name": "rm2"})
    call("DELETE", "registered-models/delete", {"name": "rm2"})
    call("GET", "model-versions/search?max_results=10&filter=name%20%3D%20%27rm2%27")


def prompts() -> None:
    prompt = {"key": "mlflow.prompt.is_prompt", "value": "true"}
    call("POST", "registered-models/create", {"name": "pr", "description": "d", "tags": [prompt, *tags(k="v")]})
    call("POST", "registered-models/create", {"name": "pr", "tags": [prompt]})
    call("POST", "registered-models/create", {"name": "pr"})
    call("POST", "registered-models/create", {"name": "mo"})
    call("POST", "registered-models/create", {"name": "mo", "tags": [prompt]})

    def text(value: str) -> list[dict]:
        return [prompt, {"key": "mlflow.prompt.text", "value": value},
                {"key": "_mlflow_prompt_type", "value": "text"}, *tags(d="1")]

    call("POST", "model-versions/create", {"name": "pr", "source": "dummy-source", "tags": text("Hi {{name}}")})
    call("POST", "model-versions/create", {"name": "pr", "source": "dummy-source", "tags": text("x" * 100001)})
    call("POST", "model-versions/create", {"name": "pr", "source": "elsewhere", "tags": text("Ho")})
    call("GET", "model-versions/search?max_results=10&filter=tags.%60mlflow.prompt.is_prompt%60%20%3D%20%27true%27")
    call("POST", "registered-models/alias", {"name": "pr", "alias": "prod", "version": "1"})
    call("POST", "registered-models/rename", {"name": "pr", "new_name": "pr2"})
    call("POST", "registered-models/rename", {"name": "pr2", "new_name": "mo"})
    call("GET", "registered-models/search?max_results=10&filter=tags.%60mlflow.prompt.is_prompt%60%20%3D%20%27true%27")
    call("DELETE", "registered-models/delete", {"name": "pr2"})


def datasets() -> None:
    route = "/api/3.0/mlflow/datasets"
    call("POST", "experiments/create", {"name": "for datasets"}, {"dsexp": "experiment_id"})
    call("POST", route + "/create", {"name": "ds", "experiment_ids": ["{dsexp}"],
                                     "tags": json.dumps({"drover.stack": "s", "k": "v"})}, {"ds": "dataset.dataset_id"})
    call("POST", route + "/create", {"name": "ds", "experiment_ids": ["{dsexp}"]}, {"other": "dataset.dataset_id"})
    call("POST", route + "/create", {"experiment_ids": ["{dsexp}"]})
    search = {"max_results": 1000, "order_by": ["created_time DESC"]}
    call("POST", route + "/search", {**search, "filter_string": "tags.drover.stack = 's'"})
    call("POST", route + "/search", {**search, "filter_string": "tags.`drover.stack` = 's'"})
    call("POST", route + "/search", search)
    call("PATCH", route + "/{ds}/tags", {"dataset_id": "{ds}", "tags": json.dumps({"k": "w", "l": "x"})})
    call("DELETE", route + "/{ds}/tags/l")
    call("DELETE", route + "/{ds}/tags/l")
    records = [{"inputs": {"q": "a"}, "expectations": {"e": "1", "f": "2"}, "tags": {"t": "u"}}]
    call("POST", route + "/{ds}/records", {"dataset_id": "{ds}", "records": json.dumps(records)})
    again = [{"inputs": {"q": "a"}, "expectations": {"e": "3"}, "tags": {"t": "v"}}]
    call("POST", route + "/{ds}/records", {"dataset_id": "{ds}", "records": json.dumps(again)})
    call("POST", route + "/{ds}/records", {"dataset_id": "{ds}", "records": json.dumps([{"inputs": {"q": "b"}}])})
    call("GET", route + "/{ds}/records?max_results=1000")
    call("DELETE", route + "/d-none/records", {"dataset_id": "d-none", "dataset_record_ids": ["dr-none"]})
    call("POST", route + "/search", {**search, "filter_string": "tags.drover.stack = 's'"})
    call("DELETE", route + "/{ds}")
    call("DELETE", route + "/{ds}")
    call("GET", route + "/{ds}/records?max_results=1000")
    call("PATCH", route + "/{ds}/tags", {"dataset_id": "{ds}", "tags": json.dumps({"k": "w"})})


def artifacts() -> None:
    route = "/api/2.0/mlflow-artifacts/artifacts"
    call("PUT", route + "/7/x/a%20b.txt", "hello")
    call("PUT", route + "/7/x/a%20b.txt", "hello again")
    call("PUT", route + "/../x.txt", "no")
    call("GET", route + "/7/x/a%20b.txt")
    call("GET", route + "/7/x/nope.txt")
    call("GET", route + "?path=7/x")
    call("GET", route + "?path=7/nope")
    call("GET", "/version")
    call("GET", "/api/2.0/mlflow/nope")


for group in (experiments, runs, logged_models, registry, prompts, datasets, artifacts):
    group()
for exchange in exchanges:  # What is long in a request stays out of the file: the test makes it again.
    exchange["body"] = json.loads(
        json.dumps(exchange.get("body")).replace("x" * 100001, "{x*100001}").replace("x" * 501, "{x*501}")
    )
print("[\n" + ",\n".join(json.dumps(each, sort_keys=True) for each in exchanges) + "\n]")
