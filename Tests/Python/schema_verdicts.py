"""Says of every YAML file in a folder whether it fits a JSON Schema: {"name.yaml": null, "other.yaml": "why not"}.

usage: schema_verdicts.py SCHEMA FOLDER
"""

import json
import pathlib
import re
import sys

import jsonschema
import yaml


class CoreLoader(yaml.SafeLoader):
    """Reads plain scalars by the core schema of YAML 1.2, where `no`, `22:30` and `2024-01-01` are text."""

    yaml_implicit_resolvers = {}


for tag, pattern, first in [
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+0123456789."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
]:
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))
CoreLoader.add_multi_constructor("!", lambda loader, suffix, node: loader.construct_scalar(node))


def keyed_by_text(value):
    """A YAML key may be a number; a field of a spec is named by its text."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else json.dumps(key): keyed_by_text(each) for key, each in value.items()}
    return [keyed_by_text(each) for each in value] if isinstance(value, list) else value


def main(schema_path, folder):
    schema = json.loads(pathlib.Path(schema_path).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    verdicts = {}
    for path in sorted(pathlib.Path(folder).glob("*.yaml")):
        document = keyed_by_text(yaml.load(path.read_text(), Loader=CoreLoader))
        error = jsonschema.exceptions.best_match(validator.iter_errors(document))
        verdicts[path.name] = error and f"{error.json_path}: {error.message}"[:300]
    json.dump(verdicts, sys.stdout)


main(*sys.argv[1:])
