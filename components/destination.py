"""The destination of an update: cloud, billing accounts and state, as one log line, with warnings if they disagree."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pulumi

from landing_zone.google.config import ENDPOINTS, GoogleConfig
from landing_zone.google.connection import is_loopback
from landing_zone.printing import on_one_line
from landing_zone.settings import EnvironmentSettings
from landing_zone.workspace import UnreadableError, backend_url, find_project, without_secrets

LOCAL_STATE: Final = "local-cloud.txt"
"""The sandbox writes this file into the folder of its Pulumi state."""
LOCAL_PARENTS: Final = ("folders/987654321098", "organizations/123456789012")
"""The folder and organization of the local cloud. A stack file that names them is for the local cloud."""


@dataclass(frozen=True)
class Destination:
    """The cloud that gets a stack's resources, and the backend that keeps its state."""

    local: Mapping[str, str]
    """Services whose calls go to this machine → address."""
    others: tuple[str, ...]
    """Other hosts than Google's own that the configuration names."""
    accounts: tuple[str, ...]
    parents: tuple[str, ...]
    identity: str | None
    """The impersonated service account."""
    state: str | None
    """The backend's URL, without secrets."""
    state_is_local: bool
    """True if the state is that of the local cloud."""

    def line(self) -> str:
        """One line for the log."""
        accounts = f"billing account {', '.join(self.accounts)}" if self.accounts else "no billing account"
        identity = f", as {self.identity}" if self.identity else ""
        state = self.state or "the backend that pulumi login chose"
        return f"this goes to {self._cloud()}, {accounts}{identity}; state in {state}"

    def warnings(self) -> Iterator[str]:
        """Warnings about a cloud, parents and state that do not belong together."""
        elsewhere = self._elsewhere()
        if self.local and elsewhere:
            yield (
                f"part of this goes to the local cloud ({', '.join(sorted(self.local))}) and part to Google "
                f"({', '.join(elsewhere)}): set the variables of `make env` all, or none"
            )
        for_local = all(parent in LOCAL_PARENTS for parent in self.parents) and bool(self.parents)
        if self.local and not for_local:
            if self.parents:
                names = ", ".join(parent for parent in self.parents if parent not in LOCAL_PARENTS)
                yield (
                    f"this shell is for the local cloud, and the stack is not: {names} is at Google. Open a new shell "
                    f"for Google; to try the stack on the local cloud, write parent: {LOCAL_PARENTS[0]}"
                )
            elif not self.state_is_local:
                yield (
                    "this shell is for the local cloud, and the state is not: a refresh would look for its resources "
                    "in the local cloud and drop them from the state. Open a new shell, or run "
                    'eval "$(make -s env)" again'
                )
        if not self.local and (for_local or self.state_is_local):
            what = "the stack is for the local cloud" if for_local else "the state is the local cloud's"
            yield (
                f'{what}, and this goes to Google itself. For the local cloud run make up and eval "$(make -s env)"; '
                "for Google name your own parent and billing account, and run pulumi login with your own backend"
            )

    def _cloud(self) -> str:
        if not self.local:
            return " by ".join(["Google Cloud", *([", ".join(self.others)] if self.others else [])])
        hosts = dict.fromkeys(f"http://{urlsplit(url).netloc}" for url in self.local.values())
        return f"the local cloud at {', '.join(hosts)}{' and Google Cloud' if self._elsewhere() else ''}"

    def _elsewhere(self) -> list[str]:
        return sorted(set(_ASKED) - set(self.local))


_ASKED: Final = tuple(service for service, endpoint in ENDPOINTS.items() if endpoint.inputs)
"""The services whose endpoints both the gcp plugin and this project's own provider take from their configuration."""


def destination(
    settings: EnvironmentSettings, config: Mapping[str, str], environment: Mapping[str, str], folder: Path
) -> Destination:
    """The destination of a stack.

    `config`: the stack's configuration, full keys to text. `folder`: the folder of Pulumi.yaml.
    """
    google = google_config(config, environment)
    local = local_services(google)
    others = (
        urlsplit(google.endpoints[name]).netloc for name in _ASKED if name in {*google.endpoints} - {*local}
    )
    accounts = [
        *(project.billing_account for project in settings.projects.values()),
        *(budget.billing_account for budget in settings.shared_budgets.values()),
    ]
    try:
        url = backend_url(find_project(folder), environment)
    except UnreadableError:
        url = None  # the engine has its backend already: only the log line lacks it
    return Destination(
        local=local,
        others=tuple(dict.fromkeys(others)),
        accounts=tuple(dict.fromkeys(account for account in accounts if account)),
        parents=tuple(dict.fromkeys(each.parent for each in settings.projects.values() if each.parent)),
        identity=google.impersonated,
        state=without_secrets(url) if url else None,
        state_is_local=_holds_local_state(url, environment),
    )


def google_config(config: Mapping[str, str], environment: Mapping[str, str]) -> GoogleConfig:
    """The connection to Google that a stack's configuration and the environment make."""
    inputs = {key.removeprefix("gcp:"): text for key, text in config.items() if key.startswith("gcp:")}
    return GoogleConfig.read(inputs, environment)


def local_services(google: GoogleConfig) -> Mapping[str, str]:
    """Services whose calls go to this machine → address."""
    addresses = {name: google.address(name) for name in _ASKED}
    return {name: url for name, url in addresses.items() if is_loopback(urlsplit(url).hostname or "")}


def announce(settings: EnvironmentSettings, config: Mapping[str, str], folder: Path) -> None:
    """Log the destination, in each preview and update; the arguments are those of `destination`."""
    found = destination(settings, config, os.environ, folder)
    pulumi.log.info(on_one_line(found.line()))
    for warning in found.warnings():
        pulumi.log.warn(on_one_line(warning))


def _holds_local_state(url: str | None, environment: Mapping[str, str]) -> bool:
    parts = urlsplit(url or "")
    if parts.scheme == "gs":  # Pulumi's backend goes where this variable points
        return is_loopback(urlsplit(f"//{environment.get('STORAGE_EMULATOR_HOST', '')}").hostname or "")
    return parts.scheme == "file" and Path(url2pathname(parts.path), LOCAL_STATE).is_file()
