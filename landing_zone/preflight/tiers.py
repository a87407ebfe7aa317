"""Tiers: whether Google applies the paid limits to linked projects, and what it allows of the file's limits."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from landing_zone.gemini.limits import LIMIT_NAMES, OTHERS
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.quotas import QUOTA_LIMITS
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.tiers import FREE, UNREADABLE, link_of, quota_infos, tier_in
from landing_zone.preflight import guard, project_ids
from landing_zone.preflight.findings import Finding, Level
from landing_zone.preflight.subject import Subject


def linked(subject: Subject) -> dict[str, str]:
    """Name → billing account of the stack's projects that are linked to one of its accounts. Raises NoAnswerError."""
    return {
        name: account
        for account in subject.accounts
        for links in [_links(subject, account)]
        for name, each in subject.settings.projects.items()
        if each.project_id in links
    }


def _links(subject: Subject, account: str) -> set[str]:
    """Ids of the projects that are linked to an account; none if Google refuses, as the check of accounts reports."""
    try:
        return subject.links(account)
    except NoAnswerError:
        raise
    except GoogleError:
        return set()


def in_force(subject: Subject, name: str) -> str:
    """The tier whose limits Google applies to a linked project: `free`, `1` to `3`; `unknown` if it cannot be read."""
    try:
        return tier_in(_quota_infos(subject, _id(subject, name)), linked=True)
    except GoogleError:
        return UNREADABLE


def free(subject: Subject) -> list[str]:
    """Names of the projects that the stack created and that are to be free. Raises NoAnswerError."""
    there = project_ids.seen(subject)
    return [
        name for name, each in subject.created.items() if each.tier == "free" and each.project_id in there
    ]


def free_but_linked(subject: Subject, name: str, account: str) -> Finding:
    """The finding that a project that is to be free is linked."""
    project_id = subject.settings.projects[name].project_id
    return Finding(
        "free-but-linked",
        Level.WARNING,
        f"{project_id} is to be free, and is linked to the billing account {account}: gemini-lz up unlinks it, and all "
        "in it that needs billing stops",
        "write tier: paid to keep it",
        path=subject.at("projects", name, "tier"),
    )


def check_free(subject: Subject, name: str) -> Iterator[Finding]:
    """Findings about a project of the stack that exists and is to be free. Raises GoogleError."""
    project_id = _id(subject, name)
    try:
        link = link_of(subject.google, project_id)
    except GoogleError as error:
        if error.hides:
            return
        raise
    if link.account:
        yield free_but_linked(subject, name, link.account)


def check_new(subject: Subject, account: str) -> Iterator[Finding]:
    """Findings about the limits of projects that are not linked yet.

    Projects of one billing account have the tier's limits in common, so those of one that is linked tell them: another
    of the stack, else the seed project. Raises GoogleError.
    """
    links = _links(subject, account)
    paid = {name: _id(subject, name) for name in subject.paid_of(account)}
    known = next((each for each in (*paid.values(), subject.seed or "") if each in links), None)
    new = [name for name, project_id in paid.items() if project_id not in links]
    if known is None or not any(subject.settings.projects[name].limits for name in new):
        return
    try:
        infos = _quota_infos(subject, known)
    except NoAnswerError:
        raise
    except GoogleError:
        return  # the Gemini API may be off in the seed project, or its quotas not the caller's to read
    tier = tier_in(infos, linked=True)
    if tier not in (FREE, UNREADABLE):
        for name in new:
            yield from _limits(subject, name, tier, infos)


def check(subject: Subject, name: str) -> Iterator[Finding]:
    """Findings about a paid project of the stack that is linked. Raises GoogleError."""
    project = subject.settings.projects[name]
    infos = _quota_infos(subject, project.project_id)
    tier = tier_in(infos, linked=True)
    if tier == FREE:
        yield Finding(
            "paid-not-in-force",
            Level.WARNING,
            f"{project.project_id} is linked, and Google still applies the limits of the free tier",
            "wait some minutes; then unlink it and link it again, for which time all in it that needs billing stops; "
            "or ask Google's support",
            f"gcloud billing projects unlink {project.project_id}\ngcloud billing projects link {project.project_id} "
            f"--billing-account={project.billing_account}",
            subject.at("projects", name, "tier"),
            (name,),
        )
    # What the guard lowered says nothing of what the tier allows.
    if tier not in (FREE, UNREADABLE) and not guard.acted(subject, name):
        yield from _limits(subject, name, tier, infos)


def _limits(subject: Subject, name: str, tier: str, listed: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Limits that Google lets nobody change, and limits above what the tier allows."""
    project = subject.settings.projects[name]
    infos = {info["quotaId"]: info for info in listed}
    for model, limits in project.limits.items():
        for limit in LIMIT_NAMES:
            value = limits.get(limit)
            if value is None:
                continue
            path = subject.at("projects", name, "limits", model, limit)
            # Limits are set on every tier's metrics, as Google moves an account up by itself.
            of_tiers = {
                each.tier: infos.get(each.quota_id) for each in QUOTA_LIMITS[limit] if each.tier != FREE
            }
            fixed = [info["quotaId"] for info in of_tiers.values() if info and info.get("isFixed")]
            info = of_tiers.get(tier)
            if fixed:
                yield Finding(
                    "limit-fixed",
                    Level.ERROR,
                    f"{limit} of {model}: Google allows no changes of {', '.join(fixed)}",
                    "remove the limit",
                    path=path,
                )
            elif info and model != OTHERS and (most := _allowed(info, model)) is not None and value > most:
                yield Finding(
                    "limit-above-tier",
                    Level.WARNING,
                    f"{limit} of {model} is {value:,}, and tier {tier} allows {most:,}: a limit only lowers, so "
                    f"{most:,} holds",
                    f"write {most}, or ask for more under quotas",
                    path=path,
                )


def _allowed(info: Mapping[str, Any], model: str) -> int | None:
    """What the tier allows of a model, or else of all that have no value of their own; None: no limit, or not known."""
    values = {
        each.get("dimensions", {}).get("model", ""): int(each.get("details", {}).get("value", "-1"))
        for each in info.get("dimensionsInfos", ())
    }
    value = values.get(QUOTA_NAMES.get(model, model), values.get("", -1))
    return value if value >= 0 else None


def _id(subject: Subject, name: str) -> str:
    return subject.settings.projects[name].project_id


def _quota_infos(subject: Subject, project_id: str) -> list[dict[str, Any]]:
    return subject.once(f"quotas {project_id}", lambda: quota_infos(subject.google, project_id))
