"""What a preview prints for the changes that people make: golden, and short."""

import re
from pathlib import Path

from tests.golden import compare
from tests.lifecycle.test_lifecycle import STACK_FILE, edited
from tests.workspace import STACK, Workspace

GOLDEN = Path(__file__).parent / "golden"
MOST_LINES = 25
"""Besides the engine's own: a line a resource, its heading and its summary."""
STEP = re.compile(r" [+~-]")

NEW = """\
    search:
      projectId: acme-search-sbx
      tier: paid
      keys: {indexer: {allowedIps: [203.0.113.64/26], methods: [generate]}}
      budget: {amount: 50}
      limits: {gemini-3.5-flash-lite: {requestsPerMinute: 10, inputTokensPerMinute: 20000}, others: deny}
    batch:
"""
PLAYGROUND = STACK_FILE[STACK_FILE.index("    playground:") : STACK_FILE.index("    chat:")]
CHANGES = {
    "two-numbers": edited(
        ("amount: 1200.50", "amount: 1300.50"), ("requestsPerDay: 10000", "requestsPerDay: 12000")
    ),
    "project-added": edited(("    batch:\n", NEW)),
    "project-removed": edited((PLAYGROUND, "")),
    "paid-to-free": edited(
        ("projectId: acme-batch-sbx\n      tier: paid", "projectId: acme-batch-sbx\n      tier: free"),
        (
            "requestsPerMinute: 300, requestsPerDay: 9000, inputTokensPerMinute: 1000000",
            "requestsPerMinute: 3",
        ),
    ),
}


def test_a_change_reads_as_a_change(workspace: Workspace) -> None:
    workspace.write(STACK_FILE)
    workspace.up()
    printed = {}
    for name, text in CHANGES.items():
        workspace.write(text)
        shown = own_lines(workspace.pulumi("preview", "--stack", STACK).stdout)
        own = [line for line in shown if not STEP.match(line)]
        assert len(own) < MOST_LINES, own
        printed[GOLDEN / f"{name}.txt"] = "\n".join(shown) + "\n"
    compare(printed)


def own_lines(printed: str) -> list[str]:
    """The lines of a preview that the change makes: steps in order, then messages, then outputs."""
    lines = [line.rstrip() for line in printed.splitlines()]
    end = next(number for number, line in enumerate(lines) if line.startswith("Resources:"))
    kept = []
    for line in lines[:end]:
        if not line or line.startswith(("Previewing", "@", "View")) or "pulumi:pulumi:Stack" in line:
            continue
        # Where it goes is the same for each change; the engine puts it before or after the change's messages.
        if line == "Diagnostics:" or line.startswith("    this goes to the local cloud at "):
            continue
        # A step's line is printed again as messages come: the last one counts, its message stands below.
        line = re.sub(r"; (at worst|warning: batch goes).*", "", line)
        line = re.sub(r"\b1000\d{8}\b", "NUMBER", line)
        # Prices change on days that are known ahead.
        kept.append(re.sub(r"[\d,]+\.\d\d USD", "AMOUNT USD", line))
    steps = [line for line in dict.fromkeys(kept) if STEP.match(line)]
    running = re.compile(r"    gemini-landing-zone:\S+ \S+  ")
    rest = [line for line in dict.fromkeys(kept) if line not in steps and not running.match(line)]
    # The engine prints messages as they come.
    cut = rest.index("Outputs:") if "Outputs:" in rest else len(rest)
    return sorted(steps) + sorted(rest[:cut]) + rest[cut:]
