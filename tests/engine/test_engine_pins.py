"""Pins: made with digests, held against other bytes, checked offline, listed, and asked about."""

import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from sandbox import lock as locking
from sandbox.errors import SandboxError, UnreachableError
from sandbox.layout import ROOT
from sandbox.supply_chain import advisories
from sandbox.supply_chain.pins import go_modules, read, read_all
from sandbox.supply_chain.sbom import bill
from sandbox.supply_chain.verify import mistakes
from sandbox.venv import POLICY_PACK, make_environment

PROJECT = """\
[project]
name = "small"
version = "1"
dependencies = ["tiny>=1"]
[project.optional-dependencies]
build = []
dev = ["tiny[more]"]
"""
SIMPLE = '<a href="/{name}#sha256={digest}">{name}</a>'


def write_wheel(folder: Path, text: str) -> Path:
    """A package of one line."""
    wheel = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", text)
        archive.writestr(
            "tiny-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\nProvides-Extra: more\n",
        )
        archive.writestr(
            "tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package index on loopback, which pip's configuration names, password and all; returns its wheel."""
    files = tmp_path / "index"
    (files / "simple" / "tiny").mkdir(parents=True)
    wheel = write_wheel(files, "made = 'by its author'\n")
    source = files / "tiny-1.0.tar.gz"
    source.write_bytes(b"its source")
    links = [SIMPLE.format(name=path.name, digest=digest(path)) for path in (wheel, source)]
    (files / "simple" / "tiny" / "index.html").write_text("<!DOCTYPE html>" + "<br>".join(links))
    handler = partial(SimpleHTTPRequestHandler, directory=str(files))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        configuration = tmp_path / "pip.conf"
        url = f"http://reader:hunter2@127.0.0.1:{server.server_port}/simple/"
        configuration.write_text(f"[global]\nindex-url = {url}\nno-cache-dir = true\n")
        for name in (
            "PIP_INDEX_URL",
            "PIP_EXTRA_INDEX_URL",
            "PIP_FIND_LINKS",
            "UV_DEFAULT_INDEX",
            "UV_INDEX",
        ):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
        monkeypatch.setenv("UV_NO_CACHE", "1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield wheel
        server.shutdown()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_pins_from_the_users_index_hold_against_other_bytes_of_the_same_wheel(
    tmp_path: Path, index: Path
) -> None:
    root = tmp_path / "clone"
    (root / "policy").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "guard").mkdir()
    for room in ("policy", "guard"):
        (root / room / "requirements.in").write_text("tiny\n")
    locking.lock(root)
    for name in locking.FILES:
        text = (root / name).read_text()
        assert digest(index) in text
        assert digest(index.with_name("tiny-1.0.tar.gz")) in text
        assert "127.0.0.1" not in text
        assert "hunter2" not in text
    # Before pip 23.3, the package with extras and the package alone are two.
    pins = re.findall(r"^(tiny\S*) ", (root / "requirements-dev.txt").read_text(), flags=re.MULTILINE)
    assert pins == ["tiny==1.0", "tiny[more]==1.0"]

    good = index.read_bytes()
    write_wheel(index.parent, "made = 'by somebody else'\n")
    with pytest.raises(SandboxError, match="DO NOT MATCH THE HASHES") as refused:
        make_environment(root, POLICY_PACK)
    assert "hunter2" not in str(refused.value)
    libraries = root / "policy" / ".venv" / "lib"
    assert not list(libraries.rglob("tiny.py"))

    index.write_bytes(good)
    make_environment(root, POLICY_PACK)
    [installed] = libraries.rglob("tiny.py")
    assert "by its author" in installed.read_text()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files of this repository that pin, and nothing installed."""
    for name in ("pyproject.toml", "policy/requirements.in", "guard/requirements.in", *locking.FILES):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _line(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if line.startswith(start))


WRONG: dict[str, tuple[str, str, str]] = {
    "a range": ("requests==.*", "requests>=2 \\\\", "requests has no exact version"),
    "a prefix": ("requests==.*", "requests==2.* \\\\", "requests has no exact version"),
    "an address": (
        "requests==.*",
        "requests @ https://example.com/r.whl \\\\",
        "requests has no exact version",
    ),
    "an index": ("(?=requests==)", "--index-url https://example.com\n", "'--index-url' is no package"),
    "a file": ("(?=requests==)", "./requests.whl\n", "'./requests.whl' is no package"),
    "too old": (
        "requests==.*",
        "requests==2.31.0 \\\\",
        "requests 2.31.0, and pyproject.toml asks for requests>=2.32",
    ),
    "another name": ("requests==", "request==", "requests is missing, and pyproject.toml asks for it"),
    "sources": ("--only-binary.*\n", "", "may build a source distribution"),
}


@pytest.mark.parametrize(("line", "instead", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_pip_would_take_unpinned_is_found(line: str, instead: str, message: str, clone: Path) -> None:
    assert mistakes(clone) == []
    file = clone / "requirements.txt"
    text, replaced = re.subn(f"^{line}", instead, file.read_text(), flags=re.MULTILINE)
    assert replaced == 1
    file.write_text(text)

    found = mistakes(clone)

    assert any(message in each and each.startswith("requirements.txt:") for each in found)
    assert all("make lock" in each for each in found)


def test_each_package_without_a_digest_is_named_with_its_line(clone: Path) -> None:
    file = clone / "policy" / "requirements.txt"
    pins = read(clone, "policy/requirements.txt").pins
    lines = [line for line in file.read_text().splitlines() if "--hash" not in line]
    file.write_text("\n".join(line.removesuffix(" \\") for line in lines))

    found = mistakes(clone)

    named = {
        f"policy/requirements.txt:{_line(file.read_text(), f'{pin.name}==')}: {pin.name} has no"
        for pin in pins
    }
    assert named == {each.partition(" --hash")[0] for each in found if "--hash" in each}
    assert len(named) == len(pins)


def test_what_is_installed_is_compared_with_the_pins(clone: Path) -> None:
    libraries = clone / "policy" / ".venv" / "lib" / "python3" / "site-packages"
    pinned = {pin.name: pin.version for pin in read(clone, "policy/requirements.txt").pins}
    for pin in read(clone, "policy/requirements.txt").pins:
        version = {"pyyaml": "5.3"}.get(pin.name, pin.version)
        if pin.is_for_this_python and pin.name != "idna":
            _install(libraries, pin.requirement.name, version)
    _install(libraries, "pip", "23.2")
    _install(libraries, "left-pad", "0.1")
    python = clone / "policy" / ".venv" / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho anyio 4 requires idna, which is not installed.\nexit 1\n")
    python.chmod(0o755)

    found = mistakes(clone)

    assert [each.partition(";")[0] for each in found] == [
        "policy/.venv: anyio 4 requires idna, which is not installed.",
        f"policy/.venv: idna is not installed, and policy/requirements.txt pins {pinned['idna']}",
        "policy/.venv: left-pad 0.1 is installed, and nothing pins it",
        f"policy/.venv: pyyaml 5.3, and policy/requirements.txt pins {pinned['pyyaml']}",
    ]


def _install(libraries: Path, name: str, version: str) -> None:
    metadata = libraries / f"{name}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_the_bill_has_every_pin_with_its_digests_and_is_the_same_each_time() -> None:
    text = bill(ROOT)

    assert text == bill(ROOT)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    content = json.loads(text)
    assert "timestamp" not in content["metadata"]
    components = {each["purl"]: each for each in content["components"]}
    for pin in (pin for file in read_all(ROOT) for pin in file.pins):
        component = components[f"pkg:pypi/{pin.name}@{pin.version}"]
        assert set(pin.hashes) <= {each["content"] for each in component["hashes"]}
    assert len([purl for purl in components if purl.startswith("pkg:golang/")]) == len(go_modules())
    # Who needs whom: each component is reached from the project.
    needs = {each["ref"]: each.get("dependsOn", []) for each in content["dependencies"]}
    reached, todo = set[str](), ["gemini-landing-zone"]
    while todo:
        if (each := todo.pop()) not in reached:
            reached.add(each)
            todo += needs[each]
    assert reached - {"gemini-landing-zone"} == set(components)


PIP_AUDIT: dict[str, tuple[str, type[SandboxError], int, str]] = {
    "an advisory": (
        """[{"name": "idna", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]""",
        SandboxError,
        1,
        r"requirements-dev.txt:\d+: idna 1: CVE-1, fixed in 2",
    ),
    "no answer": (
        """[{"name": "idna", "skip_reason": "not found"}]""",
        UnreachableError,
        3,
        r"(?s)nothing is known of them.*requirements-dev.txt:\d+: idna: not found",
    ),
    "no server": ("[", UnreachableError, 3, "(?s)nothing is known of them.*ConnectionError: no such host"),
}


@pytest.mark.parametrize(("answer", "error", "code", "message"), PIP_AUDIT.values(), ids=PIP_AUDIT.keys())
def test_advisories_and_silence_are_not_taken_for_each_other(
    answer: str,
    error: type[SandboxError],
    code: int,
    message: str,
    pip_audit: Callable[[str], None],
) -> None:
    pip_audit(answer)

    with pytest.raises(error, match=message) as raised:
        advisories.audit(ROOT)

    assert raised.value.exit_code == code


def test_pins_without_advisories_pass(pip_audit: Callable[[str], None]) -> None:
    pip_audit("""[{"name": "idna", "version": "3", "vulns": []}]""")

    advisories.audit(ROOT)


@pytest.fixture
def pip_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a pip-audit of fixed answers before the real one; it exits with 0, as the real one does without answers."""

    def add(answer: str) -> None:
        output = '{"dependencies": ' + answer + "}"
        (tmp_path / "pip_audit.py").write_text(
            f"import sys\nprint({output!r})\nprint('ConnectionError: no such host', file=sys.stderr)\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return add
