"""The Pulumi CLI built from Go modules. `go.mod` and `go.sum` beside this file pin every one of them."""

import re
import shutil
import subprocess
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.steps import run_quietly, say, step

MODULE = Path(__file__).parent
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK = "github.com/pulumi/pulumi/sdk/v3"
SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
"""Scripts that Pulumi ships with its CLI to run Python; the SDK's module has them too."""


def pinned_version() -> str:
    """The version of the CLI, from go.mod: `3.259.0`."""
    return _in_go_mod(r"github\.com/pulumi/pulumi/pkg/v3 v(\S+)")


def pinned_go() -> str:
    """The oldest Go that builds it, from go.mod: `1.25.11`."""
    return _in_go_mod(r"^go (\S+)")


def build(version: str, folder: Path) -> None:
    """Build the CLI `version` into `folder`/bin, with the scripts that it runs Python with.

    Downloads about 300 modules and compiles some minutes on a machine that has never done it. Raises
    SandboxError when there is no Go, a module is not the one that go.sum pins, or the build fails.
    """
    go = shutil.which("go")
    if not go:
        raise SandboxError("no `go` on PATH to build the CLI with")
    # Outside of MODULE, where an older Go would first download the one that go.mod asks for.
    modules, objects = _ask([go, "env", "GOMODCACHE", "GOCACHE"], cwd=folder).splitlines()
    say(
        "  Building it fills Go's own caches, outside of this folder too (GOMODCACHE and GOCACHE move them):\n"
        f"  {modules} (modules) and {objects} (compiled packages)."
    )
    packages = _download(go)
    with step("Verify the Go modules"):
        # Go checks go.sum at the download alone; another program may have changed a module since.
        run_quietly([go, "mod", "verify"], cwd=MODULE, failure="the cache of Go modules was changed")
    binary = folder / "bin" / "pulumi"
    with step(f"Build the Pulumi CLI {version}") as current:
        compiled: set[str] = set()

        def progress(line: str) -> None:
            if line in packages:
                compiled.add(line)
                current.detail = f"{len(compiled)} of {len(packages)} packages compiled"

        run_quietly(
            [
                go,
                "build",
                "-mod=readonly",
                "-v",
                f"-ldflags=-s -w -X {SDK}/go/common/version.Version=v{version}",
                "-o",
                binary,
                PACKAGE,
            ],
            cwd=MODULE,
            failure="`go build` of the Pulumi CLI failed",
            on_line=progress,
        )
    sdk = Path(_ask([go, "list", "-m", "-f", "{{.Dir}}", SDK], cwd=MODULE).strip())
    for script in SCRIPTS:
        shutil.copyfile(sdk / script, binary.parent / Path(script).name)


def _download(go: str) -> set[str]:
    """Download the modules that the CLI needs; return the import paths of the packages in it."""
    packages: set[str] = set()
    modules = 0
    with step("Download the Go modules of the Pulumi CLI") as current:

        def progress(line: str) -> None:
            nonlocal modules
            if line.startswith("go: downloading "):
                modules += 1
                current.detail = f"{modules} modules"
            else:
                packages.add(line)

        run_quietly(
            [go, "list", "-mod=readonly", "-deps", PACKAGE],
            cwd=MODULE,
            failure="the Go modules of the Pulumi CLI could not be downloaded",
            on_line=progress,
        )
        current.outcome = current.detail
    return packages


def _ask(command: list[str], cwd: Path) -> str:
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", "") or error
        raise SandboxError(f"`{' '.join(command)}` failed: {reason}") from None


def _in_go_mod(pattern: str) -> str:
    match = re.search(pattern, (MODULE / "go.mod").read_text(), flags=re.MULTILINE)
    if not match:
        raise SandboxError(f"{MODULE / 'go.mod'} has no line that matches {pattern}")
    return match[1]
