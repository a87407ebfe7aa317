"""The text of a new stack file, in the form in which Pulumi writes it anew when it adds a key of its own."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import yaml

from landing_zone.gemini.prices import QUERIES_A_REQUEST
from landing_zone.pricing.money import plain
from landing_zone.scaffolding import sizing
from landing_zone.scaffolding.answers import Answers

_PULUMI_KEYS: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")
_HEAD: Final = """\
# yaml-language-server: $schema=schema.json
# Written by `gemini-lz new` on {day}. Put in what is right for you: docs/settings.md has every setting.
"""
CONFIG: Final = """\
config:
  gcp:disableGlobalProjectWarning: "true" # every resource names its project
  gcp:batching: {enableBatching: true, sendAfter: 50ms} # else three waits of 3 s for a project's APIs
  gcp:pollInterval: 1s # else 10 s for each operation of Google's that is not done at once
"""
"""How a stack file's `config` begins: with the keys of the gcp provider."""
_SEED: Final = """\
  # The calls are counted on the seed project, which exists already (docs/organization.md).
  gcp:userProjectOverride: "true"
  gcp:billingProject: {seed}
"""
_NOTIFICATIONS: Final = """\
  # Exists already, and holds what budgets mail through.
  gemini-landing-zone:notificationProject: {seed}
"""
_RATE: Final = """\
  # A US dollar in {currency}: Google's prices are in dollars. Write a new rate when it has moved.
  gemini-landing-zone:accountTerms:
    {account}: {{usdRate: {rate}}}
"""
_PROTECTED: Final = """\
    # Projects stay: taking one out is refused until both lines are changed (docs/settings.md, How a project leaves).
    deletionPolicy: PREVENT
    protect: true
"""
_DELETED: Final = """\
    # A project that is taken out of this file is deleted; PREVENT and protect: true keep it.
    deletionPolicy: DELETE
"""
_BUDGET: Final = """\
    budget:
      currency: {currency}
      thresholds: [0.5, 0.8, 1, {{forecast: 1}}]
      # At the amount Google pauses the Gemini API in the project, some hours late; the limits hold at once.
      spendCap: true
    alerts:
      email: {emails}
"""
_GUARD: Final = """\
    # A function in the seed project lowers the limits at 80 % of the amount and stops the project at 100 %, within
    # minutes (docs/guard.md).
    guard: true
    # Google Search and Maps are counted with each request until they are billed. Write how many queries yours make.
    searchesPerRequest: 0
"""
_PROJECTS: Final = """\
  gemini-landing-zone:projects:
"""
_TEAM: Final = """\
    {name}:
      # Of its own in all of Google Cloud, and gone for ever once used.
      projectId: {project_id}
      # The billing export has them; take the cost centre that accounting knows.
      labels: {{owner: {name}, cost-centre: {name}}}
      keys:
        # One for each program. Without other methods nothing is spent that no limit counts, such as the Batch API.
        backend: {{allowedIps: {allowed_ips}, methods: [generate, countTokens]}}
      budget: {{amount: {amount}}}
      limits:
        # The largest limits with which nobody can spend more than this in any 24 hours. All other models are denied.
        derive: {{maxOvershoot: {overshoot}, lag: 24h}}
      # The plan, about 70 % of the budget; write your own. `validate` says what maxOvershoot another plan needs.
      workload:
        - model: {model}
          requestsPerDay: {per_day}
          inputTokens: {input_tokens}
          outputTokens: {output_tokens}
          thinkingTokens: {thinking_tokens}
"""


def written(answers: Answers, day: date, *, protect: bool, kept: Mapping[str, str] | None = None) -> str:
    """The file's text, with limits that fit the plan at the day's prices.

    `protect`: projects cannot be deleted. `kept`: Pulumi's own keys of the file that this one replaces.
    Raises AnswerError.
    """
    return "".join(_parts(answers, day, protect=protect, kept=kept or {}))


def pulumi_keys(path: Path) -> dict[str, str]:
    """What encrypts the secrets of a stack whose file is there: without it nobody can read its state any more."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = (re.match(rf"({'|'.join(_PULUMI_KEYS)}):\s*(\S.*)", line) for line in lines)
    return {each[1]: each[2] for each in found if each}


def _parts(answers: Answers, day: date, *, protect: bool, kept: Mapping[str, str]) -> Iterator[str]:
    yield _HEAD.format(day=day) + CONFIG
    seed = _flow(answers.seed)
    if answers.seed:
        yield _SEED.format(seed=seed)
    yield f"  gemini-landing-zone:billingAccount: {_flow(answers.account)}\n"
    if answers.parent:
        yield f"  gemini-landing-zone:parent: {_flow(answers.parent)}\n"
    if answers.usd_rate is not None:
        yield _RATE.format(
            currency=answers.currency, account=_flow(answers.account), rate=plain(answers.usd_rate)
        )
    if answers.seed:
        yield _NOTIFICATIONS.format(seed=seed)
    environment = _flow(answers.suffix_of_ids[:63])
    yield f"  gemini-landing-zone:labels:\n    environment: {environment}\n"
    yield "  gemini-landing-zone:defaults:\n    tier: paid\n"
    yield _PROTECTED if protect else _DELETED
    yield _BUDGET.format(currency=answers.currency, emails=_flow([*answers.emails]))
    yield _GUARD if answers.guard else ""
    yield _PROJECTS
    first, *others = (_team(answers, name, amount, day) for name, amount in answers.teams.items())
    yield first
    # Explained once.
    yield from (re.sub(r"^ *# .*\n", "", each, flags=re.MULTILINE) for each in others)
    pulumi = {
        **({"secretsprovider": _flow(answers.secrets_provider)} if answers.secrets_provider else {}),
        **kept,
    }
    yield from (f"{key}: {value}\n" for key, value in pulumi.items())


def _team(answers: Answers, name: str, amount: Decimal, day: date) -> str:
    plan = sizing.sized(amount, answers.terms, day, 0 if answers.guard else QUERIES_A_REQUEST)
    return _TEAM.format(
        name=_flow(name),
        project_id=answers.project_id(name),
        allowed_ips=_flow([*answers.allowed_ips]),
        amount=plain(amount),
        overshoot=plain(plan.max_overshoot),
        model=plan.model,
        per_day=plain(plan.requests_per_day),
        input_tokens=sizing.INPUT_TOKENS,
        output_tokens=sizing.OUTPUT_TOKENS,
        thinking_tokens=sizing.THINKING_TOKENS,
    )


def _flow(value: Any) -> str:
    """A value as YAML on one line, in quotes where it needs them."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")
