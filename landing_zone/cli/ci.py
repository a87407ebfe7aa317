"""`gemini-lz ci`: workflow files for GitHub and GitLab."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from landing_zone.cli.asking import Form
from landing_zone.cli.console import AsJson, refuse
from landing_zone.cli.stacks import Folder, complete_stack, stack_folder
from landing_zone.cli.written_files import Force, write_files
from landing_zone.policies.configuration import ConfigurationError
from landing_zone.policies.environments import read_environments
from landing_zone.policies.rulebook import FOLDER
from landing_zone.scaffolding import answers
from landing_zone.scaffolding.ci_files import BACKEND, Identity, ci_files
from landing_zone.workspace import find_project, here

_LOCAL_STACK: Final = "sandbox"
"""The stack of the local cloud, which no CI updates."""

app = typer.Typer(
    no_args_is_help=True,
    help="Write CI files: checks, preview, update after a merge, and drift. Try: gemini-lz ci github",
)

Stacks = Annotated[
    list[str] | None,
    typer.Option(
        "--stack",
        help="A stack to preview and update, in this order; repeatable. Default: the one that has a file, beside "
        "sandbox.",
        autocompletion=complete_stack,
    ),
]
Provider = Annotated[
    str | None,
    typer.Option(
        "--workload-identity-provider",
        help="The provider's full name: projects/NUMBER/… Default: the variable above.",
    ),
]
Runner = Annotated[
    str | None,
    typer.Option(
        "--runner-service-account",
        help="The service account that updates. Default: the variable above.",
    ),
]
Previewer = Annotated[
    str | None,
    typer.Option(
        "--preview-service-account",
        help="The service account that reads, for previews and drift. Default: the variable above.",
    ),
]


@app.command(epilog="Example: gemini-lz ci github --stack dev --stack prod")
def github(
    stacks: Stacks = None,
    provider: Provider = None,
    runner: Runner = None,
    previewer: Previewer = None,
    target: Annotated[
        Path | None,
        typer.Option("--out", help="The folder to write to. Default: .github/workflows of the project."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write workflows for GitHub Actions: check and preview of pull requests, update after a merge, drift every night.

    Variables of the repository that are used where an option does not give the value:
    GEMINI_LZ_WORKLOAD_IDENTITY_PROVIDER,
    GEMINI_LZ_SERVICE_ACCOUNT,
    GEMINI_LZ_PREVIEW_SERVICE_ACCOUNT.

    Exit codes: 0, written, or there already;
    1, a file is there and differs, and nothing was written;
    2, wrong usage.
    """
    where, identity = stack_folder(None), _identity(provider, runner, previewer)
    chosen, folder = _stacks(where, stacks), target or where.project / ".github/workflows"
    texts = {folder / name: text for name, text in ci_files("github", chosen, identity).items()}
    steps = [
        *(f"set the variable {name} of the repository" for name in _variables(identity)),
        *(f"make the environment {stack}, with those who have to approve and main alone" for stack in chosen),
    ]
    write_files(texts, steps, "docs/ci.md", force=force, as_json=as_json)


@app.command(epilog="Example: gemini-lz ci gitlab --stack dev --stack prod")
def gitlab(
    stacks: Stacks = None,
    provider: Provider = None,
    runner: Runner = None,
    previewer: Previewer = None,
    target: Annotated[
        Path | None,
        typer.Option("--out", help="The file to write. Default: .gitlab-ci.yml of the project."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a pipeline for GitLab CI: check and preview of merge requests, update after a merge, drift by a schedule.

    Variables of the repository that are used where an option does not give the value:
    GEMINI_LZ_WORKLOAD_IDENTITY_PROVIDER,
    GEMINI_LZ_SERVICE_ACCOUNT,
    GEMINI_LZ_PREVIEW_SERVICE_ACCOUNT.

    Exit codes: 0, written, or there already;
    1, a file is there and differs, and nothing was written;
    2, wrong usage.
    """
    where, identity = stack_folder(None), _identity(provider, runner, previewer)
    chosen, file = _stacks(where, stacks), target or where.project / ".gitlab-ci.yml"
    [text] = ci_files("gitlab", chosen, identity).values()
    steps = [
        *([f"include {target} in .gitlab-ci.yml"] if target else []),
        *(f"set the CI/CD variable {name} of the project" for name in _variables(identity)),
        "set the CI/CD variable GEMINI_LZ_COMMENT_TOKEN, masked, with gemini-lz/comment as its environment: a project "
        "access token, role Reporter, scope api",
        "protect the branch main, or Google refuses the updates' tokens",
        *(f"protect the environment {stack}, with those who may start its update" for stack in chosen),
        "make a pipeline schedule for the drift",
    ]
    write_files({file: text}, steps, "docs/ci.md", force=force, as_json=as_json)


def _identity(provider: str | None, runner: str | None, previewer: str | None) -> Identity:
    form = Form(asks=False)
    found = Identity(
        form.check(answers.identity_provider, provider, "--workload-identity-provider") if provider else "",
        form.check(answers.service_account, runner, "--runner-service-account") if runner else "",
        form.check(answers.service_account, previewer, "--preview-service-account") if previewer else "",
    )
    form.end()
    return found


def _variables(identity: Identity) -> list[str]:
    """The variables to set; where the state is, Pulumi.yaml may say."""
    project = find_project(here(os.environ))
    named = project is not None and project.backend is not None
    return [*identity.variables, *([] if named else [BACKEND])]


def _stacks(folder: Folder, given: list[str] | None) -> list[str]:
    """The stacks to update: those named, or the only one. Of several, examples may be among them: none is taken.

    The strictest environment's is proposed last, as the owner of the policies orders them.
    """
    if given:
        return [each.name for each in folder.chosen(list(dict.fromkeys(given)))]
    try:
        environments = read_environments(folder.project / FOLDER)
    except ConfigurationError as error:
        refuse(str(error))
    order = environments.environments

    def strictness(stack: str) -> int:
        return order.index(environments.of_stack("", folder.pulumi_project, stack) or environments.strictest)

    found = sorted((name for name in folder.names if name != _LOCAL_STACK), key=strictness)
    if not found:
        refuse(
            f"no stack file in {folder.path} but that of the local cloud: write one first, with gemini-lz new prod"
        )
    if len(found) > 1:
        proposed = " ".join(f"--stack {name}" for name in found)
        refuse(
            f"{folder.path} has several stacks: name those that a merge is to update, in order: {proposed}"
        )
    return found
