"""The files of a split: what moves stands in the new file with all that it needs, and the old one keeps the rest."""

from pathlib import Path

import pytest

from landing_zone.scaffolding.split_file import Part, Shared, SplitFile
from landing_zone.scaffolding.stack_text import EditError
from landing_zone.settings import SettingsError, load_file

PROJECT = "gemini-landing-zone"
TEXT = """\
# yaml-language-server: $schema=schema.json
# All of Acme.
config:
  gcp:disableGlobalProjectWarning: true # every resource names its project
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/333333333333
  gemini-landing-zone:organization: organizations/123456789012
  gemini-landing-zone:accountTerms:
    # What pays.
    01A2B3-C4D5E6-F7A8B9: {tier: 2}
    # What pays for search alone.
    0A1B2C-3D4E5F-6A7B8C: {tier: 1}
  # Mails of budgets.
  gemini-landing-zone:notificationProject: acme-seed
  gemini-landing-zone:topics: [spend, other]
  gemini-landing-zone:dashboard: true
  gemini-landing-zone:channels:
    desk: {type: email, address: desk@example.com}
    hook: {type: webhook, url: "https://hooks.example.com/x"}
  gemini-landing-zone:sharedBudgets:
    # Chat and its helper.
    pilot: {projects: [chat, helper], amount: 90, currency: USD, email: [finops@example.com], topic: other}
    all: {accountWide: true, amount: 900, currency: USD, topic: other}
  gemini-landing-zone:defaults:
    tier: paid
    budget: {currency: USD, topic: spend} # where dashboards read
  gemini-landing-zone:projects:
    # Asks.
    search:
      projectId: acme-search-prod
      billingAccount: 0A1B2C-3D4E5F-6A7B8C
      budget: {amount: 10}
    # Answers.
    chat:
      projectId: acme-chat-prod
      idSuffix: true
      # As agreed.
      budget: {amount: 20}
      alerts: {email: [oncall@example.com], channels: [hook]}
    helper: {projectId: acme-helper-prod, budget: {amount: 30}, forbidUnrestrictedKeys: true}
encryptionsalt: v1:abc
"""
CHANNEL = "projects/acme-seed/notificationChannels/1"
SHARED = Shared(
    {"oncall@example.com": CHANNEL, "finops@example.com": f"{CHANNEL}2"},
    ["spend"],
    "custom.geminiRestrictedKeysProd",
    dashboard=True,
)
PART = Part("prod-2", ("chat", "helper"))
MARK = "  gemini-landing-zone:split: {of: prod, into: {prod-2: [chat, helper]}}\n"


def marked() -> SplitFile:
    return SplitFile(SplitFile(TEXT, PROJECT).with_mark("prod", [PART], SHARED), PROJECT)


def test_the_marked_file_has_the_plan_and_names_what_several_use() -> None:
    text = SplitFile(TEXT, PROJECT).with_mark("prod", [PART], SHARED)
    assert MARK in text
    assert (
        "notificationProject: acme-seed\n"
        f"  gemini-landing-zone:budgetChannels: {{oncall@example.com: {CHANNEL}, finops@example.com: {CHANNEL}2}}\n"
        "  gemini-landing-zone:topics: [other]\n"
        "  gemini-landing-zone:channels:\n"
    ) in text
    assert "keyConstraint: custom.geminiRestrictedKeysProd\n" in text
    assert "budget: {currency: USD, topic: projects/acme-seed/topics/spend} # where dashboards read\n" in text
    mark = marked().mark
    assert mark
    assert (mark.source, mark.parts) == ("prod", (PART,))


