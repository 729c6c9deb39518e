"""What reports write fits the schemas that they promise: the golden files of Tests/ReportsTests, which Swift tests compare
with what is written."""

import json
import pathlib

import jsonschema
import pytest
import xmlschema

ROOT = pathlib.Path(__file__).parents[2]
GOLDEN = ROOT / "Tests/ReportsTests/Golden"


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def complaints(validator: jsonschema.Draft202012Validator, value: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def test_report() -> None:
    report = json.loads((GOLDEN / "json.expected").read_text())
    assert complaints(validator("report"), report) == []
    del report["suites"][0]["cases"][0]["verdict"]
    assert complaints(validator("report"), report) != []


def test_log() -> None:
    log = validator("log")
    lines = (GOLDEN / "log.expected").read_text().splitlines()
    kinds = {next(iter(json.loads(line))) for line in lines}
    assert kinds == {"run", "line", "suite", "case", "sample", "suiteEnd", "end"}
    for line in lines:
        assert complaints(log, json.loads(line)) == []
    assert complaints(log, {"sample": {"case": "golden/ticket"}}) != []


def test_junit() -> None:
    schema = xmlschema.XMLSchema(str(ROOT / "Tests/Fixtures/JUnit/junit-10.xsd"))
    text = (GOLDEN / "junit.expected").read_text()
    schema.validate(text)
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate(text.replace("classname=", "class="))
