"""The preflight: all checks side by side, and whether each paid project is eligible for the paid tier."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.preflight import (
    accounts,
    adopted,
    guard,
    models,
    organization_policies,
    permissions,
    project_ids,
    seed,
    tiers,
)
from landing_zone.preflight.findings import Finding, Level
from landing_zone.preflight.subject import Subject

_AT_ONCE: Final = 16
"""Calls side by side."""
_ORDER: Final = (Level.ERROR, Level.WARNING, Level.NOTE)

_Check = Callable[[], Iterable[Finding]]


class _SeedDeniedError(Exception):
    """The caller may not let calls count against the seed project, so that Google refuses each of them."""


@dataclass(frozen=True)
class Eligibility:
    """Whether a paid project can be on the paid tier."""

    name: str
    project_id: str
    reasons: tuple[str, ...]
    """Why not; empty if it can."""
    tier: str | None
    """The tier whose limits Google applies, if the project is linked and the tier was read: `1`, `2`, `3`, `free` or
    `unknown`."""

    @property
    def is_eligible(self) -> bool:
        """True if nothing that can be seen stands in the way."""
        return not self.reasons

    def as_json(self) -> dict[str, Any]:
        """The eligibility as JSON."""
        return {
            "project": self.name,
            "projectId": self.project_id,
            "eligible": self.is_eligible,
            "reasons": list(self.reasons),
            "tier": self.tier,
            "inForce": None if self.tier is None else self.tier in ("1", "2", "3"),
        }


@dataclass(frozen=True)
class Report:
    """The result of a preflight."""

    subject: Subject
    findings: tuple[Finding, ...]
    """Errors first, then warnings; without notes."""
    notes: tuple[Finding, ...]
    eligibility: tuple[Eligibility, ...]
    """Of each paid project."""

    @property
    def errors(self) -> int:
        """Number of errors."""
        return sum(each.level is Level.ERROR for each in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The report as JSON."""
        file = self.subject.file
        return {
            "stack": self.subject.settings.stack,
            "ready": not self.errors,
            "findings": [each.as_json(file) for each in self.findings],
            "notes": [each.as_json(file) for each in self.notes],
            "paidTier": [each.as_json() for each in self.eligibility],
        }


def preflight(subject: Subject, *, existing: bool = True) -> Report:
    """Run all checks.

    Args:
        existing: also look into the projects of the stack that exist and are linked, with a call for each.

    Raises:
        NoAnswerError: Google does not answer.
        CredentialsError: there are no credentials.
        StoppedError: the user interrupted.
    """
    try:
        return _checked(subject, existing)
    except _SeedDeniedError:
        # Every call was refused for this one reason. Without the seed project, most show what else is wrong.
        denied = seed.denied(subject)
    try:
        return _checked(subject.without_seed(), existing, [denied])
    except _SeedDeniedError:
        # The credentials' own quota project is refused: there is no more to see.
        return _report(subject, [denied], ())


def _checked(subject: Subject, existing: bool, known: Sequence[Finding] = ()) -> Report:
    resources = list(permissions.resources(subject))
    wanted = {each.name: each for each in resources}
    nodes = organization_policies.nodes(subject)
    first: list[_Check] = [
        *(partial(permissions.check, subject, each) for each in resources),
        *(partial(accounts.check, subject, account) for account in subject.accounts),
        partial(seed.read, subject),
        partial(project_ids.check, subject),
        # Read side by side; the checks of the policies then find them read.
        *(
            partial(_read, subject, node, constraint)
            for node in nodes
            for constraint in organization_policies.constraints(node)
        ),
        *(partial(organization_policies.check, subject, node) for node in nodes),
        *(partial(organization_policies.check_custom, subject, node) for node in nodes),
        partial(organization_policies.check_host, subject),
        *(partial(adopted.check, subject, name) for name in subject.adopted),
        *(partial(adopted.check_cap, subject, name) for name in subject.paid),
        *(partial(guard.check, subject, name) for name, each in subject.paid.items() if each.guard),
        partial(models.check, subject),
    ]
    of_accounts = {account: wanted[f"billingAccounts/{account}"] for account in subject.accounts}
    of_projects = {name: wanted[f"projects/{each.project_id}"] for name, each in subject.adopted.items()}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = _run(pool, first, subject.disabled)
        linked = tiers.linked(subject) if existing else {}
        free = tiers.free(subject) if existing else []
        second: list[_Check] = [
            partial(seed.check, subject),
            partial(permissions.check_budgets, subject, of_accounts, of_projects),
            *(partial(tiers.check, subject, name) for name in linked if name in subject.paid),
            *(partial(tiers.check_free, subject, name) for name in free),
            *(partial(tiers.check_new, subject, account) for account in subject.accounts),
        ]
        found += _run(pool, second, subject.disabled)
    return _report(subject, [*known, *found], linked)


def _read(subject: Subject, node: organization_policies.Node, constraint: str) -> tuple[Finding, ...]:
    organization_policies.policy(subject, node.name, constraint)
    return ()


def _run(pool: ThreadPoolExecutor, checks: Iterable[_Check], disabled: set[str]) -> list[Finding]:
    return [finding for found in pool.map(partial(_guarded, disabled=disabled), checks) for finding in found]


def _guarded(check: _Check, disabled: set[str]) -> list[Finding]:
    """The findings of a check; a refusal by Google that it does not expect is one of them."""
    found: list[Finding] = []
    try:
        found.extend(check())
    except NoAnswerError:
        raise
    except GoogleError as error:
        if error.has_reason("USER_PROJECT_DENIED"):
            raise _SeedDeniedError from None
        if error.has_reason("SERVICE_DISABLED") and error.service:
            # The check of the seed project, which comes last, reports it.
            disabled.add(f"{error.service}.googleapis.com")
            return found
        # A warning: what the preflight alone asks must not stop an update.
        found.append(
            Finding(
                "refused",
                Level.WARNING,
                f"Google refused a call of the preflight: {error.text}",
                error.remedy,
            )
        )
    return found


def _report(subject: Subject, found: Iterable[Finding], linked: Iterable[str]) -> Report:
    once = list(dict.fromkeys(found))
    shown = sorted(
        (each for each in once if each.level is not Level.NOTE), key=lambda each: _ORDER.index(each.level)
    )
    notes = tuple(each for each in once if each.level is Level.NOTE)
    eligibility = tuple(
        Eligibility(
            name,
            project.project_id,
            tuple(each.text for each in shown if name in each.paid),
            tiers.in_force(subject, name) if name in linked else None,
        )
        for name, project in subject.paid.items()
    )
    return Report(subject, tuple(shown), notes, eligibility)
