"""The environment in which Pulumi, gcloud, Terraform and Google's clients work on the sandbox."""

import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from sandbox.cloud.endpoints import ACCESS_TOKEN, environment
from sandbox.engine import Engine, search_path
from sandbox.engine.shims import GCP, LANGUAGE, write_shims
from sandbox.errors import PrerequisiteError
from sandbox.files import write_atomically
from sandbox.layout import ROOT, Layout
from sandbox.local_cloud import Ready

PASSPHRASE = "gemini-landing-zone"  # noqa: S105 public on purpose: the local cloud's keys open nothing
PARALLEL = 64
"""Resource operations at once. They wait for an API rather than compute, and Pulumi's default is 4 a core."""

PROVIDERS = ("standin", "official")


def chosen_provider() -> str:
    """`standin` or `official`, from GCP_PROVIDER; the sandbox's default is the stand-in.

    Raises PrerequisiteError for another value, and for `official` when no official plugin is installed.
    """
    provider = os.environ.get("GCP_PROVIDER") or "standin"
    if provider not in PROVIDERS:
        raise PrerequisiteError(f"GCP_PROVIDER is {provider!r}; it can be {' or '.join(PROVIDERS)}.")
    if provider == "official" and not _official_plugin():
        raise PrerequisiteError(
            "GCP_PROVIDER=official, and the official gcp plugin is neither on PATH nor among Pulumi's plugins.\n"
            f"Install it with: pulumi plugin install resource gcp {version('pulumi-gcp')}"
        )
    return provider


def sandbox_environment(engine: Engine, layout: Layout, ready: Ready, provider: str) -> dict[str, str]:
    """The variables to add to the environment, for a running local cloud (`ready`) and its stack.

    Writes what they point at: the stand-ins' commands, gcloud's token file.
    """
    write_shims(layout.standins, ROOT)
    token_file = layout.gcloud / "access-token"
    write_atomically(token_file, ACCESS_TOKEN)
    layout.backend.mkdir(parents=True, exist_ok=True)

    path = [str(engine.directory), search_path()]
    variables = {}
    if provider == "standin":
        path.insert(0, str(layout.standins / GCP[0]))
    if not engine.has_language_host:
        path.insert(0, str(layout.standins / LANGUAGE[0]))
        variables["PULUMI_LANGUAGE_PYTHON_EXEC"] = str(engine.program_runner)
    # Last, for `gemini-lz`: the shell keeps its own Python. Once, however often the shell asks.
    folders = dict.fromkeys([*os.pathsep.join(path).split(os.pathsep), str(Path(sys.executable).parent)])
    return {
        "PATH": os.pathsep.join(folders),
        **variables,
        # Without the metadata files beside the state's, which a kill can leave half written.
        "PULUMI_BACKEND_URL": f"{layout.backend.as_uri()}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_PARALLEL": str(PARALLEL),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        **environment(ready),
        # An account to impersonate would be asked for at Google itself.
        "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "",
        "CLOUDSDK_CONFIG": str(layout.gcloud),
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token_file),
        "CLOUDSDK_CORE_PROJECT": "sandbox-seed",
    }


def _official_plugin() -> bool:
    """Whether Pulumi would find an official gcp plugin: on PATH, or the SDK's version among the installed ones."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    installed = home / "plugins" / f"resource-gcp-v{version('pulumi-gcp')}"
    return shutil.which(GCP[1], path=os.pathsep.join([search_path(), str(installed)])) is not None
