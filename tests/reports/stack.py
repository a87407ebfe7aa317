"""Stack files of tests about costs."""

from datetime import date
from pathlib import Path

from landing_zone.settings import EnvironmentSettings, load_file

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
NARROW = "own: {methods: [generate, countTokens, caches]}"
"""A key that opens nothing that limits do not count."""
AS_OF = date(2026, 11, 24)


def loaded(folder: Path, projects: str, environment: str = "", day: date = AS_OF) -> EnvironmentSettings:
    """The settings of a stack file with these lines under `projects`, as of a day.

    Without grounding in the bound, so that it can be worked out from tokens alone, unless `environment` has defaults.
    If no project has keys, each gets one that calls only what limits count.
    """
    if "defaults" not in environment:
        keys = "" if "keys:" in projects else f", keys: {{{NARROW}}}"
        environment = f"defaults: {{searchesPerRequest: 0{keys}}}\n{environment}".rstrip()
    lines = [
        "config:",
        f"  gemini-landing-zone:billingAccount: {ACCOUNT}",
        *(f"  gemini-landing-zone:{line}" if line[:1] != " " else line for line in environment.splitlines()),
        "  gemini-landing-zone:projects:",
        *(f"    {line}" for line in projects.splitlines()),
    ]
    file = folder / "Pulumi.t.yaml"
    file.write_text("\n".join(lines) + "\n")
    return load_file("t", file, day)
