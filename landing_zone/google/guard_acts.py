"""The acts of the guard at Google: lower limits, disable service accounts, unlink billing, and take each back.

Each is a state that is set, so that doing it again does no harm. What was there before is read first, and written down
by who calls this, before anything changes.
"""

from dataclasses import dataclass, field, replace

from landing_zone.google import guard_limits, quota_overrides
from landing_zone.google.errors import GoogleError
from landing_zone.google.quota_overrides import LimitError, ModelLimit
from landing_zone.google.rest import Google
from landing_zone.google.tiers import link_of, set_link
from landing_zone.guarding.policy import Policy
from landing_zone.guarding.record import Act, Held


class UnfinishedError(Exception):
    """A part of an act was refused, though Google allows such changes: the next run tries again."""


@dataclass(frozen=True)
class Plan:
    """An act with what it will change."""

    act: Act
    held: Held
    """What is held once it is carried out, all earlier acts included: to be written down first."""
    listed: tuple[ModelLimit, ...] = field(default=(), repr=False)
    accounts: tuple[str, ...] = ()
    """Service accounts to disable."""
    left: tuple[str, ...] = ()
    """What it cannot change, in words."""
    unread: tuple[str, ...] = ()
    """Why a part of what is there could not be read: the rest is carried out meanwhile."""


@dataclass(frozen=True)
class Outcome:
    """What became of an act."""

    held: Held
    left: tuple[str, ...]


@dataclass(frozen=True)
class Restored:
    """What became of what was held."""

    restored: int
    left: tuple[str, ...]
    rest: Held
    """What is still to be restored."""
    error: Exception | None = None
    """Why that is so."""


def plan(google: Google, policy: Policy, act: Act, held: Held) -> Plan:
    """Read what is there before an act. Raises as `Google.call`."""
    listed: tuple[ModelLimit, ...] = ()
    left: list[str] = []
    unread: list[str] = []
    closed: tuple[str, ...] = ()
    if act.does == "throttle" or (act.does == "stop" and act.by != "keys"):
        try:
            listed = tuple(quota_overrides.list_limits(google, policy.project))
        except GoogleError as error:
            unread.append(f"limits: {error}")
        if act.done:
            # Carried out before: what somebody changed since is left alone, and what was not there is lowered.
            known = {limit.place for limit in held.limits if limit.imposed}
            listed = tuple(limit for limit in listed if limit.place not in known)
        held = guard_limits.lowered(listed, held, act.to if act.does == "throttle" else None)
        left += guard_limits.not_lowered(listed, throttled=act.does == "throttle")
    if act.does == "stop" and act.by != "limits":
        accounts = dict.fromkeys(held.accounts)
        for email in policy.accounts:
            if act.done and email in accounts:
                continue  # as with limits; one of a key that came since is disabled
            try:
                enabled = _is_enabled(google, policy.project, email)
            except GoogleError as error:
                unread.append(f"{email}: {error}")
            else:
                left += [f"{email}: there is no such service account"] if enabled is None else []
                accounts |= {email: None} if enabled else {}
        closed = tuple(each for each in accounts if not act.done or each not in held.accounts)
        held = replace(held, accounts=tuple(accounts))
    if act.does == "unlink":
        held = replace(held, link=link_of(google, policy.project).account or held.link)
    return Plan(act, held, listed, closed, tuple(left), tuple(unread))


def carry_out(google: Google, project: str, planned: Plan) -> Outcome:
    """Carry an act out, or again; a part that fails keeps no other from being carried out.

    Raises:
        UnfinishedError: a part was not carried out, which may succeed later.
        CredentialsError: as `Google.call`.
    """
    act, held, left = planned.act, planned.held, [*planned.left]
    unfinished = [*planned.unread]
    for email in planned.accounts:
        try:
            _set_state(google, project, email, "disable")
        except GoogleError as error:
            unfinished.append(f"{email}: {error}")
    if planned.listed:
        try:
            held, refused, again = guard_limits.impose(google, project, planned.listed, held)
        except (LimitError, GoogleError) as error:
            unfinished.append(f"limits: {error}")
        else:
            left += refused
            unfinished += refused if again else []
    if act.does == "unlink" and held.link:
        try:
            set_link(google, project, "")
        except GoogleError as error:
            unfinished.append(f"billing link: {error}")
    if unfinished:
        raise UnfinishedError("; ".join(unfinished))
    return Outcome(held, tuple(left))


def restore(google: Google, project: str, held: Held) -> Restored:
    """Take back what is held: exactly what was there before, and nothing that somebody changed meanwhile.

    A part that fails keeps no other from being restored. Raises CredentialsError.
    """
    done, left, rest = 0, list[str](), Held()
    error: Exception | None = None
    for part, restored in (
        (Held(link=held.link), _restore_link),
        (Held(accounts=held.accounts), _restore_accounts),
        (Held(limits=held.limits), _restore_limits),
    ):
        try:
            found, unchanged = restored(google, project, part)
        except (LimitError, GoogleError) as refusal:
            error = error or refusal
            rest = Held(rest.limits or part.limits, rest.accounts or part.accounts, rest.link or part.link)
        else:
            done += found
            left += unchanged
    return Restored(done, tuple(left), rest, error)


def _restore_link(google: Google, project: str, held: Held) -> tuple[int, list[str]]:
    if not held.link:
        return 0, []
    linked = link_of(google, project).account
    if not linked:
        set_link(google, project, held.link)
        return 1, []
    return 0, [f"the project is linked to {linked} meanwhile, and stays so"] if linked != held.link else []


def _restore_accounts(google: Google, project: str, held: Held) -> tuple[int, list[str]]:
    states = {email: _is_enabled(google, project, email) for email in held.accounts}
    disabled = [email for email, enabled in states.items() if enabled is False]
    for email in disabled:
        _set_state(google, project, email, "enable")
    return len(disabled), [f"{email} is gone" for email, enabled in states.items() if enabled is None]


def _restore_limits(google: Google, project: str, held: Held) -> tuple[int, list[str]]:
    found = guard_limits.restore(google, project, held)
    return found.restored, [*found.left]


def _is_enabled(google: Google, project: str, email: str) -> bool | None:
    """Whether a service account is enabled; None if there is none."""
    try:
        found = google.call("iam", "GET", _account(project, email), project=project)
    except GoogleError as error:
        if error.code == 404:
            return None
        raise
    return not found.get("disabled", False)


def _set_state(google: Google, project: str, email: str, verb: str) -> None:
    google.call("iam", "POST", f"{_account(project, email)}:{verb}", project=project, repeatable=True)


def _account(project: str, email: str) -> str:
    return f"projects/{project}/serviceAccounts/{email}"
