"""A state that has all that exists at Google gets what exists in the state alone, without a write call to Google.

A recovery adds what it finds at Google by natural names. What a preview would create or import after that is:

- components, and this project's own types that are nothing at Google (`Roster`, `ProjectExit`, `StackExit`): they are
  added with the inputs that the program gives them;
- what has a natural name that depends on what is imported: it is looked up as in a recovery;
- what a creation would leave as it is (APIs, members of policies, `TierCheck`), and what the program imports: it is
  added, and read, which drops from the state what does not exist;
- outputs, of the stack and of components: an update to which nothing is left but unchanged resources writes them.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from landing_zone.exported_state import resources_of
from landing_zone.operations.natural_names_alone import id_of, is_in_state_alone
from landing_zone.operations.planned import Planned, changes
from landing_zone.operations.progress import Progress
from landing_zone.operations.pulumi_cli import Cli, CliError, StoppedByUserError
from landing_zone.operations.recover import google_of, look_ups, refresh
from landing_zone.operations.state import with_found
from landing_zone.operations.world import World

_PASSES: Final = 6
"""Looks at the plan: what is imported, what depends on that, and what names both."""
_WITHOUT_CHECKPOINTS: Final = {"PULUMI_SKIP_CHECKPOINTS": "true"}


def settle(cli: Cli, progress: Progress) -> list[str]:
    """Bring into the state what exists in it alone; returns the URNs that a preview would still change.

    Makes no write call to Google. Raises CliError, LockedError, RecoveryError, StoppedByUserError.
    """
    return [each.urn for each in unsettled(cli, progress)]


def unsettled(cli: Cli, progress: Progress) -> list[Planned]:
    """As `settle`; returns what a preview would still do."""
    tried: set[str] = set()
    left: list[Planned] = []
    with TemporaryDirectory(prefix="gemini-lz-") as folder:
        saved = Path(folder, "plan.json")
        for _ in range(_PASSES):
            exported: dict[str, Any] = json.loads(cli.ask("stack", "export"))
            left = changes(cli, exported, saved)
            if not left:
                _write_outputs(cli, progress, saved)
                return []
            added = _added(exported, left, tried, _found(cli, exported, left, tried))
            if not added:
                return left
            cli.ask("stack", "import", text=json.dumps(added.exported))
            tried.update(added.ids)
            if added.at_google:
                refresh(cli, progress, added.at_google)
    return left


@dataclass(frozen=True)
class _Added:
    """A state to which was added what needs no look-up."""

    exported: Mapping[str, Any]
    ids: Mapping[str, str]
    """URN → id of what may exist."""
    at_google: Sequence[str]
    """The URNs of those that are to be read."""


def _found(
    cli: Cli, exported: Mapping[str, Any], plan: Sequence[Planned], tried: Collection[str]
) -> Mapping[str, str]:
    """URN → id of what has a natural name that a recovery could not know, as it depends on what is imported."""
    asked = [each for each in plan if each.op == "create" and each.is_custom and each.urn not in tried]
    asked = [each for each in asked if not each.is_provider and not id_of(each)]
    if not asked:
        return {}
    taken = {str(each.get("id", "")) for each in resources_of(exported)}
    return look_ups(World(google_of(cli), cli.project, cli.stack, taken=taken), asked, deletes=False).ids


def _added(
    exported: Mapping[str, Any],
    plan: Sequence[Planned],
    tried: Collection[str],
    found_by_name: Mapping[str, str],
) -> _Added | None:
    """The state with what can be added; None if that is nothing. `tried`: URNs that were read, and do not exist."""
    ids = {each.urn: found for each in plan if each.urn not in tried and (found := _id_in_state(each))}
    ids.update(found_by_name)
    renewed = {each.urn: each for each in plan if each.op == "update" and is_in_state_alone(each.type)}
    components = {each.urn: "" for each in plan if each.op == "create" and not each.is_custom}
    if not (ids or renewed or components):
        return None
    by_urn = {each.urn: each for each in plan}
    return _Added(
        with_found(_renewed(exported, renewed), by_urn, {**components, **ids}),
        ids,
        [urn for urn in ids if not is_in_state_alone(by_urn[urn].type)],
    )


def _id_in_state(each: Planned) -> str:
    """The id with which a resource can be added; empty if only an update can make it."""
    if each.op == "import":
        return each.existing
    return id_of(each) if each.op == "create" and each.is_custom and not each.is_provider else ""


def _renewed(exported: Mapping[str, Any], plan: Mapping[str, Planned]) -> dict[str, Any]:
    """The export in which what exists in the state alone has the program's inputs."""
    resources = [
        {**each, "inputs": found.inputs, "outputs": found.inputs}
        if (found := plan.get(each["urn"]))
        else each
        for each in resources_of(exported)
    ]
    return {**exported, "deployment": {**exported["deployment"], "resources": resources}}


def _write_outputs(cli: Cli, progress: Progress, plan: Path) -> None:
    """Let an update write the outputs. `plan`: that of a preview without changes, to which the update is held."""
    ended = cli.operate(
        *("up", "--yes", "--skip-preview", "--plan", str(plan)),
        on_event=progress.see_errors,
        variables=_WITHOUT_CHECKPOINTS,
    )
    if ended.stopped:
        raise StoppedByUserError
    if ended.code:
        raise CliError(f"the outputs of the stack cannot be written:\n{ended.output}".rstrip())
