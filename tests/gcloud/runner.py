"""gcloud, as a person runs it: one process a command, in the environment that `local-gcloud --env` prints."""

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

from sandbox.gcloud import tools_environment
from tests.cloud.local_cloud import LocalCloud

_SERVICES = (
    *("apikeys", "cloudbilling", "cloudfunctions", "cloudkms", "cloudquotas", "cloudresourcemanager"),
    *("cloudscheduler", "essentialcontacts", "generativelanguage", "iam", "iamcredentials", "logging"),
    *("monitoring", "orgpolicy", "pubsub", "run", "secretmanager", "serviceusage", "storage"),
)


class Gcloud:
    """gcloud on a local cloud; `project` is its default project, which has billing and every API of the local cloud."""

    def __init__(self, cloud: LocalCloud, project: str, account: str, folder: Path) -> None:
        self.cloud = cloud
        self.project = project
        self.folder = folder
        self.number = cloud.create_project(project, account=account)
        body = {"serviceIds": [f"{name}.googleapis.com" for name in _SERVICES]}
        cloud.call("serviceusage", "POST", f"v1/projects/{project}/services:batchEnable", body)
        self.environment = {
            # Neither the user's own settings nor another proxy.
            **{
                key: value
                for key, value in os.environ.items()
                if not key.startswith(("CLOUDSDK_", "GOOGLE_"))
            },
            **tools_environment(cloud.ready, folder / "gcloud"),
            "CLOUDSDK_CORE_PROJECT": project,
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "true",
        }

    def run(self, command: str, **files: str) -> subprocess.CompletedProcess[str]:
        """Run a command, with files of these texts in its folder; returns what it printed."""
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        return subprocess.run(
            ["gcloud", *shlex.split(command)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def text(self, command: str, **files: str) -> str:
        """What a command that must succeed prints."""
        ended = self.run(command, **files)
        assert ended.returncode == 0, f"gcloud {command}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout.strip()

    def json(self, command: str, **files: str) -> Any:
        """What a command that must succeed prints with `--format=json`, read."""
        return json.loads(self.text(f"{command} --format=json", **files) or "null")

    def refused(self, command: str, **files: str) -> str:
        """What a command that must fail, and not by a crash, complains of."""
        ended = self.run(command, **files)
        assert ended.returncode == 1, f"gcloud {command}\n{ended.stdout}\n{ended.stderr}"
        assert ended.stderr.lstrip().startswith("ERROR: (gcloud."), ended.stderr
        return ended.stderr
