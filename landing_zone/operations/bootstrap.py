"""The bootstrap of an organization: the program in `bootstrap/`, whose state moves into the bucket that it creates.

Until the bucket exists, the state is in a folder beside the program. It has no secrets, so its passphrase is empty.
Once the bucket has the state, that counts: a run that was killed while it moved goes on with it.
"""

import json
import os
import shutil
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from landing_zone.exported_state import resources_of
from landing_zone.google.config import GoogleConfig
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.rest import Google, Json
from landing_zone.names import BOOTSTRAP_PROJECT, STACK_LABEL, stack_label
from landing_zone.operations.bootstrap_file import FOLDER
from landing_zone.operations.mark import read_mark
from landing_zone.operations.progress import Progress
from landing_zone.operations.pulumi_cli import Cli, Ended, LockedError
from landing_zone.operations.run import Options, make_way, preview, recover_now, refresh_now, run
from landing_zone.operations.state import interrupted
from landing_zone.preflight import bootstrap as preflight
from landing_zone.preflight.findings import Finding
from landing_zone.settings.bootstrap import BootstrapSettings
from landing_zone.workspace import Project

_LOCAL: Final = ".state"
"""The folder of the state until it moves; git ignores it."""
_PASSPHRASE: Final = {"PULUMI_CONFIG_PASSPHRASE": ""}
_INIT: Final = ("stack", "init", "--no-select", "--secrets-provider", "passphrase")

# Few resources: the state of each step costs less than the recovery of a run that was killed.
_OPTIONS: Final = Options(checkpoints=True)


class BootstrapError(Exception):
    """The bootstrap cannot begin, or its state cannot be moved; the message has the remedy."""


def open_google() -> Google:
    """A client with the caller's own credentials. Its calls count nowhere yet: there may be no seed project."""
    return Google(GoogleConfig.read({}, os.environ))


def organization_of(google: Google, parent: str) -> str:
    """The organization that a folder is in, or is. Raises BootstrapError, NoAnswerError, CredentialsError."""
    found = parent
    while found.startswith("folders/"):
        try:
            found = str(google.call("cloudresourcemanager.v3", "GET", found).get("parent", ""))
        except NoAnswerError:
            raise
        except GoogleError as error:
            raise BootstrapError(
                f"the organization of {parent} cannot be read: {error.with_remedy}. Have yourself granted "
                "roles/browser on it, or write --organization organizations/NUMBER"
            ) from None
    return found


