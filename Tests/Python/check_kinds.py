"""Checks with MLflow's own client that a server holds what a spec declared.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python check_kinds.py expected.json

The file says what is expected, by kind; see the classes below for the fields. Exit code 0 when all of it is there, else 1
and every difference.
"""

import dataclasses
import json
import sys
from typing import Any

import mlflow
from mlflow.tracking import MlflowClient

JSON = dict[str, Any]


@dataclasses.dataclass
class Experiment:
    name: str
    tags: dict[str, str]
    description: str | None = None
    artifact_location: str | None = None


@dataclasses.dataclass
class RegisteredModel:
    name: str
    tags: dict[str, str]
    description: str = ""
    versions: int = 0


@dataclasses.dataclass
class Prompt:
    name: str
    version: int
    template: str | list[JSON]
    tags: dict[str, str]
    description: str = ""
    alias: str | None = None
    variables: list[str] = dataclasses.field(default_factory=list)
    # What `format` gives with these values.
    values: dict[str, str] = dataclasses.field(default_factory=dict)
    formatted: str | list[JSON] | None = None


@dataclasses.dataclass
class Record:
    inputs: JSON
    expectations: JSON = dataclasses.field(default_factory=dict)
    tags: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Dataset:
    name: str
    experiment: str
    tags: dict[str, str]
    records: list[Record]


class Differences(list[str]):
    """Collects what is not as expected."""

    def compare(self, place: str, found: object, expected: object) -> None:
        if found != expected:
            self.append(f"{place}: found {found!r}, expected {expected!r}")

    def contains(self, place: str, found: dict[str, Any] | None, expected: dict[str, Any]) -> None:
        for key, value in expected.items():
            self.compare(f"{place}[{key!r}]", (found or {}).get(key), value)


def check_experiment(client: MlflowClient, expected: Experiment, differences: Differences) -> None:
    place = f"experiment {expected.name}"
    found = client.get_experiment_by_name(expected.name)
    if found is None:
        differences.append(f"{place}: not there")
        return
    differences.compare(f"{place}: stage", found.lifecycle_stage, "active")
    differences.contains(f"{place}: tags", found.tags, expected.tags)
    differences.compare(f"{place}: description", found.tags.get("mlflow.note.content"), expected.description)
    if expected.artifact_location is not None:
        differences.compare(f"{place}: artifacts", found.artifact_location, expected.artifact_location)


def check_registered_model(client: MlflowClient, expected: RegisteredModel, differences: Differences) -> None:
    place = f"registered model {expected.name}"
    found = client.get_registered_model(expected.name)
    differences.contains(f"{place}: tags", found.tags, expected.tags)
    differences.compare(f"{place}: description", found.description or "", expected.description)
    versions = client.search_model_versions(f"name = '{expected.name}'")
    differences.compare(f"{place}: versions", len(versions), expected.versions)


def check_prompt(client: MlflowClient, expected: Prompt, differences: Differences) -> None:
    place = f"prompt {expected.name}"
    prompt = client.get_prompt(expected.name)
    differences.contains(f"{place}: tags", prompt.tags, expected.tags)
    differences.compare(f"{place}: description", prompt.description or "", expected.description)
    uris = [f"prompts:/{expected.name}/{expected.version}"]
    if expected.alias is not None:
        uris.append(f"prompts:/{expected.name}@{expected.alias}")
    for uri in uris:
        loaded = mlflow.genai.load_prompt(uri)
        differences.compare(f"{uri}: version", int(loaded.version), expected.version)
        differences.compare(f"{uri}: template", loaded.template, expected.template)
        differences.compare(f"{uri}: is text", loaded.is_text_prompt, isinstance(expected.template, str))
        differences.compare(f"{uri}: variables", sorted(loaded.variables), sorted(expected.variables))
        if expected.formatted is not None:
            differences.compare(f"{uri}: formatted", loaded.format(**expected.values), expected.formatted)
    names = [each.name for each in mlflow.genai.search_prompts()]
    differences.compare(f"{place}: is listed", expected.name in names, True)


def check_dataset(client: MlflowClient, expected: Dataset, differences: Differences) -> None:
    place = f"dataset {expected.name}"
    experiment = client.get_experiment_by_name(expected.experiment)
    listed = mlflow.genai.datasets.search_datasets(experiment_ids=[experiment.experiment_id])
    named = [dataset for dataset in listed if dataset.name == expected.name]
    differences.compare(f"{place}: how many there are", len(named), 1)
    for each in named:
        dataset = mlflow.genai.datasets.get_dataset(dataset_id=each.dataset_id)
        differences.contains(f"{place}: tags", dataset.tags, expected.tags)
        found = {json.dumps(row["inputs"], sort_keys=True): row for row in dataset.to_df().to_dict("records")}
        differences.compare(f"{place}: number of records", len(found), len(expected.records))
        for record in expected.records:
            row = found.get(json.dumps(record.inputs, sort_keys=True))
            if row is None:
                differences.append(f"{place}: no record {record.inputs}")
                continue
            differences.compare(f"{place}: {record.inputs}", row["expectations"] or {}, record.expectations)
            differences.contains(f"{place}: {record.inputs}: tags", row["tags"], record.tags)


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        expected: dict[str, list[JSON]] = json.load(file)
    client = MlflowClient()
    differences = Differences()
    for entry in expected.get("experiments", []):
        check_experiment(client, Experiment(**entry), differences)
    for entry in expected.get("registeredModels", []):
        check_registered_model(client, RegisteredModel(**entry), differences)
    for entry in expected.get("prompts", []):
        check_prompt(client, Prompt(**entry), differences)
    for entry in expected.get("datasets", []):
        records = [Record(**record) for record in entry.pop("records")]
        check_dataset(client, Dataset(**entry, records=records), differences)
    for difference in differences:
        print(difference)
    count = sum(len(entries) for entries in expected.values())
    print(f"{count} objects read with MLflow {mlflow.__version__}, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
