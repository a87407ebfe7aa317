"""Jobs of CI files, run as a runner does it: their scripts by a shell, in order, with its variables and files."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sandbox import venv
from sandbox.layout import ROOT

COPIED = ("Makefile", "Pulumi.yaml", "__main__.py", "pyproject.toml", ".gitignore")
FOLDERS = ("components", "landing_zone", "provider", "policy", "sandbox")
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{
        f"GIT_{who}_{what}": "ci@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    },
}
GH = """\
#!/bin/sh
# Answers as GitHub does for one pull request and one issue, and writes down what it was asked.
printf '%s\\n' "$*" >> "$GH_FOLDER/calls"
case "$*" in
  *"repos/acme/gemini/commits/"*) cat "$GH_FOLDER/newest" ;;
  "api --paginate"*) test ! -f "$GH_FOLDER/comment" || echo 4711 ;;
  "api --method"*) cp diff.md "$GH_FOLDER/comment" ;;
  "issue list"*) test ! -f "$GH_FOLDER/issue" || echo 12 ;;
  "issue"*) touch "$GH_FOLDER/issue" ;;
  *) exit 64 ;;
esac
"""


def repository(folder: Path) -> Path:
    """A repository with this code and no stack, on the branch main; what is installed is this clone's."""
    made = folder / "gemini"
    made.mkdir()
    for path in (*COPIED, *(path.name for path in ROOT.glob("requirements*.txt"))):
        shutil.copy(ROOT / path, made)
    for name in FOLDERS:
        shutil.copytree(
            ROOT / name, made / name, symlinks=True, ignore=shutil.ignore_patterns(".venv", "__pycache__")
        )
    (made / "stacks").mkdir()
    shutil.copy(ROOT / "stacks" / "schema.json", made / "stacks")
    (made / ".sandbox").mkdir()
    for environment in (venv.PROGRAM, venv.POLICY_PACK):
        (made / environment.folder).symlink_to(ROOT / environment.folder)
        # `make setup` finds everything as the files want it, and installs nothing.
        (made / ".sandbox" / environment.stamp).write_text(venv._fingerprint(made, environment))
    git(made, "init", "--quiet", "--initial-branch=main")
    commit(made, "the code")
    return made


def git(folder: Path, *arguments: str) -> str:
    """Run git."""
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **GIT},
    ).stdout.strip()


def commit(folder: Path, message: str) -> str:
    """Commit all that is there."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


OF_MAKE: Final = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "ARGS")


def own_environment() -> dict[str, str]:
    """The environment without the options of the `make` that runs the tests."""
    return {name: each for name, each in os.environ.items() if name not in OF_MAKE}


@dataclass
class Ended:
    """A step or a job that was run."""

    code: int
    printed: str


@dataclass
class GitHub:
    """A runner of GitHub's."""

    folder: Path
    """The checked-out repository."""
    environment: Mapping[str, str]
    own: bool = True
    """False for the pull request of a fork."""
    files: Path = field(init=False)

    def __post_init__(self) -> None:
        self.files = self.folder.parent / "runner"
        (self.files / "bin").mkdir(parents=True, exist_ok=True)
        stub = self.files / "bin" / "gh"
        stub.write_text(GH)
        stub.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """What `gh` was asked."""
        path = self.files / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def summary(self) -> str:
        """The summary of all jobs."""
        return (self.files / "summary").read_text()

    def run(self, job: Mapping[str, Any], stack: str = "") -> dict[str, Ended]:
        """Run the scripts of a job at the commit that is checked out; returns those that ran, by name."""
        sha = git(self.folder, "rev-parse", "HEAD")
        (self.files / "newest").write_text(f"{sha}\n")
        (self.files / "path").write_text("")
        ended: dict[str, Ended] = {}
        failed = False
        for step in job["steps"]:
            if "run" not in step or not self._wanted(step.get("if", ""), failed=failed):
                continue
            script = self.files / "step.sh"
            script.write_text(step["run"])
            added = (self.files / "path").read_text().splitlines()
            variables = {
                name: self._resolved(str(value), stack)
                for name, value in {**job.get("env", {}), **step.get("env", {})}.items()
            }
            done = subprocess.run(
                ["bash", "-e", script],
                cwd=self.folder,
                env={
                    **own_environment(),
                    **self.environment,
                    **{name: value for name, value in variables.items() if value},
                    "PATH": os.pathsep.join(
                        [*reversed(added), str(self.files / "bin"), self.environment["PATH"]]
                    ),
                    "GITHUB_PATH": str(self.files / "path"),
                    "GITHUB_STEP_SUMMARY": str(self.files / "summary"),
                    "GITHUB_REPOSITORY": "acme/gemini",
                    "GITHUB_REF_NAME": "main",
                    "GITHUB_SHA": sha,
                    "GH_FOLDER": str(self.files),
                    "PIP_DRY_RUN": "1",
                },
                capture_output=True,
                text=True,
                check=False,
            )
            ended[step["name"]] = Ended(done.returncode, done.stdout + done.stderr)
            failed = failed or done.returncode != 0
        return ended

    def _wanted(self, condition: str, *, failed: bool) -> bool:
        if "env.OWN" in condition and not self.own:
            return False
        return failed if "failure()" in condition else "!cancelled()" in condition or not failed

    def _resolved(self, text: str, stack: str) -> str:
        values = {
            "matrix.stack": stack,
            "github.token": "ghs_of_this_job",
            "github.repository": "acme/gemini",
            "github.server_url": "https://github.example",
            "github.run_id": "1",
            "github.event.pull_request.number": "7",
            "github.event.pull_request.head.repo.full_name == github.repository && "
            "github.actor != 'dependabot[bot]'": str(self.own).lower(),
            "vars.PULUMI_BACKEND_URL": self.environment["PULUMI_BACKEND_URL"],
        }
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values[found[1]], text)


def gitlab_script(pipeline: Mapping[str, Any], name: str) -> Iterator[str]:
    """The lines of a job with those that it extends, before_script first."""
    job = _extended(pipeline, name)
    for line in [*job.get("before_script", []), *job["script"]]:
        if isinstance(line, list):  # a reference
            yield from pipeline[line[0]][line[1]]
        else:
            yield line


def gitlab_run(
    folder: Path, environment: Mapping[str, str], pipeline: Mapping[str, Any], name: str, **variables: str
) -> Ended:
    """Run a job of GitLab's as its runner does: all lines in one shell."""
    own = {key: str(value) for key, value in _extended(pipeline, name).get("variables", {}).items()}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(gitlab_script(pipeline, name))],
        cwd=folder,
        env={**own_environment(), **environment, **own, "PIP_DRY_RUN": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout + done.stderr)


def _extended(pipeline: Mapping[str, Any], name: str) -> dict[str, Any]:
    job = pipeline[name]
    base = _extended(pipeline, job["extends"]) if "extends" in job else {}
    return {**base, **job, "variables": {**base.get("variables", {}), **job.get("variables", {})}}
