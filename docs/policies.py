"""Makes docs/policies: a page for each policy, and README.md, the index.

    .venv/bin/python docs/policies.py
    .venv/bin/python docs/policies.py --check

The first writes the pages and takes away those of no policy. The second writes nothing: it names the pages that are not
as they should be, and exits with 1 if there are any.

Words, options and defaults come from the policies; what stands in docs/policy_examples.py is judged anew each time.
"""

import argparse
import json
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docs.policy_examples import DAY, SAMPLES, Mends, Program, StackFile
from landing_zone.policies.catalogue import POLICIES
from landing_zone.policies.configuration import LEVEL, Configuration, Level, configuration_of
from landing_zone.policies.facts_from_settings import facts_of
from landing_zone.policies.judge import Verdict, judge
from landing_zone.policies.options import Currency, Lag
from landing_zone.policies.policy import Exempt, Policy, Scope
from landing_zone.settings import fields, load_file

FOLDER: Final = Path(__file__).resolve().parent / "policies"
INDEX: Final = "README.md"
WIDTH: Final = 120

SEES: Final[Mapping[Scope, tuple[str, str]]] = {
    Scope.EACH: ("each resource", "each resource by itself, before it is made"),
    Scope.WHOLE: ("whole stack", "all resources of the stack together, once all are known"),
}
NOT_MENDED: Final = "no: it counts as `mandatory`"

WORDS: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}
"""JSON Schema's words for kinds of values → people's."""
CURRENCIES: Final = TypeAdapter(Currency).json_schema()["enum"]
PATTERNS: Final[Mapping[str, str]] = {
    TypeAdapter(kind).json_schema()["pattern"]: words
    for kind, words in (
        (Lag, "time"),
        (fields.BillingAccount, "billing account"),
        (fields.Country, "country"),
        (fields.LabelKey, "label's name"),
        (fields.LabelValue, "label's value"),
    )
}
"""Patterns of texts → people's words for such a text."""

HEAD: Final = """\
# Policies

Made by `docs/policies.py` from `landing_zone/policies`; do not edit it, nor the pages beside it.

What an environment must keep to. The policy pack judges previews and updates of this project's program and of any other
that uses `pulumi_gcp`; `gemini-lz policy check` judges stack files, without Pulumi.

A policy that sees each resource judges it before it is made. One that sees the whole stack judges at the end of a
preview and of an update, and the settings of this project's own program before anything is made.
"""
CONFIGURATION: Final = f"""\
## Configuration

One JSON file, in the form that Pulumi takes with `--policy-pack-config`: what holds for `all` policies, and for each by
its id. A policy that is not named, and nothing said for `all`, is `mandatory`. `{LEVEL}` is one of:
"""
LEVELS: Final[Mapping[Level, str]] = {
    Level.DISABLED: "It is not judged.",
    Level.ADVISORY: "It is told.",
    Level.MANDATORY: "It is told, and `pulumi up` stops.",
    Level.REMEDIATE: "It is mended, if the policy can; else as `mandatory`.",
}
EXCEPTIONS: Final = """\
## Exceptions

Every policy has the option `exceptions`: a list of resources that need not keep to it, each with all of these.
"""
EXPIRY: Final = """\
What an exception covers is listed and stops nothing, and is not mended. After its last day it is a finding itself,
until somebody takes it out or has it renewed.
"""
EXCEPTION: Final[Mapping[str, Any]] = {
    "key-clients": {
        LEVEL: Level.MANDATORY.value,
        "exceptions": [
            {
                "resource": "acme-chat-prod/website",
                "owner": "chat-team@example.com",
                "reason": "The page calls the API itself until its server does.",
                "expires": "2027-01-31",
            }
        ],
    }
}


def entry(policy: Policy) -> dict[str, Any]:
    """What the page shows as the policy's configuration."""
    return {policy.id: {LEVEL: Level.MANDATORY.value, **SAMPLES[policy.id].options}}


def configuration(policy: Policy) -> Configuration:
    """The same, read as it is from a file. Raises ConfigurationError."""
    return configuration_of(entry(policy), policy.page)


