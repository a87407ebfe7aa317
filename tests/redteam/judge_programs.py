"""Run by the pack's own Python: a program on each line of standard input, judged as the pack judges it at the end of a
preview and at the end of an update → its violations and worst cases, as a line of JSON."""

import json
import sys
from datetime import date, timedelta
from typing import Any

from gemini_policies.declared import Resource
from gemini_policies.environment import RULES
from gemini_policies.facts_from_resources import facts_of
from gemini_policies.values import plain
from landing_zone.policies.environments import Placement
from landing_zone.policies.facts import Facts
from landing_zone.policies.worst_case import not_bounded, worst_case

DAY, LAG = date.fromisoformat(sys.argv[1]), timedelta(minutes=int(sys.argv[2]))


def resource(values: dict[str, Any]) -> Resource:
    """One resource; its values have Pulumi's sign for what is not known."""
    return Resource(**{**values, "props": plain(values["props"]), "given": plain(values["given"])})


def bounds(facts: Facts) -> dict[str, str | None]:
    """Each reference to a paid project → the most that it can cost in the window; None if nothing bounds it."""
    found: dict[str, str | None] = {}
    for project in facts.paid():
        most = worst_case(project, DAY, LAG)
        bound = None if most is None or not_bounded(facts, project) else str(most.amount)
        found |= dict.fromkeys(project.ids, bound)
    return found


def judged(resources: list[dict[str, Any]], pulumi_project: str, stack: str) -> dict[str, Any]:
    """The mandatory violations, and the worst cases."""
    facts = facts_of(map(resource, resources), DAY, {}, RULES.environments)
    own = RULES.environments.of_stack("organization", pulumi_project, stack)
    report = RULES.judge(stack, facts, Placement(RULES.environments, own, facts.folders), stack)
    stopping = [verdict for verdict in report.verdicts if verdict.stops]
    return {
        "violations": sorted(
            {(each.policy.id, each.policy.scope.value, each.finding.subject.label) for each in stopping}
        ),
        "bounds": bounds(facts),
    }


for line in sys.stdin:
    program = json.loads(line)
    found = [judged(stage, program["project"], program["stack"]) for stage in program["stages"]]
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
