"""Rules between an environment's own settings and its projects: above all, that names refer to something."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import SecretStr

from landing_zone.printing import listed, secret_in
from landing_zone.settings.alerting import ChannelSettings
from landing_zone.settings.examples import example_of
from landing_zone.settings.markers import channel_settings, keys_of_type
from landing_zone.settings.merge import budget_values
from landing_zone.settings.problems import Path, Problem, nearest
from landing_zone.settings.relations_budgets import budget_problems
from landing_zone.settings.relations_guard import guard_host_problems
from landing_zone.settings.values import items, repeated, value

_CHANNEL_NEEDS: Final = channel_settings(ChannelSettings)
SECRETS: Final = tuple(key for key in keys_of_type(ChannelSettings, SecretStr) if key != "url")
"""What stands encrypted in the file. A webhook's URL may have no token, and stand in plain text."""
_TOKEN_IN_URL: Final = re.compile(r"[?@]|/(?=[\w%.~=-]*[0-9])[\w%.~=-]{16,}")
"""A user, parameters, or a part of the path that nobody makes up: with these, whoever knows a URL may post to it."""
_Found = Iterator[Problem]


def shared_problems(values: Mapping[str, Any], projects: Mapping[str, Mapping[str, Any]]) -> _Found:
    """Mistakes in what belongs to no one project. `projects`: merged, by name. Paths start at the namespace."""
    yield from _channels(values)
    yield from _topics(values, projects)
    for name, merged in projects.items():
        yield from _named_channels(values, name, merged)
        if merged.get("forbidUnrestrictedKeys") is True and not (
            values.get("organization") or values.get("keyConstraint")
        ):
            yield Problem(
                ("projects", name, "forbidUnrestrictedKeys"),
                "the constraint is made in the organization, and none is named",
                "write gemini-landing-zone:organization: organizations/123456789012, or name an existing one: "
                "keyConstraint: custom.geminiRestrictedKeysProd",
            )
    yield from _shared_budgets(values, projects)
    yield from guard_host_problems(values, projects)
    if str(values.get("dashboard", "")).lower() == "true" and values.get("notificationProject") is None:
        yield _no_host(("dashboard",), "the environment's dashboard")
    if values.get("budgetChannels") and values.get("notificationProject") is None:
        yield _no_host(("budgetChannels",), "a channel of a budget")


def _channels(values: Mapping[str, Any]) -> _Found:
    channels = values.get("channels")
    for name, channel in channels.items() if isinstance(channels, Mapping) else ():
        kind = value(channel, "type") if isinstance(channel, Mapping) else None
        needs = _CHANNEL_NEEDS.get(kind) if isinstance(kind, str) else None
        if needs is None:
            continue
        must, may = needs
        for key in must:
            if channel.get(key) is None:
                yield Problem(
                    ("channels", name, key),
                    f"{key!r} is missing",
                    f"write {key}: {_example(name, key)} for {channel['type']}",
                )
        for key in channel:
            if (
                key != "type"
                and key not in (*must, *may)
                and any(key in (*a, *b) for a, b in _CHANNEL_NEEDS.values())
            ):
                yield Problem(
                    ("channels", name, key),
                    f"a channel of type {channel['type']} has no {key}",
                    f"write {', '.join((*must, *may))}",
                )
        if (channel.get("username") is None) != (channel.get("password") is None):
            yield Problem(
                ("channels", name),
                "a webhook has a username and a password, or neither",
                f"write username: gemini and password: {_example(name, 'password')}",
            )


def plain_secrets(values: Mapping[str, Any]) -> _Found:
    """Secrets that stand in the file for everybody to read. `values`: as the file has them."""
    channels = values.get("channels")
    for name, channel in channels.items() if isinstance(channels, Mapping) else ():
        for key in (*SECRETS, "url"):
            text = channel.get(key) if isinstance(channel, Mapping) else None
            if isinstance(text, str) and not secret_in(text) and (key != "url" or _TOKEN_IN_URL.search(text)):
                yield Problem(
                    ("channels", name, key),
                    "a secret stands here for everybody to read",
                    "take it out, then run "
                    f"pulumi config set --secret --path 'gemini-landing-zone:channels.{name}.{key}', and "
                    " have a new one made: this one is in the file's history",
                )


def _named_channels(values: Mapping[str, Any], name: str, merged: Mapping[str, Any]) -> _Found:
    known = values.get("channels")
    names = known if isinstance(known, Mapping) else {}
    for position, channel in enumerate(items(merged, "alerts", "channels")):
        if isinstance(channel, str) and not channel.startswith("projects/") and channel not in names:
            yield _unknown(
                ("projects", name, "alerts", "channels", position), "channel", channel, names, "channels"
            )


