"""Checks the objects that `drover export kubernetes` writes, by the schemas of three versions of Kubernetes and by the rules
that stand in no schema: what may be called how, and what has to fit together.

    drover export kubernetes … | python check_manifests.py

Exit code 0 when nothing is wrong, else 1 and each thing that is.
"""

import copy
import re
import sys
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import yaml

VERSIONS = ["1.29", "1.31", "1.34"]
NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
# The most characters of a name: a job's pods have it as a label, a CronJob's jobs get eleven more.
LONGEST = {"CronJob": 52}
JSON = dict[str, Any]


def pods(each: JSON) -> list[JSON]:
    """The specs of an object's pods."""
    spec = each.get("spec", {})
    template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
    return [template] if template else []


def fits(selector: JSON, labels: JSON) -> bool:
    return selector.items() <= labels.items()


def of_schemas(objects: list[JSON]) -> Iterator[str]:
    for version in VERSIONS:
        for each in objects:
            if each["kind"] == "Route":  # OpenShift's own.
                continue
            try:
                kubernetes_validate.validate(copy.deepcopy(each), version, strict=True)
            except kubernetes_validate.ValidationError as problem:
                yield f"{each['kind']} in {version}: {problem.message}"


def of_names(objects: list[JSON]) -> Iterator[str]:
    seen = set()
    for each in objects:
        kind, name = each["kind"], each["metadata"]["name"]
        if (kind, name) in seen:
            yield f"Two objects {kind} {name}"
        seen.add((kind, name))
        # A pod of an Indexed Job is called by its number, too.
        last = each.get("spec", {}).get("completions", 0) - 1
        longest = LONGEST.get(kind, 63) - (len(f"-{last}") if last >= 0 else 0)
        if not NAME.fullmatch(name) or len(name) > longest:
            yield f"{kind} {name} is no name of at most {longest}"
        labels = [each["metadata"].get("labels", {}), *(pod["metadata"]["labels"] for pod in pods(each))]
        for value in (value for each in labels for value in each.values()):
            if not re.fullmatch(r"[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?", value):
                yield f"{kind} {name} has the label {value}"


def of_mounts(each: JSON, pod: JSON) -> Iterator[str]:
    volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
    for container in pod["spec"]["containers"]:
        mounts = container["volumeMounts"]
        paths = [mount["mountPath"] for mount in mounts]
        if {mount["name"] for mount in mounts} != volumes or len(set(paths)) != len(paths):
            yield f"{each['kind']} mounts {paths} from {volumes}"
        yield from (f"{each['kind']} mounts at {path}" for path in paths if ":" in path or not path.startswith("/"))
        names = [variable["name"] for variable in container["env"]]
        if len(set(names)) != len(names):
            yield f"{each['kind']} has a variable twice: {names}"
        wanted = {name for text in container["args"] for name in re.findall(r"\$\((\w+)\)", text)}
        if not wanted <= set(names):
            yield f"{each['kind']} has no variable {wanted - set(names)}"
        if "requests" not in container["resources"] or not container["resources"]["requests"].get("cpu"):
            yield f"{each['kind']} asks for no processor, which the autoscaler goes by"


def of_rights(each: JSON, pod: JSON) -> Iterator[str]:
    spec = pod["spec"]
    if not spec["securityContext"]["runAsNonRoot"] or spec["automountServiceAccountToken"]:
        yield f"{each['kind']} has rights"
    for container in spec["containers"]:
        wanted = {
            "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        if container["securityContext"] != wanted:
            yield f"{each['kind']} has a container with rights"


def of_links(objects: list[JSON]) -> Iterator[str]:
    """What one object says of another."""
    by_kind: dict[str, list[JSON]] = {}
    for each in objects:
        by_kind.setdefault(each["kind"], []).append(each)
    [deployment], [service] = by_kind["Deployment"], by_kind["Service"]
    [pod] = pods(deployment)
    labels = pod["metadata"]["labels"]
    ports = {port["name"]: port["containerPort"] for port in pod["spec"]["containers"][0]["ports"]}
    if not fits(deployment["spec"]["selector"]["matchLabels"], labels):
        yield "The Deployment does not choose its own pods"
    for each in (job for job in objects if job["kind"] in ("Job", "CronJob")):
        if any(fits(service["spec"]["selector"], pod["metadata"]["labels"]) for pod in pods(each)):
            yield f"The Service sends requests to {each['metadata']['name']}"
    if not fits(service["spec"]["selector"], labels) or service["spec"]["ports"][0]["targetPort"] not in ports:
        yield "The Service reaches no pod"
    for each in by_kind["PodDisruptionBudget"]:
        if not fits(each["spec"]["selector"]["matchLabels"], labels):
            yield "The PodDisruptionBudget is of no pod"
    for each in by_kind["HorizontalPodAutoscaler"]:
        if each["spec"]["scaleTargetRef"]["name"] != deployment["metadata"]["name"] or "replicas" in deployment["spec"]:
            yield "The autoscaler does not decide about the Deployment"
    for each in by_kind["NetworkPolicy"]:
        everything = [pod["metadata"]["labels"] for other in objects for pod in pods(other)]
        if not all(fits(each["spec"]["podSelector"]["matchLabels"], labels) for labels in everything):
            yield "The NetworkPolicy leaves pods out"
        if [port["port"] for way in each["spec"]["ingress"] for port in way["ports"]] != list(ports.values()):
            yield "The NetworkPolicy lets requests in at another port"
    for each in by_kind.get("Route", []):
        if each["spec"]["to"]["name"] != service["metadata"]["name"] or each["spec"]["port"]["targetPort"] not in ports:
            yield "The Route leads nowhere"
    accounts = {each["metadata"]["name"] for each in by_kind["ServiceAccount"]}
    maps = {each["metadata"]["name"] for each in by_kind.get("ConfigMap", [])}
    for each in objects:
        for pod in pods(each):
            if pod["spec"]["serviceAccountName"] not in accounts:
                yield f"{each['kind']} runs as nobody"
            if {volume["configMap"]["name"] for volume in pod["spec"]["volumes"] if "configMap" in volume} - maps:
                yield f"{each['kind']} mounts a ConfigMap that is not there"


def of_jobs(objects: list[JSON]) -> Iterator[str]:
    for each in objects:
        spec = each.get("spec", {}).get("jobTemplate", each).get("spec", {})
        if each["kind"] not in ("Job", "CronJob"):
            continue
        if pods(each)[0]["spec"]["restartPolicy"] != "Never":  # What `podFailurePolicy` and an index's own limit want.
            yield f"{each['metadata']['name']} starts again"
        if "backoffLimitPerIndex" in spec and spec.get("completionMode") != "Indexed":
            yield f"{each['metadata']['name']} has no indexes"


def problems(objects: list[JSON]) -> list[str]:
    found = [*of_schemas(objects), *of_names(objects), *of_links(objects), *of_jobs(objects)]
    for each in objects:
        for pod in pods(each):
            found += [*of_mounts(each, pod), *of_rights(each, pod)]
    return found


if __name__ == "__main__":
    said = problems([each for each in yaml.safe_load_all(sys.stdin.read()) if each])
    print("\n".join(said) or "Nothing is wrong.")
    sys.exit(1 if said else 0)
