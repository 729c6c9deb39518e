"""An agent logged by Drover, as an MLflow ResponsesAgent.

What the agent is stands in `definition.json` beside this file; where Llama Stack was when it was logged, in
`llamastack.json`; the code that runs it, in `drover_agent/`. It talks to Llama Stack by itself and needs only `mlflow`
and `requests`, which mlflow brings.

The environment wins over the files:

    LLAMASTACK_BASE_URL     where Llama Stack is; a trailing `/v1` is dropped
    LLAMASTACK_API_KEY      sent as a bearer token; empty or `fake` is none
    LLAMASTACK_CA_FILE      authorities to trust beside those that `requests` knows; else SSL_CERT_FILE names them
    LLAMASTACK_CLIENT_CERT  a certificate of our own, with its key in LLAMASTACK_CLIENT_KEY or in the same file
    LLAMASTACK_INSECURE     `1` trusts any certificate; only for trying out
    LLAMASTACK_MODEL        another model
    LLAMASTACK_AGENT_ID     an agent object of the server (Llama Stack 0.2 and 0.3), which is used as it is

and the tokens and secret headers of MCP servers stand in the variables that the definition names.
"""

import os
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from uuid import uuid4

from mlflow.models import set_model


def module_beside(folder: Path, name: str) -> ModuleType:
    """A module of `drover_agent`, in a package of its own, so that versions that are loaded side by side do not mix."""
    package = ModuleSpec(f"drover_agent_{uuid4().hex}", None, is_package=True)
    package.submodule_search_locations = [str(folder / "drover_agent")]
    sys.modules[package.name] = module_from_spec(package)
    return import_module(f"{package.name}.{name}")


folder = Path(__file__).parent
set_model(module_beside(folder, "loading").load_agent(folder, os.environ))
