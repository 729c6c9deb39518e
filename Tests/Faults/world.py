"""Everything that two servers hold, without what differs each time it is made: ids and times.

    world.of(mlflow_url, llamastack_url, prefix) -> list of lines
"""

import json
import re
import urllib.error
import urllib.parse
import urllib.request

# Digests, which ids go into, also in the names of server agents; ids of MLflow and of Llama Stack.
IDS = re.compile(
    r"(?<=@)[0-9a-f]{12}\b|\b([0-9a-f]{64}|m-[0-9a-f]{32}|"
    r"d-[0-9a-f]{32}|tr-[0-9a-f]{32}|[0-9a-f]{32}|vs_[0-9a-f-]{36}|file-[0-9a-f]{32}"
    r"|resp_[0-9a-f-]{36}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b")
TIMES = re.compile(r"\b(17[89]\d{11}|18\d{11}|20\d\d-\d\d-\d\dT[\d:.]+Z?)\b")
# The number of a version: it goes on after destroy, where the registered model is kept.
NUMBERS = re.compile(r'(\\"version\\": )\d+')
# The experiment of a record, and the models of a lock, which tell who was there.
OWN, LOCK = "drover/", "drover.lock."


def ask(url: str, body: object = None) -> dict:
    """The answer; empty where there is no such route."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return json.loads(response.read() or b"{}")
    except urllib.error.HTTPError as error:
        if error.code in (404, 405):
            return {}
        raise RuntimeError(f"{url}: {error.code} {error.read()[:300]!r}") from error


def plain(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return NUMBERS.sub(r"\1N", TIMES.sub("TIME", IDS.sub("ID", text)))


def tags(thing: dict) -> dict:
    found = thing.get("tags") or []
    pairs = found.items() if isinstance(found, dict) else ((tag["key"], tag.get("value")) for tag in found)
    return dict(sorted(pairs))


def of_mlflow(url: str) -> list[str]:
    api = f"{url}/api/2.0/mlflow"
    lines = []
    experiments = ask(f"{api}/experiments/search", {"max_results": 1000, "view_type": "ACTIVE_ONLY"}).get("experiments", [])
    names = {}
    for each in experiments:
        names[each["experiment_id"]] = each["name"]
        if each["name"].startswith(OWN):
            intents = [key for key in tags(each) if key.startswith("drover.intent.")]
            lines += [f"intent {key}" for key in intents]
        elif each["name"] != "Default":
            lines.append(f"experiment {each['name']} {plain(tags(each))}")
    ids = list(names)
    runs = ask(f"{api}/runs/search", {"experiment_ids": ids, "max_results": 5000}).get("runs", [])
    for each in runs:
        info, name = each["info"], names[each["info"]["experiment_id"]]
        if info["status"] == "RUNNING" or not name.startswith(OWN):
            kept = {key: value for key, value in tags(each["data"]).items() if not key.startswith("mlflow.source")}
            lines.append(f"run of {name} {info['status']} {plain(kept)}")
    models = ask(f"{api}/logged-models/search", {"experiment_ids": ids, "max_results": 100}).get("models", [])
    for each in models:
        info = each["info"]
        lines.append(f"logged model {info['name']} {info['status']} {plain(tags(info))}")
    for kind, filters in {"registered model": {}, "prompt": {"filter": "tags.`mlflow.prompt.is_prompt` = 'true'"}}.items():
        query = urllib.parse.urlencode({"max_results": 1000, **filters})
        for each in ask(f"{api}/registered-models/search?{query}").get("registered_models", []):
            if not each["name"].startswith(LOCK):
                lines += of_registered(api, kind, each)
    return lines


def of_registered(api: str, kind: str, model: dict) -> list[str]:
    name = model["name"]
    aliases = sorted(alias["alias"] for alias in model.get("aliases", []))
    lines = [f"{kind} {name} {model.get('description', '')!r} {aliases} {plain(tags(model))}"]
    where = f"name = '{name}'"
    if kind == "prompt":
        where += " and tags.`mlflow.prompt.is_prompt` = 'true'"
    query = urllib.parse.urlencode({"max_results": 1000, "filter": where})
    for each in ask(f"{api}/model-versions/search?{query}").get("model_versions", []):
        # Versions are counted on after destroy where the registered model is kept, so their numbers are left out.
        told = f"{each.get('status')} {each.get('description', '')!r} {plain(tags(each))}"
        lines.append(f"version of {name} {told}")
    return lines


def of_stack(url: str, prefix: str, questions: list[str]) -> list[str]:
    lines = []
    for path in ["/v1/shields", "/v1/toolgroups", "/v1/models", "/v1/agents", "/v1alpha/agents", f"{prefix}/responses"]:
        for each in ask(f"{url}{path}?limit=100").get("data", []):
            name = each.get("identifier") or each.get("id") or each.get("agent_config", {}).get("name")
            lines.append(f"{path} {plain(name)}")
    for each in ask(f"{url}{prefix}/files?limit=100").get("data", []):
        lines.append(f"file {plain(each['filename'])} {each['bytes']}")
    for store in ask(f"{url}{prefix}/vector_stores?limit=100").get("data", []):
        # A store that took another one's place says for ever that it is whole.
        metadata = {key: value for key, value in store["metadata"].items() if (key, value) != ("drover.phase", "ready")}
        lines.append(f"store {store['name']} {store['status']} {plain(metadata)} {plain(store['file_counts'])}")
        place = f"{url}{prefix}/vector_stores/{store['id']}"
        for each in ask(f"{place}/files?limit=100").get("data", []):
            lines.append(f"document of {store['name']} {each['status']} {plain(each['attributes'])}")
        for question in questions:
            found = ask(f"{place}/search", {"query": question, "max_num_results": 20}).get("data", [])
            texts = sorted(" ".join(part["text"] for part in each["content"]) for each in found)
            lines.append(f"search in {store['name']} for {question!r}: {plain(texts)}")
    return lines


def of(mlflow: str, llamastack: str, prefix: str, questions: list[str]) -> list[str]:
    return sorted(of_mlflow(mlflow) + of_stack(llamastack, prefix, questions))
