"""Machine-readable reports: JSON, SARIF 2.1.0 for code scanning, and JUnit XML for the test report of a CI.

SARIF: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final
from xml.etree import ElementTree

from landing_zone.policies.configuration import Level
from landing_zone.policies.facts import Subject
from landing_zone.policies.judge import ListedException, Report, Verdict
from landing_zone.policies.policy import Policy, Severity
from landing_zone.printing import in_lines, on_one_line
from landing_zone.settings.problems import path_text

SARIF_LEVELS: Final = {Level.MANDATORY: "error", Level.ADVISORY: "warning", Level.REMEDIATE: "note"}
COVERED: Final = {
    "all": "all was judged",
    "part": "not all was judged: some of it could not be read",
    "nothing": "nothing was judged: nothing could be read",
}
"""Coverage of a report -> text."""
_SECURITY: Final = {
    Severity.LOW: "2.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}
"""Scores by which code scanning sorts, from 0 to 10."""


@dataclass(frozen=True)
class Position:
    """File and line of a setting."""

    file: str = ""
    """Empty for what is in no file, such as live projects."""
    line: int | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    """Setting -> its key as written in the stack file."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


Locate = Callable[[Subject], Position]


def path_of(subject: Subject, at: Position | None = None) -> str:
    """Path of the subject in the stack file, as written there, or its name at Google."""
    key = at.keys.get(str(subject.path[0]), "") if at and subject.path else ""
    return path_text(subject.path, key) if subject.path else on_one_line(subject.name)


def as_json(report: Report, locate: Locate) -> dict[str, Any]:
    """The whole report as JSON."""
    return {
        "name": report.name,
        "asOf": report.day.isoformat(),
        "stops": report.stopping,
        "configuration": list(report.configuration),
        "environments": [
            {"name": each.environment, "why": each.why, "digest": each.digest} for each in report.environments
        ],
        "judged": [policy.id for policy in report.judged],
        "nothingSet": [policy.id for policy in report.idle],
        "verdicts": [_verdict(each, locate(each.finding.subject)) for each in report.verdicts],
        "exceptions": [each.as_json() for each in report.exceptions],
        "notBounded": [
            {"resource": each.subject.label, "why": each.why, "passes": [policy.id for policy in each.passed]}
            for each in report.remarks
        ],
        "coverage": report.coverage,
        "unread": list(report.unread),
    }


def _verdict(verdict: Verdict, at: Position) -> dict[str, Any]:
    finding, policy = verdict.finding, verdict.policy
    return {
        "policy": policy.id,
        "policies": [each.id for each in (policy, *verdict.also)],
        "severity": policy.severity.value,
        "state": verdict.state,
        "resource": finding.subject.label,
        "resources": [each.label for each in finding.subjects],
        "path": path_of(finding.subject, at),
        "file": at.file or None,
        "line": at.line,
        "message": finding.message if len(finding.subjects) == 1 and not verdict.also else finding.text,
        "remedy": finding.advice,
        "page": policy.page,
        "exception": _exception(verdict),
    }


def _exception(verdict: Verdict) -> dict[str, Any] | None:
    exempt = verdict.exempt
    return ListedException(verdict.policy, exempt, "in force").as_json() if exempt else None


def as_sarif(report: Report, locate: Locate, version: str) -> dict[str, Any]:
    """A SARIF log with one run. Exempt findings are suppressed, with the reason. `version`: of gemini-landing-zone."""
    index = {policy.id: position for position, policy in enumerate(report.judged)}
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "gemini-lz",
                        "semanticVersion": version,
                        "rules": [_rule(policy) for policy in report.judged],
                    }
                },
                "automationDetails": {"id": f"gemini-lz policy/{report.name}/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not report.unread,
                        "exitCodeDescription": COVERED[report.coverage],
                        "toolExecutionNotifications": [
                            *({"level": "error", "message": {"text": each}} for each in report.unread),
                            *({"level": "note", "message": {"text": str(each)}} for each in report.remarks),
                        ],
                    }
                ],
                "results": [
                    _result(each, index[each.policy.id], locate(each.finding.subject))
                    for each in report.verdicts
                ],
            }
        ],
    }


