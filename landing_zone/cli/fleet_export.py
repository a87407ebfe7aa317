"""`gemini-lz fleet export`: files for engines that run a fleet where one machine does not."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer
import yaml

from landing_zone.bounded_yaml import load_bounded
from landing_zone.cli.asking import Form
from landing_zone.cli.console import AsJson, refuse, working, write, write_json
from landing_zone.cli.fleet_choice import Everything, Stacks, chosen_stacks
from landing_zone.cli.stacks import ChosenStack, Folder, stack_folder
from landing_zone.cli.suggesting import Suggesting
from landing_zone.cli.written_files import Force, write_files
from landing_zone.fleet.order import OrderError, graph_of, needs_of
from landing_zone.scaffolding import answers
from landing_zone.scaffolding.engines import operator, program
from landing_zone.scaffolding.engines.fleet import Member, Source
from landing_zone.scaffolding.engines.left import stacks_of_program, stacks_of_resources
from landing_zone.scaffolding.engines.names import is_label, resource_name
from landing_zone.settings import SettingsError, load_file
from landing_zone.workspace import UnreadableError, backend_url, find_project, without_secrets

app = typer.Typer(
    no_args_is_help=True,
    help="Write files for an engine that runs a fleet. Try: gemini-lz fleet export operator --all "
    "--repository git@example.com:acme/gemini.git",
)
PAGE: Final = "docs/engines.md"
HEADER: Final = "# Written by `gemini-lz fleet export operator`; docs/engines.md explains it.\n"

Branch = Annotated[str, typer.Option(help="The branch that is deployed.")]
Organization = Annotated[str, typer.Option(help="The organization in Pulumi Cloud.")]


def add_to(fleet: typer.Typer) -> None:
    """Add the group."""
    fleet.add_typer(app, name="export", cls=Suggesting)


@app.command(
    name="operator",
    epilog="Example: gemini-lz fleet export operator 'team-*' --repository git@example.com:acme/gemini.git "
    "--backend gs://acme-gemini-state --out deploy/operator",
)
def for_operator(
    stacks: Stacks = None,
    everything: Everything = False,
    repository: Annotated[
        str,
        typer.Option(
            help="The git repository with Pulumi.yaml: https://… or git@host:path. Without credentials."
        ),
    ] = "",
    branch: Branch = "main",
    backend: Annotated[
        str,
        typer.Option(
            help="The state: gs://…, s3://…, azblob://…, postgres://… or Pulumi Cloud. Default: today's."
        ),
    ] = "",
    organization: Organization = "",
    namespace: Annotated[str, typer.Option(help="The Kubernetes namespace.")] = "gemini-lz",
    private: Annotated[
        bool, typer.Option("--private/--public", help="Whether git asks for credentials.")
    ] = True,
    runner: Annotated[
        str, typer.Option("--runner-service-account", help="Google's service account that updates.")
    ] = "",
    previewer: Annotated[
        str,
        typer.Option("--preview-service-account", help="Google's service account that reads, for drift."),
    ] = "",
    target: Annotated[
        Path | None,
        typer.Option("--out", help="The folder to write to, with a kustomization. Default: YAML to stdout."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write resources for the Pulumi Kubernetes Operator: stacks in order, and a look for drift each day.

    Passwords, tokens and passphrases stay in a Secret, which the resources name and you make.

    Exit codes: 0, written, or there already;
    1, a file is there and differs, and nothing was written;
    2, wrong usage.
    """
    folder = stack_folder(None)
    form = Form(asks=False)
    state = backend or _backend_today()
    _check_git(form, repository)
    _check_backend(form, state, organization)
    if not is_label(namespace):
        form.add(
            f"--namespace: {namespace!r} is no name of a namespace",
            "write lowercase letters, digits, hyphens",
        )
    _check_accounts(form, {"--runner-service-account": runner, "--preview-service-account": previewer})
    form.end()
    members = _members(folder, chosen_stacks(folder, stacks, everything=everything))
    cluster = operator.Cluster(
        Source(repository, branch, _in_repository(folder)),
        state,
        without_secrets(state) != state,
        namespace,
        organization,
        private,
        runner,
        previewer,
    )
    files = {
        "accounts.yaml": operator.accounts(cluster),
        **{
            f"stack-{resource_name(each.name)}.yaml": operator.stack_resources(each, cluster)
            for each in members
        },
    }
    if target is None:
        resources = [each for parts in files.values() for each in parts]
        if as_json:
            write_json(resources)
        else:
            write(_yaml(resources))
        raise typer.Exit
    texts = {
        target / "kustomization.yaml": _yaml([operator.kustomization(sorted(files))]),
        **{target / name: _yaml(parts) for name, parts in files.items()},
    }
    left = stacks_of_resources(target, HEADER, texts)
    write_files(
        texts,
        _operator_steps(members, cluster, target),
        PAGE,
        force=force,
        as_json=as_json,
        left=[
            f"{path}: its stack is not exported any more: delete the file, and its resources with "
            f"kubectl delete --namespace {namespace} stacks.pulumi.com {' '.join(names)}; nothing at Google goes"
            for path, names in left.items()
        ],
    )