@cache
def verdicts(policy: Policy, position: int) -> tuple[Verdict, ...]:
    """What the policy says of one of the examples that are to break it, with the page's configuration."""
    example = SAMPLES[policy.id].breaks[position]
    facts = example.facts if isinstance(example, Program) else _facts(example)
    report = judge("prod", facts, configuration(policy))
    return tuple(verdict for verdict in report.verdicts if verdict.policy is policy)


def _facts(example: StackFile) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Pulumi.prod.yaml"
        path.write_text(example.text, encoding="utf-8")
        return facts_of(load_file("prod", path, DAY), DAY)


def told(verdict: Verdict) -> str:
    """A verdict as people see it."""
    finding = verdict.finding
    return f"{finding.text}\n    {finding.advice}"


def kind(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in few words."""
    if "anyOf" in schema:
        return " or ".join(kind(each) for each in schema["anyOf"] if each.get("type") != "null")
    if schema.get("enum") == CURRENCIES:
        return "currency code"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("pattern") in PATTERNS:
        return PATTERNS[schema["pattern"]]
    if schema["type"] == "array":
        return f"list of: {kind(schema['items'])}"
    if schema["type"] == "object":
        named = [
            (PATTERNS.get(pattern, "text"), each)
            for pattern, each in schema.get("patternProperties", {}).items()
        ]
        [(name, value)] = named or [("text", schema["additionalProperties"])]
        return f"{name} → {kind(value)}"
    if schema.get("format") == "date":
        return "day"
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    # An amount may be a text as well, for its digits.
    return WORDS[types[0]]


def default(schema: Mapping[str, Any]) -> str:
    """What holds when the option is left out."""
    value = schema["default"]
    if value in (None, [], {}):
        return "none"
    return ", ".join(f"`{each}`" for each in (value if isinstance(value, list) else [value]))


def row(*cells: str) -> str:
    """A line of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table."""
    named = tuple(heads)
    return "\n".join([row(*named), row(*["---"] * len(named)), *(row(*each) for each in rows)]) + "\n"


def paragraph(text: str) -> str:
    """Text in lines that are not too long."""
    lines = textwrap.wrap(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines) + "\n"


def fence(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def shown(value: Any) -> str:
    """JSON for people: what fits a line stands in one."""
    return fence("json", "\n".join(_json(value, "", 0)))


def _json(value: Any, name: str, depth: int) -> Iterator[str]:
    line = "  " * depth + name + json.dumps(value, ensure_ascii=False)
    nested = isinstance(value, Mapping | list) and bool(value)
    # What is set for a policy is easier to read, and to change, an option a line.
    if not nested or (depth > 1 and len(line) < WIDTH):
        yield line
        return
    pairs = (
        [(f"{json.dumps(key)}: ", each) for key, each in value.items()]
        if isinstance(value, Mapping)
        else [("", each) for each in value]
    )
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    yield "  " * depth + name + opening
    for position, (key, each) in enumerate(pairs):
        *most, last = _json(each, key, depth + 1)
        yield from most
        yield last + "," * (position < len(pairs) - 1)
    yield "  " * depth + closing


def options(policy: Policy) -> str:
    """The policy's own options."""
    properties, _ = policy.schema()
    own = {name: schema for name, schema in properties.items() if name != "exceptions"}
    rows = ((f"`{name}`", kind(each), default(each), each["description"]) for name, each in own.items())
    common = f"`exceptions`, as every policy: [Exceptions]({INDEX}#exceptions)."
    if not own:
        return f"None but {common}\n"
    return table(("option", "type", "default", "what it is"), rows) + f"\nAnd {common}\n"


def mending(policy: Policy, mends: Mends) -> Iterator[str]:
    """What the policy makes of a resource with `remediate`."""
    if policy.fix is None:
        raise LookupError(f"{policy.id} mends nothing, and docs/policy_examples.py says what")
    fixed = policy.fix(mends.kind, mends.inputs, configuration(policy).options[policy.id])
    yield "## What `remediate` does\n"
    yield paragraph(f"{mends.words} Of a `{mends.kind}` with")
    yield fence("json", json.dumps(mends.inputs))
    yield "it makes one with\n"
    yield fence("json", json.dumps(fixed))


def breaking(policy: Policy, position: int) -> Iterator[str]:
    """One of the examples that break the policy, and what is told."""
    example = SAMPLES[policy.id].breaks[position]
    yield f"{example.lead}\n"
    yield fence("python", example.code) if isinstance(example, Program) else fence("yaml", example.text)
    yield f"With the configuration above, on {DAY}, is told:\n"
    yield fence("text", "\n".join(told(verdict) for verdict in verdicts(policy, position)))


def page(policy: Policy) -> str:
    """A policy's page."""
    sample = SAMPLES[policy.id]
    rule = f"landing_zone/policies/rules/{Path(str(sys.modules[policy.judge.__module__].__file__)).name}"
    mended = "yes, see below" if policy.fix else NOT_MENDED
    parts = [
        f"# {policy.title}\n",
        f"Made by `docs/policies.py` from [its rule](../../{rule}); do not edit it. [All policies]({INDEX}).\n",
        table(
            ("id", "severity", "what it sees", "mended by `remediate`"),
            [(f"`{policy.id}`", policy.severity.value, SEES[policy.scope][1], mended)],
        ),
        "## Why\n",
        paragraph(policy.reason),
        "## What to do\n",
        paragraph(policy.remedy),
        *(mending(policy, sample.mends) if sample.mends else ()),
        "## Options\n",
        options(policy),
        "## An example of its configuration\n",
        shown(entry(policy)),
        "## An example that breaks it\n",
        *(part for position in range(len(sample.breaks)) for part in breaking(policy, position)),
        "## Where it comes from\n",
        "[{}]({})\n".format(*policy.source),
    ]
    return "\n".join(parts)


def index() -> str:
    """The page of all policies."""
    rows = (
        (
            f"[`{policy.id}`]({policy.id}.md)",
            policy.title,
            policy.severity.value,
            SEES[policy.scope][0],
            "yes" if policy.fix else "no",
        )
        for policy in POLICIES
    )
    exempt = Exempt.model_json_schema()["properties"]
    parts = [
        HEAD,
        table(("policy", "what must hold", "severity", "what it sees", "mended by `remediate`"), rows),
        CONFIGURATION,
        table(
            ("level", "what breaking a policy does"), ((f"`{level.value}`", LEVELS[level]) for level in Level)
        ),
        shown(
            {
                "all": Level.ADVISORY.value,
                **entry(next(each for each in POLICIES if SAMPLES[each.id].options)),
            }
        ),
        EXCEPTIONS,
        table(
            ("field", "type", "what it is"),
            ((f"`{name}`", kind(each), each["description"]) for name, each in exempt.items()),
        ),
        shown(EXCEPTION),
        EXPIRY,
    ]
    return "\n".join(parts)


def pages() -> dict[str, str]:
    """Every page, by its file's name."""
    return {INDEX: index(), **{f"{policy.id}.md": page(policy) for policy in POLICIES}}


def differences(folder: Path = FOLDER) -> list[str]:
    """What is not as it should be in the folder of the pages."""
    wanted, there = pages(), {path.name: path for path in folder.glob("*.md")}
    return [
        *(f"{name} is missing" for name in wanted if name not in there),
        *(
            f"{name} differs"
            for name, text in wanted.items()
            if name in there and there[name].read_text(encoding="utf-8") != text
        ),
        *(f"{name} is left over" for name in sorted(there.keys() - wanted.keys())),
    ]


def write(folder: Path = FOLDER) -> None:
    """Write every page, and take away those of no policy."""
    wanted = pages()
    folder.mkdir(exist_ok=True)
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.name not in wanted:
            path.unlink()


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; 1 if a page is not as it should be"
    )
    if not parser.parse_args().check:
        write()
        return 0
    found = differences()
    sys.stdout.writelines(f"docs/policies/{line}\n" for line in found)
    if found:
        sys.stdout.write("run: .venv/bin/python docs/policies.py\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
