"""The environment in which Pulumi, gcloud, Terraform and Google's clients work on the sandbox."""

import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from sandbox.engine import Engine, search_path
from sandbox.engine.shims import GCP, LANGUAGE, install, without_logs
from sandbox.errors import PrerequisiteError
from sandbox.files import private_folder, write_atomically
from sandbox.gcloud import tools_environment
from sandbox.layout import ROOT, Layout
from sandbox.local_cloud import Ready

PASSPHRASE = "gemini-landing-zone"  # noqa: S105 public on purpose: the local cloud's keys open nothing
LOCAL_STATE = "local-cloud.txt"
"""A file in the backend's folder that marks the state as the local cloud's."""
PARALLEL = 64
"""Concurrent resource operations. They mostly wait for an API; Pulumi's default is 4 per core."""

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
            "Install it, in a shell without `make env`'s variables, with: "
            f"pulumi plugin install resource gcp {version('pulumi-gcp')}"
        )
    return provider


def command_path(engine: Engine, layout: Layout) -> dict[str, str]:
    """The variables with which a shell finds `gemini-lz` and the Pulumi CLI; they point at no cloud."""
    path, variables = [str(engine.directory), search_path()], {}
    if not engine.has_language_host:
        # On PATH, as the user's own Pulumi home has nothing of this project.
        path.insert(1, str(install(layout.state, LANGUAGE, engine.version, ROOT)))
        variables["PULUMI_LANGUAGE_PYTHON_EXEC"] = str(engine.program_runner)
    return {"PATH": _search_path(path), **variables}


def _search_path(path: list[str]) -> str:
    """The folders, each once, and last that of `gemini-lz`: the shell keeps its own Python."""
    folders = dict.fromkeys([*os.pathsep.join(path).split(os.pathsep), str(Path(sys.executable).parent)])
    return os.pathsep.join(folders)


def sandbox_environment(engine: Engine, layout: Layout, ready: Ready, provider: str) -> dict[str, str]:
    """The variables to add to the environment, for a running local cloud (`ready`) and its stack.

    Writes the files that they name: Pulumi's home with the stand-ins, the mark of the state, gcloud's configuration.
    """
    for folder in (layout.state, layout.backend):
        # Pulumi writes its state as the shell's umask has it: nobody else may enter the folders.
        private_folder(folder)
    write_atomically(layout.backend / LOCAL_STATE, "This state is of the local cloud: `make up` made it.\n")

    home = layout.pulumi_home(provider)
    path = [str(engine.directory), search_path()]
    variables = {}
    official = _official_plugin() if provider == "official" else None
    without_logs(home)
    installed = install(home, GCP, version("pulumi-gcp"), ROOT, official)
    if provider == "standin" and shutil.which(GCP, path=search_path()):
        path.insert(0, str(installed))  # a plugin on PATH takes precedence over installed ones
    if not engine.has_language_host:
        install(home, LANGUAGE, engine.version, ROOT)
        variables["PULUMI_LANGUAGE_PYTHON_EXEC"] = str(engine.program_runner)
    return {
        "PATH": _search_path(path),
        **variables,
        # The user's own selection of stacks, credentials and plugins are left alone.
        "PULUMI_HOME": str(home),
        # Without the metadata files beside the state, which a kill can leave half written.
        "PULUMI_BACKEND_URL": f"{layout.backend.as_uri()}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_PARALLEL": str(PARALLEL),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        **tools_environment(ready, layout.gcloud),
        # Tokens of an impersonated account would be requested from Google itself.
        "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "",
    }


def _official_plugin() -> Path | None:
    """The official gcp plugin that Pulumi would find: on PATH, or the SDK's version among the user's installed ones."""
    home = Path(os.environ.get("PULUMI_HOME") or "")
    if home == Path() or ".sandbox" in home.parts:  # a shell of `make env` keeps none of the user's
        home = Path.home() / ".pulumi"
    installed = home / "plugins" / f"resource-gcp-v{version('pulumi-gcp')}"
    found = shutil.which(GCP, path=os.pathsep.join([search_path(), str(installed)]))
    return Path(found) if found else None