@app.command(
    name="deployments",
    epilog="Example: gemini-lz fleet export deployments --all --repository acme/gemini-projects --organization acme "
    "--workload-identity-provider projects/123456789012/locations/global/workloadIdentityPools/pulumi/providers/cloud "
    "--runner-service-account gemini-lz@acme-gemini-seed.iam.gserviceaccount.com --out deploy/deployments",
)
def for_deployments(
    stacks: Stacks = None,
    everything: Everything = False,
    repository: Annotated[str, typer.Option(help="The GitHub repository with Pulumi.yaml: owner/name.")] = "",
    branch: Branch = "main",
    organization: Organization = "",
    provider: Annotated[
        str,
        typer.Option(
            "--workload-identity-provider", help="The provider's full name at Google: projects/NUMBER/…"
        ),
    ] = "",
    runner: Annotated[
        str, typer.Option("--runner-service-account", help="Google's service account of deployments.")
    ] = "",
    update_cron: Annotated[
        str, typer.Option(help="When to update without a commit, such as '0 6 * * 1'. Default: never.")
    ] = "",
    target: Annotated[Path, typer.Option("--out", help="The folder to write to.")] = Path("deployments"),
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a Pulumi program for Pulumi Deployments: settings of stacks, their order, and a daily look for drift.

    Exit codes: 0, written, or there already;
    1, a file is there and differs, and nothing was written;
    2, wrong usage.
    """
    folder = stack_folder(None)
    form = Form(asks=False)
    if len([part for part in repository.split("/") if part]) != 2 or ":" in repository:
        form.add(f"--repository: {repository!r} is no repository of GitHub's", "write owner/name")
    if not organization:
        form.add("--organization is missing: the organization in Pulumi Cloud", "write --organization acme")
    if provider:
        form.check(answers.identity_provider, provider, "--workload-identity-provider")
    else:
        form.add(
            "--workload-identity-provider is missing: what trusts Pulumi Cloud's tokens at Google",
            "write its full name: projects/123456789012/locations/global/workloadIdentityPools/pulumi/providers/cloud",
        )
    if runner:
        _check_accounts(form, {"--runner-service-account": runner})
    else:
        form.add(
            "--runner-service-account is missing: the account that deployments act as",
            "write its address: gemini-lz-runner@acme-gemini-seed.iam.gserviceaccount.com",
        )
    form.end()
    members = _members(folder, chosen_stacks(folder, stacks, everything=everything))
    cloud = program.Cloud(
        Source(repository, branch, _in_repository(folder)),
        organization,
        folder.pulumi_project,
        provider,
        runner,
        update_cron,
    )
    texts = {target / name: text for name, text in program.program_files(members, cloud).items()}
    write_files(
        texts,
        [
            f"let {provider.rpartition('/')[2]} trust Pulumi Cloud, and its deployments act as {runner}",
            f"run pulumi up in {target}, logged in to Pulumi Cloud",
        ],
        PAGE,
        force=force,
        as_json=as_json,
        left=[
            f"{name}: not exported any more: the next pulumi up in {target} takes its settings and schedules away; its "
            "projects stay"
            for name in stacks_of_program(target / program.DATA, members)
        ],
    )


def _backend_today() -> str:
    try:
        return backend_url(find_project(Path.cwd()), os.environ) or ""
    except UnreadableError as error:
        refuse(str(error))


def _check_git(form: Form, repository: str) -> None:
    parts = urlsplit(repository)
    if not repository:
        form.add(
            "--repository is missing: the git repository that the operator clones",
            "write --repository git@example.com:acme/gemini.git",
        )
    elif parts.password or (parts.scheme == "https" and parts.username):
        # Not repeated: it is a secret.
        form.add(
            "--repository: the address has a password or a token", "take it out: it goes into the Secret"
        )


def _check_backend(form: Form, state: str, organization: str) -> None:
    scheme = urlsplit(state).scheme
    remedy = (
        "write --backend gs://BUCKET, or s3://…, azblob://…, postgres://…, or the address of Pulumi Cloud"
    )
    if not state:
        form.add("--backend is missing: where the state is", remedy)
    elif scheme == "file":
        form.add(f"--backend: {without_secrets(state)} is on one machine, where no pod can read it", remedy)
    elif scheme not in ("gs", "s3", "azblob", "postgres", "https"):
        form.add(f"--backend: Pulumi knows no state at {without_secrets(state)}", remedy)
    elif scheme == "https" and not organization:
        form.add("--organization is missing: the organization in Pulumi Cloud", "write --organization acme")


def _check_accounts(form: Form, given: dict[str, str]) -> None:
    for option, account in given.items():
        if account:
            form.check(answers.service_account, account, option)


def _members(folder: Folder, chosen: Sequence[ChosenStack]) -> list[Member]:
    """The stacks in the fleet's order; exits with all mistakes of their files, or of the order."""
    needs, providers, problems = {}, {}, []
    with working("reading the stack files"):
        for stack in chosen:
            try:
                settings = load_file(stack.name, stack.path)
            except SettingsError as error:
                problems.append(str(error))
                continue
            needs[stack.name] = needs_of(settings)
            providers[stack.name] = str(load_bounded(stack.path).get("secretsprovider") or "")
    if problems:
        refuse("\n".join(problems))
    try:
        graph = graph_of(needs, folder.names)
    except OrderError as error:
        refuse(str(error))
    return [Member(name, tuple(sorted(before)), providers[name]) for name, before in graph.items()]


def _in_repository(folder: Folder) -> str:
    """The folder of Pulumi.yaml in its git repository; empty for the top, and where there is no repository."""
    project = folder.project.absolute()
    for parent in (project, *project.parents):
        if (parent / ".git").exists():
            return "" if parent == project else project.relative_to(parent).as_posix()
    return ""


def _operator_steps(members: Sequence[Member], cluster: operator.Cluster, target: Path) -> list[str]:
    """What is left to do, in order."""
    namespace, keys = cluster.namespace, operator.secret_keys(members, cluster)
    names = {operator.ACCOUNT: cluster.account, operator.PREVIEW_ACCOUNT: cluster.preview_account}
    return [
        f"make the namespace: kubectl create namespace {namespace}",
        *([f"make the Secret {operator.SECRET} in it, with {', '.join(keys)}"] if keys else []),
        *(
            f"let {namespace}/{name} act as {account or 'an account at Google, or grant it what that needs'}"
            for name, account in names.items()
        ),
        "make the stacks that the state does not have yet, with gemini-lz up, and commit what Pulumi writes into their "
        "files",
        f"commit {target}, and apply it: kubectl apply -k {target}",
    ]


def _yaml(resources: Sequence[dict[str, Any]]) -> str:
    text: str = yaml.dump_all(
        resources, Dumper=_Plain, sort_keys=False, explicit_start=len(resources) > 1, width=110
    )
    return HEADER + text


class _Plain(yaml.SafeDumper):
    """YAML without anchors: people read it, and tools that know none."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 as PyYAML calls it
        return True
