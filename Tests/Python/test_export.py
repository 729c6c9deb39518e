"""What `drover export kubernetes` writes is valid for Kubernetes: the golden file that a Swift test compares with it."""

import copy
import pathlib

import kubernetes_validate
import pytest
import yaml

GOLDEN = pathlib.Path(__file__).parents[2] / "Tests/DroverTests/Export/kubernetes.expected"
OBJECTS = [each for each in yaml.safe_load_all(GOLDEN.read_text()) if each]
KINDS = [
    "ServiceAccount", "ConfigMap", "NetworkPolicy", "Service", "Deployment", "PodDisruptionBudget",
    "HorizontalPodAutoscaler", "Route", "Job", "CronJob", "Job"]


def test_kinds() -> None:
    assert [each["kind"] for each in OBJECTS] == KINDS


@pytest.mark.parametrize("version", ["1.29", "1.31", "1.34"])
def test_valid(version: str) -> None:
    for each in OBJECTS:
        if each["kind"] != "Route":  # OpenShift's own.
            kubernetes_validate.validate(copy.deepcopy(each), version, strict=True)
    broken = copy.deepcopy(next(each for each in OBJECTS if each["kind"] == "Deployment"))
    broken["spec"]["template"]["spec"]["containers"][0]["prots"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, version, strict=True)


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


def test_rights() -> None:
    for each in OBJECTS:
        template = each.get("spec", {}).get("jobTemplate", each).get("spec", {}).get("template")
        if template:
            pod = template["spec"]
            assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
            assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"]
