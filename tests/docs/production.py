"""The stack `prod` of this repository on a local cloud, under its policies, to run a page's commands in."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from sandbox.engine import Engine
from sandbox.layout import ROOT
from tests.lifecycle.policies.judged import PACK, pack_on_a_day
from tests.workspace import Cloud, Workspace, redact

SEED = "sandbox-seed"
"""Stands for the page's `acme-gemini-seed`."""
_NUMBER = "123456789012"
"""Every project's, on a page."""
_FOLDER = "folders/987654321098"
_LEGACY = "acme-support-legacy"


def local_pack(folder: Path) -> Path:
    """The policy pack as the repository has it, whose owners name the local cloud's seed project."""
    pack = pack_on_a_day(folder)
    shutil.rmtree(pack / "config")
    shutil.copytree(PACK / "config", pack / "config")
    owners = pack / "config" / "environments.json"
    owners.write_text(owners.read_text().replace("acme-gemini-seed", SEED))
    return pack


class Production:
    """The stack `prod`, updated once; the pack's day is one of the tests."""

    def __init__(self, folder: Path, engine: Engine, cloud: Cloud) -> None:
        self.cloud = cloud
        self._workspace = Workspace(folder, engine, cloud)
        self._program = self._workspace.layout.program
        self.file = self._program / "stacks" / "Pulumi.prod.yaml"
        local_pack(self._program / "policy")
        text = (ROOT / "stacks" / "Pulumi.prod.yaml").read_text()
        self.file.write_text(text.replace("acme-gemini-seed", SEED).replace("folders/333333333333", _FOLDER))
        # It was there before the stack.
        parent = {"type": "folder", "id": _FOLDER.removeprefix("folders/")}
        body = {"projectId": _LEGACY, "name": "Support", "parent": parent}
        cloud.call("POST", "/cloudresourcemanager/v1/projects", body)
        link = {"billingAccountName": "billingAccounts/01A2B3-C4D5E6-F7A8B9"}
        cloud.call("PUT", f"/cloudbilling/v1/projects/{_LEGACY}/billingInfo", link)
        self.run("pulumi stack select --create prod")
        self.run("pulumi up --stack prod --policy-pack policy --skip-preview")

    def run(self, command: str, code: int = 0) -> str:
        """Run a page's command in a shell and return what it prints, API keys taken out; it must end with `code`."""
        shell = command.replace("pulumi up", "pulumi up --yes").replace("acme-gemini-seed", SEED)
        given = {**os.environ, **self._workspace.environment}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", shell],
            cwd=self._program,
            # As wide as it is when nobody says how wide: a parallel test run says 80.
            env={name: value for name, value in given.items() if name != "COLUMNS"},
            capture_output=True,
            text=True,
            check=False,
        )
        printed = redact(done.stdout + done.stderr).replace(SEED, "acme-gemini-seed")
        # Projects are numbered in the order in which they are made.
        printed = re.sub(r"\b1000\d{8}\b", _NUMBER, printed)
        assert done.returncode == code, f"{shell}\n{printed}"
        return printed

    def edit(self, old: str, new: str) -> None:
        """Change the stack file in one place."""
        text = self.file.read_text()
        assert text.count(old) == 1, old
        self.file.write_text(text.replace(old, new))


class Page:
    """A page's blocks, taken one after the other."""

    def __init__(self, name: str) -> None:
        found = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "docs" / name).read_text(), re.DOTALL)
        self._blocks = iter(found)

    def take(self, language: str) -> str:
        """The next block, which must be of the language."""
        kind, text = next(self._blocks)
        assert kind == language, text
        return str(text)

    def command(self) -> str:
        """The next block, which must be commands."""
        return self.take("sh")

    def shown(self) -> tuple[str, str]:
        """The command of the next block, and what the page says that it prints."""
        command, _, printed = self.take("console").partition("\n")
        return command.removeprefix("$ "), printed

    def is_done(self) -> bool:
        """True if every block was used."""
        return next(self._blocks, None) is None
