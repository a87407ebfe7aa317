"""A stack file of a stranger on the engine: refused before the first resource, and before any call."""

import os
import subprocess

from tests.workspace import STACK, Workspace

KEY = "AIzaSy" + "Q7x" * 11
PROJECTS = "  gemini-landing-zone:projects: {lab: {projectId: acme-lab-sbx, tier: free}}\n"
HOSTILE = {
    "gcp:billingCustomEndpoint: https://evil.example/": "sends calls, with their credentials",
    "gcp:config:apikeysCustomEndpoint: https://evil.example/": "sends calls, with their credentials",
    "gcp:resourceManagerCustomEndpoint: http://127.0.0.1.evil.example/": "sends calls, with their credentials",
    "gcp:iamCustomEndpoint: http://localhost@evil.example/": "sends calls, with their credentials",
    "gcp:monitoringCustomEndpoint: http://127.1/": "sends calls, with their credentials",
    "gcp:pubsubCustomEndpoint: 'http://[::ffff:8.8.8.8]/'": "sends calls, with their credentials",
    "gcp:orgPolicyCustomEndpoint: HTTP://127.0.0.1/": "sends calls, with their credentials",
    "gcp:serviceUsageCustomEndpoint: ' http://127.0.0.1/'": "sends calls, with their credentials",
    "gcp:universeDomain: evil.example": "is not a key that a stack file may have",
    "gcp:accessToken: some-token": "chooses the credentials",
    "gcp:credentials: /etc/passwd": "chooses the credentials",
    "gcp:impersonateServiceAccount: a@evil.iam.gserviceaccount.com": "chooses the credentials",
    "pulumi:disable-default-providers: [gcp]": "nobody reads",
    "GCP:accessToken: some-token": "nobody reads",
    "<<: {gcp:scopes: some-scope}": "a merged mapping brings keys",
    f"gemini-landing-zone:labels: {{owner: {KEY}}}": "an API key stands here",
    "gemini-landing-zone:channels: {c: {type: slack, token: xoxb-1234567890-abc}}": "a token stands here",
}


def printed_by(workspace: Workspace, *arguments: str) -> str:
    """What the CLI prints, with any key that is in it."""
    run = subprocess.run(
        ["pulumi", *arguments, "--non-interactive", "--color=never", "--stack", STACK],
        cwd=workspace.layout.program,
        env={**os.environ, **workspace.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode
    return run.stdout + run.stderr


def test_it_is_refused_before_any_call_with_all_its_mistakes(workspace: Workspace) -> None:
    workspace.write(f"config:\n{PROJECTS}")
    before = len(workspace.cloud.requests())
    lines = [*HOSTILE]
    # Without its salt Pulumi would write the file anew.
    salt = workspace.stack_file.read_text().splitlines(keepends=True)[-1]
    text = "".join(["config:\n", PROJECTS, *(f"  {line}\n" for line in lines), salt])
    workspace.stack_file.write_text(text)
    printed = printed_by(workspace, "preview", "--verbose=9", "--logtostderr")
    assert "in the settings; nothing was created." in printed
    for number, line in enumerate(lines, 3):
        shown = printed.partition(f"Pulumi.{STACK}.yaml:{number}: ")[2][:400]
        assert HOSTILE[line] in shown, line
    assert len(workspace.cloud.requests()) == before

    # Pulumi's own log is not this project's; without it nothing repeats what was pasted.
    assert KEY not in printed_by(workspace, "preview")


def test_an_address_of_this_machine_is_allowed(workspace: Workspace) -> None:
    address = workspace.environment["GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT"]
    workspace.write(f"config:\n  gcp:resourceManagerCustomEndpoint: {address}\n{PROJECTS}")
    assert "lab" in {change.name for change in workspace.preview()}
