"""The scripts of the written CI files, run one after the other against a local cloud, as the runners would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from landing_zone.scaffolding.ci_files import ci_files
from sandbox.engine import Engine
from sandbox.layout import Layout
from sandbox.shell import sandbox_environment
from tests.conftest import StartCloud
from tests.scaffolding.commands import run
from tests.scaffolding.runner import GitHub, commit, git, gitlab_run, repository
from tests.scaffolding.test_ci_files import GIVEN, read, workflows

MARK = "<!-- gemini-lz diff -->"


def test_the_jobs_do_what_they_are_for(tmp_path: Path, engine: Engine, start_cloud: StartCloud) -> None:
    cloud = start_cloud()
    folder = repository(tmp_path)
    layout = Layout(program=folder, state=tmp_path / "state")
    environment = sandbox_environment(engine, layout, cloud.ready, "standin")
    github, files = GitHub(folder, environment), workflows("team", identity=GIVEN)
    check, preview = files["gemini-lz-check.yml"]["jobs"].values()
    [up] = files["gemini-lz-up.yml"]["jobs"].values()
    [drift] = files["gemini-lz-drift.yml"]["jobs"].values()

    # A pull request adds a stack, and a Makefile and rules of its own, which are not used.
    git(folder, "checkout", "--quiet", "-b", "change")
    written = run(
        folder,
        *("new", "team", "--account", "01A2B3-C4D5E6-F7A8B9", "--folder", "folders/987654321098"),
        *("--team", "chat=200", "--email", "oncall@example.com", "--allowed-ips", "203.0.113.0/24"),
        *("--prefix", "acme", "--secrets-provider", "passphrase"),
    )
    assert written.exit_code == 0
    text = (folder / "stacks" / "Pulumi.team.yaml").read_text()
    (folder / "Makefile").write_text("setup:\n\tfalse\n")
    (folder / "stacks" / "Pulumi.link.yaml").symlink_to("/etc/passwd")
    commit(folder, "a team")
    merge(folder, "change")
    ended = github.run(check)
    assert failures(ended) == {}
    assert [path.name for path in (folder / "sarif").iterdir()] == ["team.sarif"]
    assert json.loads((folder / "sarif" / "team.sarif").read_text())["version"] == "2.1.0"
    assert MARK in github.summary
    assert "\n    judged as " in github.summary or "\n    team: " in github.summary
    comment = (github.files / "comment").read_text()
    assert comment.startswith(MARK)
    assert "540.00 USD" in comment
    assert github.calls[-1].startswith("api --method POST repos/acme/gemini/issues/7/comments ")
    # The next time, the comment is updated.
    assert failures(github.run({**check, "steps": check["steps"][-1:]})) == {}
    assert github.calls[-1].startswith("api --method PATCH repos/acme/gemini/issues/comments/4711 ")
    start_again(folder)
    merge(folder, "change")
    assert failures(github.run(preview, "team")) == {}
    start_again(folder)
    assert "team is a new stack: the merge creates it." in github.summary

    # Merged: the update makes the stack, and what is in it.
    (folder / "stacks" / "Pulumi.team.yaml").write_text(text)
    merged = commit(folder, "a team")
    ended = github.run(up, "team")
    assert failures(ended) == {}
    assert "created the stack team, which the backend did not have" in ended["Update"].printed
    assert "chat: project created" in ended["Update"].printed
    git(folder, "checkout", "--quiet", "--force", "main")

    # The next pull request is of a fork: its change is compared, and nobody comments.
    git(folder, "checkout", "--quiet", "-b", "next")
    (folder / "stacks" / "Pulumi.team.yaml").write_text(text.replace("amount: 200", "amount: 0.0"))
    commit(folder, "less")
    merge(folder, "next")
    calls = len(github.calls)
    ended = GitHub(folder, environment, own=False).run(check)
    assert {"Validate", "Check the policies"} <= failures(ended).keys()
    assert "the amount is 0.0" in ended["Validate"].printed
    assert github.calls[calls:] == []
    start_again(folder)
    assert merged == git(folder, "rev-parse", "HEAD")

    # Nobody changed anything; then somebody does.
    assert failures(github.run(drift, "team")) == {}
    key = "/apikeys/v2/projects/acme-chat-team/locations/global/keys"
    [name] = [each["name"] for each in cloud.call("GET", key)["keys"]]
    cloud.call("PATCH", f"/apikeys/v2/{name}?updateMask=restrictions", {"restrictions": {}})
    ended = github.run(drift, "team")
    assert failures(ended).keys() == {"Compare with Google"}
    assert github.calls[-1].startswith("issue create --title Stack team differs from Google")
    gitlab(folder, environment)


def gitlab(folder: Path, environment: dict[str, str]) -> None:
    """The same repository on GitLab."""
    pipeline = read(*ci_files("gitlab", ["team"], GIVEN).values())
    base = git(folder, "rev-parse", "HEAD")
    git(folder, "remote", "add", "origin", str(folder))
    git(folder, "checkout", "--quiet", "-b", "merge-request")
    file = folder / "stacks" / "Pulumi.team.yaml"
    file.write_text(file.read_text().replace("amount: 200", "amount: 210"))
    # A Makefile of its own, which is not used.
    (folder / "Makefile").write_text("setup:\n\tfalse\n")
    head = commit(folder, "more")
    merge_request = {
        "CI_PROJECT_ID": "5",
        "CI_MERGE_REQUEST_PROJECT_ID": "5",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
    }
    ended = gitlab_run(folder, environment, pipeline, "check", **merge_request)
    assert ended.code == 0, ended.printed
    assert {path.name for path in (folder / "policies").iterdir()} == {"team.sarif", "team.xml"}
    with notes() as (address, sent):
        variables = {
            "CI_API_V4_URL": address,
            "CI_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "8",
            "GEMINI_LZ_COMMENT_TOKEN": "glpat",
        }
        assert gitlab_run(folder, environment, pipeline, "comment", **variables).code == 0
        [(method, path, body)] = sent
        assert (method, path) == ("POST", "/projects/5/merge_requests/8/notes")
        assert body.startswith(MARK)
        assert gitlab_run(folder, environment, pipeline, "comment", **variables).code == 0
        assert [(method, path) for method, path, _ in sent[1:]] == [("PUT", f"{path}/1")]
    start_again(folder)
    git(folder, "checkout", "--quiet", "--detach", head)
    ended = gitlab_run(
        folder, environment, pipeline, "preview", STACK="team", GOOGLE_ID_TOKEN="token", **merge_request
    )
    assert ended.code == 0, ended.printed
    assert "at worst in a month: 540.00 USD before, 550.00 USD after" in ended.printed, ended.printed
    # A person starts the update of a commit that is no longer the newest.
    start_again(folder)
    ended = gitlab_run(
        folder, environment, pipeline, "up:team", CI_COMMIT_BRANCH="main", CI_COMMIT_SHA=head, STACK="team"
    )
    assert (ended.code, ended.printed) == (1, f"main is at {base} now, whose own pipeline updates team\n")


@contextmanager
def notes() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """GitLab's notes of a merge request; yields the address of its API, and what is sent there."""
    sent: list[tuple[str, str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer([{"id": n, "body": body} for n, (_, _, body) in enumerate(sent, 1)])

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            [body] = parse_qs(self.rfile.read(length).decode())["body"]
            sent.append((self.command, self.path, body))
            self._answer({"id": len(sent)})

        def do_PUT(self) -> None:
            self.do_POST()

        def _answer(self, value: Any) -> None:
            body = json.dumps(value).encode()
            self.send_response(200 if self.headers["PRIVATE-TOKEN"] == "glpat" else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the name of the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", sent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def merge(folder: Path, change: str) -> None:
    """Check out what GitHub makes of a pull request: its merge into main, on no branch."""
    git(folder, "checkout", "--quiet", "--detach", "main")
    git(folder, "merge", "--quiet", "--no-ff", "--message", "merge", change)


def start_again(folder: Path) -> None:
    """Leave what a job has left, as a new machine would."""
    git(folder, "worktree", "remove", "--force", "change")
    git(folder, "checkout", "--quiet", "--force", "main")
    git(folder, "clean", "--quiet", "--force", "-d")


def failures(ended: dict[str, Any]) -> dict[str, str]:
    """The steps that failed, with what they printed."""
    return {name: each.printed for name, each in ended.items() if each.code}
