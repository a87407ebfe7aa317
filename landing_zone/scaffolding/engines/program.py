"""The program for Pulumi Deployments: templates beside this file, and the fleet as fleet.json."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePath
from typing import Any, Final

from landing_zone.scaffolding.engines.fleet import DRIFT_CRON, PULUMI, Member, Source

DATA: Final = "fleet.json"
_INSTALL: Final = (
    "python3 -m venv .venv",
    ".venv/bin/pip install --quiet --require-hashes --requirement requirements.txt",
    ".venv/bin/pip install --quiet --no-deps --no-build-isolation .",
)
"""As in docs/organization.md: the pinned packages by digest, then this project."""
_ENVIRONMENT: Final = {"PULUMI_PARALLEL": "512", "PULUMI_CONTINUE_ON_ERROR": "true"}
"""As `gemini-lz up` runs: operations wait for Google, and one project's failure stops no other."""


@dataclass(frozen=True)
class Cloud:
    """Pulumi Cloud, and who its deployments are at Google."""

    source: Source
    organization: str
    project: str
    """The Pulumi project."""
    identity_provider: str
    """The Workload Identity provider: projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/NAME."""
    account: str
    """Google's service account that deployments act as."""
    update_cron: str = ""
    """When stacks are updated without a commit; empty: never."""


def program_files(members: Sequence[Member], cloud: Cloud) -> dict[PurePath, str]:
    """The program's files, by their path in its folder."""
    folder = files("landing_zone.scaffolding").joinpath("engines", "deployments")
    names = sorted(each.name for each in folder.iterdir() if each.is_file())
    found = {PurePath(name): folder.joinpath(name).read_text(encoding="utf-8") for name in names}
    found[PurePath(DATA)] = f"{json.dumps(fleet(members, cloud), indent=2)}\n"
    return found


def fleet(members: Sequence[Member], cloud: Cloud) -> dict[str, Any]:
    """The contents of fleet.json."""
    _, number, _, _, _, pool, _, provider = cloud.identity_provider.split("/")
    return {
        "organization": cloud.organization,
        "project": cloud.project,
        "repository": cloud.source.repository,
        "branch": f"refs/heads/{cloud.source.branch}",
        "folder": cloud.source.folder or ".",
        "image": f"pulumi/pulumi:{PULUMI}",
        "google": {
            "projectNumber": number,
            "pool": pool,
            "provider": provider,
            "serviceAccount": cloud.account,
        },
        "environment": dict(_ENVIRONMENT),
        "install": [*_INSTALL],
        "driftCron": DRIFT_CRON,
        "updateCron": cloud.update_cron or None,
        "stacks": {
            each.name: {"after": [*each.after], "passphrase": each.by_passphrase(on_pulumi_cloud=True)}
            for each in members
        },
    }
