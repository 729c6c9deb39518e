"""scripts/check-floors finds each kind of breach: planted in a copy of Sources and Package.swift, one at a time."""

import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

BREACHES = {
    "upward import": ("Engine", "import Wire", "Engine may not import Wire"),
    "import on the same floor": ("Suites", "import Kinds", "Suites may not import Kinds"),
    "third party in a wrong room": ("Kinds", "import AsyncHTTPClient", "AsyncHTTPClient may not enter through Kinds"),
    "a kind above Kinds": ("CLI", 'let kind = "vectorStores"', 'names the kind "vectorStores"'),
    "an address of a kind": ("CLI", 'let address = "agents.\\(name)"', "writes an address of the kind `agents`"),
    "an address of a kind in a text": ("Suites", 'let why = "See `tools/\\(name)`."', "writes an address of the kind `tools`"),
    "an address that is put together": ("Records", 'let address = "models." + name', "writes an address of the kind `models`"),
    "a kind's type above Kinds": ("Reports", "let type = AgentSpec.self", "names the type `AgentSpec`"),
    "a decision by kind": ("CLI", 'let isIt = declaration.address.kind == name', "decides by kind"),
    "a flag in Wire": ("Wire", 'let fix = "Use `--parallelism 2`."', "names the flag --parallelism"),
    "a flag in a comment": ("Records", "/// What `--record file:PATH` says.", "names the flag --record"),
    "an exit code": ("Suites", "let exitCode = 4", "speaks of exit codes"),
    "an exit code in a comment": ("Runtime", "/// - Throws: `Diagnostic` (code 10).", "speaks of exit codes"),
    "a room that is none": ("Utils", "let help = 1", "`Utils` is no room"),
}


def check(sources):
    return subprocess.run(
        [ROOT / "scripts/check-floors", sources], capture_output=True, text=True, check=False)


@pytest.fixture()
def copy(tmp_path):
    shutil.copy(ROOT / "Package.swift", tmp_path)
    return pathlib.Path(shutil.copytree(ROOT / "Sources", tmp_path / "Sources"))


def test_the_code_as_it_is_passes(copy):
    run = check(copy)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("name", BREACHES)
def test_a_planted_breach_is_named_with_its_place(copy, name):
    room, line, said = BREACHES[name]
    file = copy / room / "Planted.swift"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"// Planted.\n{line}\n")
    run = check(copy)
    assert run.returncode == 1
    assert f"Sources/{room}/Planted.swift" in run.stdout and said in run.stdout, run.stdout


def test_a_room_may_have_its_third_parties_once_the_package_declares_them(copy):
    file = copy / "Serving" / "Planted.swift"
    file.write_text("import Hummingbird\nimport NIOSSL\nimport Runtime\n")
    assert check(copy).returncode == 0
    file.write_text("import SQLite3\n")
    run = check(copy)
    said = "Sources/Serving/Planted.swift:1: Serving imports SQLite3, which Package.swift does not declare for it."
    assert run.returncode == 1 and run.stdout.splitlines() == [said], run.stdout


@pytest.mark.parametrize(("room", "before", "after", "said"), [
    ("Reports", '"Suites", "Engine", "Runtime",', '"Suites", "Engine",', "Reports imports Runtime, which Package.swift"),
    ("Records", 'room("Records", on: ["Engine",', 'room("Records", on: ["Runtime", "Engine",',
     "Records declares Runtime, and does not import it."),
    ("Language", '.product(name: "Crypto", package: "swift-crypto")', '"Wire"', "Language imports Crypto, which"),
    ("CLI", '"Reports", "Kinds", "Records",', '"Reports", "Records",', "CLI imports Kinds, which Package.swift"),
    ("Engine", 'room("Engine", on: ["Language"]),', "", "no room `Engine` was found"),
])
def test_imports_and_the_package_are_compared_both_ways(copy, room, before, after, said):
    manifest = copy.parent / "Package.swift"
    text = manifest.read_text()
    assert before in text
    manifest.write_text(text.replace(before, after, 1))
    run = check(copy)
    assert run.returncode == 1 and said in run.stdout, run.stdout
