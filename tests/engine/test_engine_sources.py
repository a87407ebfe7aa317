"""Where the CLI comes from, on machines that have one thing and lack another. `pulumi` and `go` are fakes."""

import hashlib
import io
import shutil
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sandbox.engine import build, cli, get_engine, release
from sandbox.errors import PrerequisiteError

FakeCommand = Callable[[str, str], Path]

GO = """
case "$1 $2" in
    "env GOMODCACHE") printf '/go/modules\\n/go/objects\\n' ;;
    "mod verify") {verifies} || {{ echo "example.com/x v1.0.0: dir has been modified"; exit 1; }} ;;
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
def go(machine: FakeCommand, tmp_path: Path) -> Callable[..., Path]:
    """Adds a `go` that builds, or fails to, and returns the log of its builds."""
    sdk = tmp_path / "sdk"
    for script in ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"):
        (sdk / script).parent.mkdir(parents=True)
        (sdk / script).write_text("script")
        (sdk / script).chmod(0o444)
    log = tmp_path / "builds"

    def add(fails: bool = False, verifies: bool = True) -> Path:
        verify = "true" if verifies else "false"
        machine("go", GO.format(sdk=sdk, fails="yes" if fails else "", verifies=verify, log=log))
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
    leftover = cli._cache().with_name(f"{cli._cache().name}.partial") / "bin" / "pulumi"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("half a binary")

    go(False)

    assert get_engine().pulumi.read_text() == "built\n"


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Pulumi's releases on loopback: the archive for this machine, whose checksum is the pinned one."""
    [name] = [name for name in release.checksums() if name.endswith("-linux-x64.tar.gz")]
    archive = tmp_path / "releases" / f"v{build.pinned_version()}" / name
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz") as tar:
        for command in ("pulumi", "pulumi-language-python", "install.sh"):
            content = b"#!/bin/sh\ntouch ran\n"
            member = tarfile.TarInfo(f"pulumi/{command}")
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    checksums = tmp_path / "archives.sha256"
    checksums.write_text(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {name}\n")
    monkeypatch.setattr(release, "CHECKSUMS", checksums)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "releases"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(release, "RELEASES", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield archive
        server.shutdown()


def test_a_release_with_the_pinned_checksum_is_used_without_a_build(
    go: Callable[[], Path], published: Path
) -> None:
    builds = go()

    engine = get_engine()

    assert engine.has_language_host
    assert sorted(path.name for path in engine.directory.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert not builds.exists()
    assert published.exists()


def test_a_release_with_other_bytes_is_not_unpacked(
    go: Callable[[], Path], published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a checksum that only the archive's own server could vouch for, nothing of it may reach the disk's cache."""
    published.write_bytes(published.read_bytes() + b"\0")
    with pytest.raises(PrerequisiteError) as refused:
        get_engine()
    assert f"has SHA-256 {hashlib.sha256(published.read_bytes()).hexdigest()}, and" in str(refused.value)
    assert not cli._cache().exists()

    go()

    assert get_engine().pulumi.read_text() == "built\n"
    assert "not used: pulumi-v" in capsys.readouterr().err


def test_a_go_module_that_was_changed_after_its_download_is_not_built(go: Callable[..., Path]) -> None:
    builds = go(verifies=False)

    with pytest.raises(
        PrerequisiteError, match=r"(?s)cache of Go modules was changed.*dir has been modified"
    ):
        get_engine()

    assert not builds.exists()


def test_other_pins_of_the_same_version_are_built_anew(
    go: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds = go()
    first = get_engine()
    shutil.copytree(build.MODULE, tmp_path / "engine")
    with (tmp_path / "engine" / "go.sum").open("a") as pins:
        pins.write("example.com/x v1.0.1 h1:AAAA=\n")
    monkeypatch.setattr(build, "MODULE", tmp_path / "engine")

    assert get_engine() != first
    assert builds.read_text().splitlines() == ["run", "run"]


def _writable(cached: Path) -> None:
    (cached / "bin" / "pulumi").chmod(0o770)


def _linked(cached: Path) -> None:
    moved = (cached / "bin" / "pulumi").rename(cached.parent / "elsewhere")
    (cached / "bin" / "pulumi").symlink_to(moved)


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a changed byte": (
        lambda cached: (cached / "bin" / "pulumi").write_text("bUilt\n"),
        "bin/pulumi was changed",
    ),
    "a plugin beside it": (
        lambda cached: (cached / "bin" / "pulumi-resource-gcp").write_text(""),
        "bin/pulumi-resource-gcp was added",
    ),
    "a script removed": (
        lambda cached: (cached / "bin" / "pulumi-language-python-exec").unlink(),
        "bin/pulumi-language-python-exec was removed",
    ),
    "no digests": (lambda cached: (cached / "SHA256SUMS").unlink(), "has no SHA256SUMS"),
    "digests of nothing": (lambda cached: (cached / "SHA256SUMS").write_text(""), "was added"),
    "digests that are no text": (
        lambda cached: (cached / "SHA256SUMS").write_bytes(b"\xff"),
        "cannot be read",
    ),
    "others can write": (_writable, "others can write to it"),
    "a link": (_linked, "is a link"),
}


@pytest.mark.parametrize(("tamper", "reason"), TAMPERED.values(), ids=TAMPERED.keys())
def test_a_cached_cli_that_is_not_as_it_was_built_is_built_again(
    tamper: Callable[[Path], object],
    reason: str,
    go: Callable[[], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    builds = go()
    first = get_engine()
    tamper(cli._cache())
    capsys.readouterr()

    assert get_engine() == first

    assert reason in capsys.readouterr().err
    assert first.pulumi.read_text() == "built\n"
    assert builds.read_text().splitlines() == ["run", "run"]
    get_engine()
    assert builds.read_text().splitlines() == ["run", "run"]


def test_what_is_kept_is_the_users_alone_and_said_before_it_is_made(
    go: Callable[[], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    go()
    ours = tmp_path / "cache" / "gemini-landing-zone"
    ours.mkdir(parents=True)
    ours.chmod(0o777)

    get_engine()

    printed = capsys.readouterr().err
    said, done = printed.index(f"goes to {cli._cache()}"), printed.index("Build the Pulumi CLI")
    assert said < printed.index("/go/modules (modules) and /go/objects") < done
    assert all(not path.stat().st_mode & 0o077 for path in (ours, *cli._cache().rglob("*"), cli._cache()))


def test_a_cache_that_is_a_link_is_refused(go: Callable[[], Path], tmp_path: Path) -> None:
    go()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "gemini-landing-zone").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PrerequisiteError, match="set XDG_CACHE_HOME to a folder of your own"):
        get_engine()


@pytest.mark.usefixtures("machine")
def test_with_nothing_to_be_had_one_message_names_what_to_install() -> None:
    with pytest.raises(PrerequisiteError) as raised:
        get_engine()

    message = str(raised.value)
    assert raised.value.exit_code == 2
    for part in (
        "no `pulumi` on PATH",
        "cannot be downloaded",
        "no `go` on PATH",
        "https://www.pulumi.com/docs/install/",
        "https://go.dev/doc/install",
    ):
        assert part in message
