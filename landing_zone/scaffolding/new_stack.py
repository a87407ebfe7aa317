"""A new stack file and what is known of it before it is written: money, and the verdicts of the policies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from landing_zone.policies.environments import Placement
from landing_zone.policies.facts_from_settings import facts_of
from landing_zone.policies.judge import Report as Judged
from landing_zone.policies.rulebook import Rulebook
from landing_zone.reports.environment_report import Report
from landing_zone.reports.summary import month_report
from landing_zone.scaffolding.answers import Answers
from landing_zone.scaffolding.stack_file import written
from landing_zone.settings import EnvironmentSettings, load_file
from landing_zone.settings.source import read_stack_file
from landing_zone.workspace import stack_path

_PROTECTION: Final = "protected"
"""The policy that decides whether projects of the environment may be deleted."""


@dataclass(frozen=True)
class NewStack:
    """The text of a stack file, and what it comes to."""

    text: str
    settings: EnvironmentSettings
    money: Report
    """Of the day's calendar month."""
    judged: Judged


def new_stack(
    answers: Answers,
    day: date,
    rules: Rulebook,
    pulumi_project: str,
    kept: Mapping[str, str],
) -> NewStack:
    """The stack file for some answers; its projects can be deleted where the policies do not ask for protection.

    `kept`: Pulumi's own keys of the file that it replaces. Raises AnswerError, ConfigurationError, SettingsError.
    """
    found = _assessed(answers, written(answers, day, protect=True, kept=kept), day, rules, pulumi_project)
    if _PROTECTION in {policy.id for policy in found.judged.judged}:
        return found
    return _assessed(answers, written(answers, day, protect=False, kept=kept), day, rules, pulumi_project)


def _assessed(answers: Answers, text: str, day: date, rules: Rulebook, pulumi_project: str) -> NewStack:
    with TemporaryDirectory() as folder:
        # Read as every command reads it.
        path = stack_path(Path(folder), answers.stack)
        path.write_text(text, encoding="utf-8")
        settings, source = load_file(answers.stack, path, day), read_stack_file(path)
    placement = Placement(rules.environments, rules.environments.of_stack("", pulumi_project, answers.stack))
    facts = facts_of(settings, day, rules.environments, source.gcp)
    stack_is = f"stack {'/'.join(filter(None, (pulumi_project, answers.stack)))}"
    judged = rules.judge(answers.stack, facts, placement, stack_is, values=source.values)
    return NewStack(text, settings, month_report(settings, day), judged)
