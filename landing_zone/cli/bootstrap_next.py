"""The end of `gemini-lz bootstrap`: what to mind, and the commands to go on with."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from landing_zone.google.config import GoogleConfig
from landing_zone.google.connection import address_of, is_loopback
from landing_zone.operations.bootstrap_file import FOLDER
from landing_zone.settings.bootstrap import BootstrapSettings
from landing_zone.workspace import Project


def local_cloud() -> str:
    """The local cloud's `host:port`, if that is where calls go; empty for Google."""
    address = GoogleConfig.read({}, os.environ).endpoints.get("cloudresourcemanager", "")
    return address_of(address) if is_loopback(urlsplit(address).hostname or "") else ""


def notes(
    settings: BootstrapSettings, outputs: Mapping[str, Any], project: Project, *, written: bool
) -> list[str]:
    """What to mind. `project`: Pulumi.yaml as it was before; `written`: it names the bucket now."""
    found = [f"commit {FOLDER}/Pulumi.{settings.seed}.yaml: the next run reads its settings there"]
    if written:
        found.append(f"Pulumi.yaml names the backend {settings.backend} now: commit it too")
    elif project.backend not in (None, settings.backend):
        found.append(
            f"Pulumi.yaml names another backend, {project.backend}: stacks stay there; for the bucket, write "
            f"{settings.backend}"
        )
    if os.environ.get("PULUMI_BACKEND_URL", settings.backend) != settings.backend:
        found.append(
            f"this shell's PULUMI_BACKEND_URL has precedence over Pulumi.yaml: unset it, so that stacks have their "
            f"state in {settings.backend}"
        )
    if "runner" in outputs and not settings.operators:
        found.append(
            f"warning: no person may act as {outputs['runner']}: name those who may with --operators group:ADDRESS or "
            "user:ADDRESS"
        )
    if not settings.parent:
        found.append(
            "not made, as there is no --parent: an account that runs stacks, with its roles, and CI's access. Run "
            "stacks as yourself"
        )
    if local_cloud():
        found.append(
            "on the local cloud nobody logs in, and stacks have no --secrets-provider: Pulumi asks Google itself for "
            "gcpkms:// keys"
        )
    return found


def steps(settings: BootstrapSettings, outputs: Mapping[str, Any]) -> list[str]:
    """The commands to go on with."""
    runner = outputs.get("runner")
    found, key = [], ""
    if not local_cloud():
        if runner and not settings.operators:
            found.append(
                f"gemini-lz bootstrap --seed {settings.seed} --operators user:$(gcloud config get account)"
            )
        as_runner = f" --impersonate-service-account={runner}" if runner else ""
        found.append(f"gcloud auth application-default login{as_runner}")
        key = f" --secrets-provider {settings.secrets_provider}"
    account = f" --account {settings.billing_account}" if settings.billing_account else ""
    found += [
        f"gemini-lz new live{account} --folder {settings.parent or 'none'} --seed {settings.seed}{key}",
        "gemini-lz preflight live",
        "gemini-lz up live",
    ]
    previewer = f" --preview-service-account {outputs['previewer']}" if "previewer" in outputs else ""
    found += [
        f"gemini-lz ci {forge} --stack live --workload-identity-provider {outputs[f'{forge}Provider']} "
        f"--runner-service-account {runner}{previewer}"
        for forge in ("github", "gitlab")
        if f"{forge}Provider" in outputs
    ]
    return found