class Bootstrap:
    """The bootstrap of one seed project."""

    def __init__(self, project: Project, settings: BootstrapSettings, google: Google) -> None:
        """`project`: the Pulumi project that has the stacks. Raises CliError: no CLI, or too old a one."""
        self.settings = settings
        self._google = google
        self._folder = project.folder / FOLDER
        self._local_state = self._folder / _LOCAL
        # Without the metadata files beside the state, which a kill can leave half written.
        self._local = self._cli(f"{self._local_state.absolute().as_uri()}?metadata=skip")
        self._remote = self._cli(settings.backend)
        self._exists = False
        """True if the seed project does."""
        self._is_moved = False
        self._is_begun = False
        """True if the bucket has the stack, also an empty one."""

    @property
    def where(self) -> str:
        """Where the state is now."""
        return self.settings.backend if self._is_moved else f"{FOLDER}/{_LOCAL}"

    def check(self) -> list[Finding]:
        """Look for what is in the way, before anything is made or written.

        Raises BootstrapError, NoAnswerError, CredentialsError.
        """
        self._exists = self._check_seed()
        self._is_begun = self._exists and self._is_stack_in_bucket()
        # A state that moves is that of a run that succeeded: its caller's roles may have been taken away.
        return [] if self._is_begun else preflight.check(self._google, self.settings, exists=self._exists)

    def prepare(self, progress: Progress) -> None:
        """Find the state, and take into it what a killed run left, or what exists of what is to be made.

        Call `check` before. Changes nothing at Google. Raises BootstrapError, RecoveryError, CliError, LockedError,
        StoppedByUserError.
        """
        # A stack that is there and empty is one that a killed run began to move.
        self._is_moved = self._is_begun and bool(resources_of(self._export(self._remote)))
        if not self._is_moved:
            self._local_state.mkdir(mode=0o700, exist_ok=True)
            if not self._has_stack():
                self._local.ask(*_INIT)
        exported = self._export(self._now)
        if not self._exists:
            return
        if read_mark(self._now) or interrupted(exported) or not resources_of(exported):
            # At first, so that the plan says what is created and what is there already.
            recover_now(self._now, progress, unlock=False)
        else:
            # What was changed by hand, such as a grant that was removed, is changed back.
            refresh_now(self._now, progress)

    def preview(self, progress: Progress) -> Ended:
        """Show what is to be done. Raises LockedError, CliError."""
        return preview(self._now, "up", _OPTIONS, progress)

    def run(self, progress: Progress) -> Ended:
        """Make it, and move the state into its bucket. Raises as `prepare`."""
        created = {} if self.settings.adopt else {self.settings.seed: None}
        ended = run(self._now, "up", created, _OPTIONS, progress)
        if ended.code == 0:
            self._move(progress)
        return ended

    def outputs(self) -> dict[str, Any]:
        """The outputs of the program."""
        found: dict[str, Any] = json.loads(self._now.ask("stack", "output", "--json"))
        return found

    @property
    def _now(self) -> Cli:
        return self._remote if self._is_moved else self._local

    def _cli(self, backend: str) -> Cli:
        return Cli(
            self._folder,
            BOOTSTRAP_PROJECT,
            self.settings.seed,
            {"PULUMI_BACKEND_URL": backend, **_PASSPHRASE},
        )

    def _check_seed(self) -> bool:
        """True if the seed project exists. Raises BootstrapError if it is not the one that the settings mean."""
        seed, adopt = self.settings.seed, self.settings.adopt
        found = self._read("cloudresourcemanager", f"projects/{seed}", absent=(403, 404))
        if found is None:
            if adopt:
                raise BootstrapError(
                    f"project {seed} does not exist, or you may not read it: leave --adopt out to create it, or have "
                    "yourself granted roles/owner on it"
                )
            return False
        if found.get("lifecycleState") != "ACTIVE":
            raise BootstrapError(
                f"project {seed} is being deleted, and Google keeps its id for 30 days: name another --seed, or take "
                f"it back (gcloud projects undelete {seed}) and write --adopt"
            )
        own = (found.get("labels") or {}).get(STACK_LABEL) == stack_label(BOOTSTRAP_PROJECT, seed)
        if own and adopt:
            raise BootstrapError(f"the bootstrap created project {seed} itself: write --no-adopt")
        if not own and not adopt:
            raise BootstrapError(
                f"project {seed} exists, and the bootstrap did not create it: write --adopt to use it and leave it as "
                "it is otherwise, or name another --seed"
            )
        if adopt and not self._is_linked():
            account = self.settings.billing_account or "ACCOUNT"
            raise BootstrapError(
                f"project {seed} has no billing account, which the bucket and the key need: run gcloud billing "
                f"projects link {seed} --billing-account={account}"
            )
        return True

    def _is_linked(self) -> bool:
        seed = self.settings.seed
        found = self._read("cloudbilling", f"projects/{seed}/billingInfo") or {}
        return bool(found.get("billingEnabled"))

    def _is_stack_in_bucket(self) -> bool:
        """True if the bucket exists and has the stack. Raises as `check`."""
        bucket, names = self.settings.bucket_name, self._state_files
        try:
            listed = self._read("storage", f"b/{bucket}/o", {"prefix": names[0]})
        except BootstrapError as error:
            raise BootstrapError(
                f"bucket {bucket} cannot be read: {error}. If it is somebody else's, write another --bucket; if it is "
                "yours, you need roles/storage.objectAdmin on it"
            ) from None
        return any(each["name"] in names for each in (listed or {}).get("items", ()))

    def _has_stack(self) -> bool:
        return any((self._local_state / name).exists() for name in self._state_files)

    @property
    def _state_files(self) -> list[str]:
        """The names that Pulumi gives the file of the stack; beside it are backups, which are no stack."""
        stack = f".pulumi/stacks/{BOOTSTRAP_PROJECT}/{self.settings.seed}.json"
        return [stack, f"{stack}.gz", f"{stack}.zst"]

    def _move(self, progress: Progress) -> None:
        """Move the state into the bucket. Killed at any moment, the next run moves it again, or finds it there."""
        if not self._is_moved:
            exported = self._export(self._local)
            if not self._is_begun:
                self._remote.ask(*_INIT)
            self._import(exported, progress)
            if _ids(self._export(self._remote)) != _ids(exported):
                raise BootstrapError(
                    f"the state in {self.settings.backend} is not the one that was moved there: run the command again"
                )
            self._is_moved = True
            progress.say(f"moved the state of the bootstrap to {self.settings.backend}")
        shutil.rmtree(self._local_state, ignore_errors=True)

    def _import(self, exported: Mapping[str, Any], progress: Progress) -> None:
        while True:
            try:
                self._remote.ask("stack", "import", text=json.dumps(exported))
                return
            except LockedError as error:
                make_way(self._remote, error, progress)

    def _export(self, cli: Cli) -> dict[str, Any]:
        exported: dict[str, Any] = json.loads(cli.ask("stack", "export"))
        return exported

    def _read(
        self,
        service: str,
        path: str,
        query: Mapping[str, str] | None = None,
        absent: tuple[int, ...] = (404,),
    ) -> Json | None:
        """A resource; None if there is none. Raises as `check`."""
        try:
            return self._google.call(service, "GET", quote(path, safe="/"), query=query)
        except NoAnswerError:
            raise
        except GoogleError as error:
            if error.code in absent or error.has_reason("SERVICE_DISABLED"):
                return None
            raise BootstrapError(error.with_remedy) from None


def _ids(exported: Mapping[str, Any]) -> dict[str, str]:
    return {each["urn"]: str(each.get("id", "")) for each in resources_of(exported)}
