"""What `drover export kubernetes` writes is valid for Kubernetes: the golden file that a Swift test compares with it. What it
writes with other options is tested by `ExportIntegrationTests`."""

import copy
import pathlib
from typing import Any

import pytest
import yaml

import check_manifests

GOLDEN = pathlib.Path(__file__).parents[2] / "Tests/DroverTests/Export/kubernetes.expected"
OBJECTS = [each for each in yaml.safe_load_all(GOLDEN.read_text()) if each]
KINDS = [
    "ServiceAccount", "ConfigMap", "NetworkPolicy", "Service", "Deployment", "PodDisruptionBudget",
    "HorizontalPodAutoscaler", "Route", "Job", "CronJob", "Job"]


def test_kinds() -> None:
    assert [each["kind"] for each in OBJECTS] == KINDS


def test_valid() -> None:
    assert check_manifests.problems(OBJECTS) == []


@pytest.mark.parametrize(("kind", "change", "said"), [
    ("Deployment", lambda each: each["spec"]["template"]["spec"]["containers"][0].update(prots=[]), "prots"),
    ("Deployment", lambda each: each["spec"]["template"]["metadata"]["labels"].clear(), "own pods"),
    ("Service", lambda each: each["spec"]["selector"].pop("app.kubernetes.io/component"), "sends requests to"),
    ("Service", lambda each: each["spec"]["ports"][0].update(targetPort="https"), "reaches no pod"),
    ("CronJob", lambda each: each["metadata"].update(name="s" * 53), "no name"),
    ("Job", lambda each: each["metadata"].update(name="s" * 64), "no name"),
    ("ConfigMap", lambda each: each["metadata"].update(name="other"), "not there"),
    ("NetworkPolicy", lambda each: each["spec"]["podSelector"]["matchLabels"].update(a="b"), "leaves pods out"),
])
def test_invalid(kind: str, change: Any, said: str) -> None:
    """The check finds what is wrong."""
    broken = copy.deepcopy(OBJECTS)
    change(next(each for each in broken if each["kind"] == kind))
    assert said in "\n".join(check_manifests.problems(broken))


def test_mounts() -> None:
    """Every file of the spec is mounted at its path, and nothing is mounted that is not there."""
    spec = next(each for each in OBJECTS if each["kind"] == "ConfigMap")
    keys = {*spec["data"], *spec.get("binaryData", {})}
    for each in OBJECTS:
        template = each.get("spec", {}).get("jobTemplate", each).get("spec", {}).get("template")
        if not template:
            continue
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        assert volumes["spec"]["configMap"]["name"] == spec["metadata"]["name"]
        mounts = template["spec"]["containers"][0]["volumeMounts"]
        assert {mount["name"] for mount in mounts} == set(volumes)
        paths = {mount["subPath"]: mount["mountPath"] for mount in mounts if mount["name"] == "spec"}
        assert set(paths) == keys
        assert sorted(paths.values()) == ["/spec/docs/b.md", "/spec/docs/über uns.md", "/spec/drover.yaml", "/spec/support.md"]