def test_no_command_and_no_program_takes_a_marked_file(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(marked().of_part(PART, {"encryptionsalt": "v1:def"}))
    with pytest.raises(SettingsError) as error:
        load_file("prod", path)
    assert "a split of prod has begun, and has not ended" in str(error.value)
    assert "run gemini-lz fleet split prod" in str(error.value)


def test_the_new_file_has_what_moves_and_all_that_it_needs() -> None:
    part = SplitFile(marked().of_part(PART, {"encryptionsalt": "v1:def"}), PROJECT)
    assert part.mark
    assert (part.mark.source, part.mark.parts) == ("prod", ())
    assert (
        part.without_mark()
        == """\
# yaml-language-server: $schema=schema.json
# All of Acme.
config:
  gcp:disableGlobalProjectWarning: true # every resource names its project
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/333333333333
  gemini-landing-zone:organization: organizations/123456789012
  gemini-landing-zone:keyConstraint: custom.geminiRestrictedKeysProd
  gemini-landing-zone:accountTerms:
    # What pays.
    01A2B3-C4D5E6-F7A8B9: {tier: 2}
  # Mails of budgets.
  gemini-landing-zone:notificationProject: acme-seed
  gemini-landing-zone:budgetChannels: {oncall@example.com: CHANNEL, finops@example.com: CHANNEL2}
  gemini-landing-zone:channels:
    hook: {type: webhook, url: "https://hooks.example.com/x"}
  gemini-landing-zone:sharedBudgets:
    # Chat and its helper.
    pilot: {projects: [chat, helper], amount: 90, currency: USD, email: [finops@example.com], OTHER}
  gemini-landing-zone:defaults:
    tier: paid
    budget: {currency: USD, topic: projects/acme-seed/topics/spend} # where dashboards read
  gemini-landing-zone:projects:
    # Answers.
    chat:
      projectId: acme-chat-prod
      stackLabel: prod
      idSuffix: true
      # As agreed.
      budget: {amount: 20}
      alerts: {email: [oncall@example.com], channels: [hook]}
    helper: {projectId: acme-helper-prod, stackLabel: prod, budget: {amount: 30}, forbidUnrestrictedKeys: true}
encryptionsalt: v1:def
""".replace("CHANNEL", CHANNEL).replace(
            "OTHER", "topic: projects/acme-seed/topics/other, name: prod pilot Gemini API"
        )
    )


def test_the_old_file_keeps_the_rest() -> None:
    rest = marked().of_rest()
    gone = TEXT[TEXT.index("    # Answers.") : TEXT.index("encryptionsalt")]
    gone_budget = TEXT[TEXT.index("    # Chat and") : TEXT.index("    all:")]
    kept = (
        TEXT.replace(gone, "").replace(gone_budget, "").replace("  gemini-landing-zone:dashboard: true\n", "")
    )
    added = [line for line in rest.splitlines() if line not in kept.splitlines()]
    assert [line for line in kept.splitlines() if line not in rest.splitlines()] == [
        "  gemini-landing-zone:topics: [spend, other]",
        "    budget: {currency: USD, topic: spend} # where dashboards read",
    ]
    assert [line.strip().partition(":")[2].partition(":")[0] or line for line in added] == [
        "keyConstraint",
        "budgetChannels",
        "topics",
        " {currency",
    ]


def test_a_stack_that_was_split_before_keeps_its_first_label() -> None:
    text = TEXT.replace(
        "  gemini-landing-zone:dashboard: true\n", "  gemini-landing-zone:stackLabel: first\n"
    )
    before = SplitFile(SplitFile(text, PROJECT).with_mark("prod", [PART], Shared()), PROJECT)
    part = before.of_part(PART, {})
    assert part.count("stackLabel: first") == 2
    assert "name: first pilot Gemini API" in part
    assert "gemini-landing-zone:stackLabel" not in part


def test_keys_without_the_namespace_stay_so() -> None:
    text = TEXT.replace("gemini-landing-zone:", "")
    part = SplitFile(SplitFile(text, PROJECT).with_mark("prod", [PART], SHARED), PROJECT).of_part(PART, {})
    assert "gemini-landing-zone" not in part
    assert "\n  split: {of: prod}\n" in part
    assert "      stackLabel: prod\n" in part


def test_projects_in_one_text_are_refused() -> None:
    with pytest.raises(EditError, match="its projects are one text"):
        SplitFile("config:\n  gemini-landing-zone:projects: '{}'\n", PROJECT)