def _topics(values: Mapping[str, Any], projects: Mapping[str, Mapping[str, Any]]) -> _Found:
    topics = items(values, "topics")
    yield from repeated(("topics",), topics)
    known = {topic for topic in topics if isinstance(topic, str)}
    if topics and values.get("notificationProject") is None:
        yield _no_host(("topics",), "a topic")
    named: list[tuple[Path, Any]] = [
        (("projects", name, "budget", "topic"), value(merged, "budget", "topic"))
        for name, merged in projects.items()
    ]
    shared = values.get("sharedBudgets")
    for name, budget in shared.items() if isinstance(shared, Mapping) else ():
        named.append(
            (("sharedBudgets", name, "topic"), budget.get("topic") if isinstance(budget, Mapping) else None)
        )
    for path, topic in named:
        if isinstance(topic, str) and not topic.startswith("projects/") and topic not in known:
            yield _unknown(path, "topic", topic, topics, "topics")


def _shared_budgets(values: Mapping[str, Any], projects: Mapping[str, Mapping[str, Any]]) -> _Found:
    shared = values.get("sharedBudgets")
    for name, budget in shared.items() if isinstance(shared, Mapping) else ():
        if not isinstance(budget, Mapping):
            continue
        at: Path = ("sharedBudgets", str(name))
        emails = items(budget, "email")
        # A cap is a project's: that a shared budget has none is told where its type is checked.
        checked = {key: value for key, value in budget_values(budget).items() if key != "spendCap"}
        for problem in budget_problems(checked, emails, ("email",)):
            yield replace(problem, path=(*at, *problem.path))
        if emails and values.get("notificationProject") is None:
            yield _no_host((*at, "email"), "an e-mail channel of a shared budget")
        yield from _scope(at, budget, values, projects)


def _scope(
    at: Path, budget: Mapping[str, Any], values: Mapping[str, Any], projects: Mapping[str, Mapping[str, Any]]
) -> _Found:
    scopes = [key for key in ("projects", "ancestors", "subaccounts", "label") if budget.get(key)]
    if not scopes and budget.get("accountWide") is not True:
        yield Problem(
            at,
            "it would count all that the billing account pays for",
            "write projects: [chat], ancestors: [folders/987654321098], or accountWide: true if that is meant",
        )
    if scopes and budget.get("accountWide") is True:
        yield Problem(
            (*at, "accountWide"), f"it counts {scopes[0]} alone", f"leave accountWide or {scopes[0]} out"
        )
    account = budget.get("billingAccount", values.get("billingAccount"))
    if account is None:
        yield Problem(
            (*at, "billingAccount"),
            "a budget belongs to a billing account",
            "write billingAccount: 01A2B3-C4D5E6-F7A8B9 here or for the whole environment",
        )
    for position, name in enumerate(items(budget, "projects")):
        path = (*at, "projects", position)
        if not isinstance(name, str):
            continue
        if name not in projects:
            yield _unknown(path, "project", name, list(projects), "projects")
        elif account and projects[name].get("billingAccount") not in (None, account):
            yield Problem(
                path,
                f"another billing account pays for {name}: the budget would never count it",
                "make a shared budget for each billing account, with its billingAccount",
            )
    yield from repeated((*at, "projects"), items(budget, "projects"))
    if budget.get("projectRecipients") is True and len(items(budget, "projects")) != 1:
        yield Problem(
            (*at, "projectRecipients"),
            "Google mails owners for a budget of one project alone",
            "leave projectRecipients out, or name one project: projects: [chat]",
        )


def _example(channel: str, key: str) -> str:
    """A value of a channel's part, or how to set it if it is a secret."""
    if key in SECRETS:
        return f"with `pulumi config set --secret --path 'gemini-landing-zone:channels.{channel}.{key}'`"
    return example_of(key, ChannelSettings)


def _unknown(path: Path, what: str, name: str, known: Iterable[Any], where: str) -> Problem:
    names = [each for each in known if isinstance(each, str)]
    near = nearest(name, names)
    hint = f"did you mean {near!r}?" if near else f"write one of: {listed(names)}" if names else ""
    return Problem(
        path, f"there is no {what} {name!r} under {where}", hint or f"write it under {where} first"
    )


def _no_host(path: Path, what: str) -> Problem:
    return Problem(
        path,
        f"{what} needs a project to be in, and none is named",
        "write gemini-landing-zone:notificationProject: acme-seed, the id of a project that exists",
    )