def _rule(policy: Policy) -> dict[str, Any]:
    help_text = f"{policy.remedy}\n\n{policy.page}"
    return {
        "id": policy.id,
        "shortDescription": {"text": policy.title},
        "fullDescription": {"text": " ".join(policy.reason.split())},
        "help": {"text": help_text, "markdown": help_text},
        "properties": {
            "security-severity": _SECURITY[policy.severity],
        },
    }


def _result(verdict: Verdict, rule: int, at: Position) -> dict[str, Any]:
    subject = verdict.finding.subject
    location = {
        "logicalLocations": [
            {"fullyQualifiedName": on_one_line(path_of(each, at)), "kind": "resource"}
            for each in verdict.finding.subjects
        ],
        # Code scanning shows only results with a file: without one, use the policy's page.
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(at.file or verdict.policy.page)},
            "region": {"startLine": at.line or 1},
        },
    }
    exempt = verdict.exempt
    justification = f"{exempt.owner}, until {exempt.expires}: {exempt.reason}" if exempt else ""
    suppressed = (
        [{"kind": "external", "status": "accepted", "justification": justification}] if exempt else []
    )
    return {
        "ruleId": verdict.policy.id,
        "ruleIndex": rule,
        "level": SARIF_LEVELS[verdict.level],
        "message": {"text": on_one_line(f"{verdict.finding.text}: {verdict.finding.advice}")},
        "locations": [location],
        # The fingerprint has no line: a finding that moves stays the same.
        "partialFingerprints": {"subject/v1": f"{verdict.policy.id}:{path_of(subject)}"},
        # On every result: a viewer takes a result without the property for one that was not reviewed.
        "suppressions": suppressed,
    }


def _uri(file: str) -> str:
    path = FilePath(file)
    return path.as_uri() if path.is_absolute() else path.as_posix()


def as_junit(report: Report, locate: Locate) -> bytes:
    """JUnit XML: a case per finding and per policy without one. A finding that stops `up` is a failure."""
    root = ElementTree.Element("testsuites", name="gemini-lz policy")
    cases = list(_cases(report, locate))
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=_xml(report.name),
        tests=str(len(cases)),
        failures=str(report.stopping),
        errors=str(len(report.unread)),
        skipped=str(sum(verdict.exempt is not None for verdict in report.verdicts)),
    )
    properties = ElementTree.SubElement(suite, "properties")
    ElementTree.SubElement(properties, "property", name="coverage", value=report.coverage)
    suite.extend(cases)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _cases(report: Report, locate: Locate) -> Iterator[ElementTree.Element]:
    for line in report.unread:
        case = ElementTree.Element("testcase", classname="unread", name=_xml(line.partition(": ")[0]))
        ElementTree.SubElement(case, "error", message=_xml(line))
        yield case
    for policy in report.judged:
        found = [verdict for verdict in report.verdicts if verdict.policy is policy]
        if not found and not any(policy in verdict.also for verdict in report.verdicts):
            case = ElementTree.Element("testcase", classname=policy.id, name=policy.title)
            if notes := [str(each) for each in report.remarks if policy in each.passed]:
                ElementTree.SubElement(case, "system-out").text = _xml("\n".join(notes))
            yield case
        for verdict in found:
            finding, subject = verdict.finding, verdict.finding.subject
            at, labels = locate(subject), ", ".join(each.label for each in finding.subjects)
            case = ElementTree.Element("testcase", classname=policy.id, name=_xml(labels))
            if at.file:
                case.set("file", _xml(at.file))
                case.set("line", str(at.line or 1))
            where = ": ".join(filter(None, (str(at), path_of(subject, at))))
            pages = "\n".join(each.page for each in (policy, *verdict.also))
            lines = (where, on_one_line(finding.text), on_one_line(finding.advice), pages)
            text = "\n".join(lines)
            if verdict.exempt:
                reason = f"exception until {verdict.exempt.expires}: {verdict.exempt.reason}"
                ElementTree.SubElement(case, "skipped", message=_xml(reason))
            elif verdict.stops:
                failure = ElementTree.SubElement(
                    case, "failure", type=policy.severity.value, message=_xml(finding.message)
                )
                failure.text = _xml(text)
            else:
                ElementTree.SubElement(case, "system-out").text = _xml(f"{verdict.state}: {text}")
            yield case


def _xml(text: str) -> str:
    """The text as all output has it, which leaves no character that XML does not allow but two."""
    return in_lines(text).replace("\ufffe", "").replace("\uffff", "")
