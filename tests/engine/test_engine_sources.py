"""Where the CLI comes from, on machines that have one thing and lack another. `pulumi` and `go` are fakes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engine import cli, get_engine, installer
from sandbox.errors import PrerequisiteError

FakeCommand = Callable[[str, str], Path]

GO = """
case "$1 $2" in
    "list -mod=readonly") echo "go: downloading example.com/x v1.0.0" >&2; echo example.com/x ;;
    "list -m") echo "{sdk}" ;;
    build*) for last; do [ "$previous" = -o ] && out=$last; previous=$last; done
            [ -z "{fails}" ] || {{ echo "no space left"; exit 1; }}
            mkdir -p "$(dirname "$out")"; echo built > "$out"; echo run >> "{log}" ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommand:
    """A machine with nothing but a shell, and no internet; the returned function adds a command to PATH."""
    commands = tmp_path / "bin"
    commands.mkdir()
    monkeypatch.setenv("PATH", f"{commands}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for proxy in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")

    def add(name: str, script: str) -> Path:
        path = commands / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return add


@pytest.fixture
def go(machine: FakeCommand, tmp_path: Path) -> Callable[[bool], Path]:
    """Adds a `go` that builds, or fails to, and returns the log of its builds."""
    sdk = tmp_path / "sdk"
    for script in ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"):
        (sdk / script).parent.mkdir(parents=True)
        (sdk / script).write_text("script")
        (sdk / script).chmod(0o444)
    log = tmp_path / "builds"

    def add(fails: bool = False) -> Path:
        machine("go", GO.format(sdk=sdk, fails="yes" if fails else "", log=log))
        return log

    return add


def test_a_new_enough_pulumi_on_path_is_used_as_it_is(machine: FakeCommand) -> None:
    pulumi = machine("pulumi", "echo v3.300.1")
    machine("pulumi-language-python", "")

    engine = get_engine()

    assert (engine.pulumi, engine.version, engine.has_language_host) == (pulumi, "3.300.1", True)


@pytest.mark.parametrize(
    ("script", "host", "reason"),
    [
        ("echo v3.218.1", True, "is 3.218.1, older than 3.219.0"),
        ("echo broken >&2; exit 1", True, "pulumi version` fails"),
        ("echo v3.300.0", False, "has no pulumi-language-python beside it"),
    ],
    ids=["too old", "broken", "without its language host"],
)
def test_a_pulumi_on_path_that_cannot_serve_is_passed_over_and_the_reason_told(
    machine: FakeCommand, script: str, host: bool, reason: str
) -> None:
    machine("pulumi", script)
    if host:
        machine("pulumi-language-python", "")

    with pytest.raises(PrerequisiteError, match=reason):
        get_engine()


def test_a_build_is_done_once_and_kept_in_the_cache(
    go: Callable[[], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    builds = go()

    first, second = get_engine(), get_engine()

    assert first == second
    assert first.pulumi.is_relative_to(tmp_path / "cache")
    assert first.program_runner.stat().st_mode & 0o111, "the module's read-only script has to run here"
    assert not first.has_language_host
    assert builds.read_text().splitlines() == ["run"]
    assert "Download the Go modules of the Pulumi CLI: 1 modules" in capsys.readouterr().err


def test_what_make_env_put_on_path_is_not_taken_for_the_users_own(
    go: Callable[[], Path], machine: FakeCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go()
    built = get_engine()
    shim = tmp_path / ".sandbox" / "standins" / "language" / "pulumi-language-python"
    shim.parent.mkdir(parents=True)
    machine("pulumi-language-python", "").rename(shim)
    monkeypatch.setenv("PATH", f"{shim.parent}:{built.directory}:{cli.search_path()}")

    again = get_engine()

    assert again == built
    assert not again.has_language_host


def test_a_killed_build_leaves_nothing_that_a_later_one_would_take(go: Callable[[bool], Path]) -> None:
    go(True)
    with pytest.raises(PrerequisiteError, match="no space left"):
        get_engine()
    # What a kill leaves: the unfinished folder, and no lock, which the system drops.
    leftover = cli._beside_cache("partial") / "bin" / "pulumi"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("half a binary")

    go(False)

    assert get_engine().pulumi.read_text() == "built\n"


def test_the_official_installer_comes_before_a_build(
    go: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds = go()
    package = tmp_path / "python" / "pulumi" / "automation"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").write_text(
        "import pathlib\n"
        "class PulumiCommand:\n"
        "    @staticmethod\n"
        "    def install(root, version):\n"
        "        folder = pathlib.Path(root, 'bin')\n"
        "        folder.mkdir()\n"
        "        for name in ('pulumi', 'pulumi-language-python'):\n"
        "            (folder / name).write_text(str(version))\n"
        "            (folder / name).chmod(0o755)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(package.parents[1]))
    monkeypatch.setattr(installer, "_unreachable", lambda: "")

    engine = get_engine()

    assert engine.pulumi.read_text() == engine.version
    assert engine.has_language_host
    assert not builds.exists()


@pytest.mark.usefixtures("machine")
def test_with_nothing_to_be_had_one_message_names_what_to_install() -> None:
    with pytest.raises(PrerequisiteError) as raised:
        get_engine()

    message = str(raised.value)
    assert raised.value.exit_code == 2
    for part in (
        "no `pulumi` on PATH",
        "installer cannot be reached",
        "no `go` on PATH",
        "https://www.pulumi.com/docs/install/",
        "https://go.dev/doc/install",
    ):
        assert part in message
