"""CI files, from templates beside this file: whole workflows, with words such as @STACKS@ to fill in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePath
from typing import Any, Final, Literal

import yaml

Host = Literal["github", "gitlab"]
BACKEND: Final = "PULUMI_BACKEND_URL"
"""The variable with the address of the state."""
_PROVIDER: Final = "GEMINI_LZ_WORKLOAD_IDENTITY_PROVIDER"
_ACCOUNT: Final = "GEMINI_LZ_SERVICE_ACCOUNT"
_PREVIEW: Final = "GEMINI_LZ_PREVIEW_SERVICE_ACCOUNT"
_UPDATE: Final = """\
up:{name}:
  extends: .up
  variables:
    STACK: {stack}
  # Under Settings, CI/CD, Protected environments: who may start it, or has to approve it.
  environment: {stack}
  resource_group: gemini-lz-{name} # two merges do not race: the second waits
{needs}  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
      when: never
    # Anybody who can push may push to a branch that is not protected, and Google refuses its token.
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_COMMIT_REF_PROTECTED == "true"
{when}
"""


@dataclass(frozen=True)
class Identity:
    """Who CI is at Google; empty: the repository's variables say so."""

    provider: str = ""
    """The Workload Identity provider: projects/123456789012/locations/global/workloadIdentityPools/…/providers/…"""
    account: str = ""
    """The service account that updates."""
    preview_account: str = ""
    """The service account that reads."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that the repository has to have."""
        given = {_PROVIDER: self.provider, _ACCOUNT: self.account, _PREVIEW: self.preview_account}
        return tuple(name for name, value in given.items() if not value)


def ci_files(host: Host, stacks: Sequence[str], identity: Identity) -> dict[PurePath, str]:
    """The files, by their path below the folder of workflows; GitLab's has a name alone.

    `stacks`: in the order in which a merge updates them.
    """
    folder = files("landing_zone.scaffolding").joinpath("ci", host)
    words = {
        "@STACKS@": _flow([*stacks]),
        "@PROVIDER@": identity.provider or _variable(host, _PROVIDER),
        "@ACCOUNT@": identity.account or _variable(host, _ACCOUNT),
        "@PREVIEW_ACCOUNT@": identity.preview_account or _variable(host, _PREVIEW),
    }
    words["@UPDATES@\n"] = "".join(_updates(stacks))
    found = {}
    for template in sorted(folder.iterdir(), key=lambda each: each.name):
        text = template.read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        found[PurePath(template.name)] = text
    return found


def _variable(host: Host, name: str) -> str:
    return f"${{{{ vars.{name} }}}}" if host == "github" else f"${name}"


def _updates(stacks: Sequence[str]) -> Iterator[str]:
    """GitLab's jobs of each stack, one after the other; a person starts all but the first of several."""
    for before, stack in zip([None, *stacks], stacks, strict=False):
        alone = before is None and len(stacks) > 1
        yield _UPDATE.format(
            name=stack,
            stack=_flow(stack),
            needs=f"  needs: {_flow([f'up:{before}'])}\n" if before is not None else "",
            when="" if alone else "      when: manual\n",
        )


def _flow(value: Any) -> str:
    """A value as YAML on one line, in quotes where it needs them."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=float("inf"))
    return text.removesuffix("\n").removesuffix("\n...")
