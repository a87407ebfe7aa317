"""A new stack's secrets are encrypted by its own provider: those of its file, and those of its state.

By a key service: the other tests of splits have passphrases. Vault's is one that runs on any machine.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from landing_zone.operations.progress import Progress
from landing_zone.operations.pulumi_cli import Cli
from landing_zone.operations.split import Site, split
from sandbox.engine import Engine

OURS = "gemini-landing-zone:index:"
SECRET = "not-for-anybody"
SIGNATURE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
FILE = """\
config:
  gemini-landing-zone:channels:
    stays: {type: slack, channel: "#one"}
    moves: {type: slack, channel: "#two"}
  gemini-landing-zone:projects:
    one: {projectId: acme-one, tier: free, alerts: {channels: [stays]}}
    two: {projectId: acme-two, tier: free, alerts: {channels: [moves]}}
  gemini-landing-zone:split: {of: test, into: {test-2: [two]}}
"""


class Vault(BaseHTTPRequestHandler):
    """HashiCorp Vault's transit engine, as far as Pulumi's `hashivault://` asks it."""

    def do_PUT(self) -> None:
        """Encrypt, or decrypt."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "plaintext" in body:
            found = {"ciphertext": f"vault:v1:{body['plaintext'][::-1]}"}
        else:
            found = {"plaintext": body["ciphertext"].removeprefix("vault:v1:")[::-1]}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"data": found}).encode())

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def vault() -> Iterator[Mapping[str, str]]:
    """The variables that name a Vault."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vault)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {"VAULT_ADDR": f"http://127.0.0.1:{server.server_port}", "VAULT_TOKEN": "x"}
    finally:
        server.shutdown()


def resources() -> list[dict[str, Any]]:
    """A stack of two projects, each with a secret."""

    def one(types: str, name: str, parent: str = "", **more: Any) -> dict[str, Any]:
        urn = f"urn:pulumi:test::glz::{types}::{name}"
        return {
            "urn": urn,
            "custom": "id" in more,
            "type": types.rpartition("$")[2],
            "parent": parent,
            **more,
        }

    root = one("pulumi:pulumi:Stack", "glz-test")
    provider = one("pulumi:providers:gcp", "default", id="1")
    owner = one(f"{OURS}Environment", "test", root["urn"])
    found = [root, provider, owner]
    for name in ("one", "two"):
        project = one(f"{OURS}Environment${OURS}GeminiProject", name, owner["urn"])
        secret = {**SIGNATURE, "plaintext": json.dumps(f"{SECRET}-{name}")}
        key = one(
            f"{OURS}Environment${OURS}GeminiProject$gcp:projects/apiKey:ApiKey",
            name,
            project["urn"],
            id=f"projects/acme-{name}/locations/global/keys/{name}",
            outputs={"keyString": secret},
            provider=f"{provider['urn']}::1",
        )
        found += [project, key]
    return [{name: value for name, value in each.items() if value != ""} for each in found]


def test_secrets_are_encrypted_anew(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: glz\nruntime: python\n")
    monkeypatch.setenv("PATH", f"{engine.directory}:/usr/bin:/bin")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"{(tmp_path / 'state').as_uri()}?metadata=skip")
    site = Site(lambda stack: Cli(tmp_path, "glz", stack), lambda stack: tmp_path / f"Pulumi.{stack}.yaml")
    with vault() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        old = site.cli_of("test")
        old.ask("stack", "init", "--no-select", "--secrets-provider", "hashivault://split")
        encryption = site.file_of("test").read_text()
        site.file_of("test").write_text(FILE + encryption)
        for name in ("stays", "moves"):
            path = f"gemini-landing-zone:channels.{name}.token"
            old.ask("config", "set", "--secret", "--path", path, text=f"{SECRET}-{name}")
        exported = json.loads(old.ask("stack", "export"))
        exported["deployment"]["resources"] = resources()
        old.ask("stack", "import", text=json.dumps(exported))

        killed_before_settling(monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            split(site, "test", None, None, Progress(lambda _: None))

        new = site.cli_of("test-2")
        shown = json.loads(new.ask("config", "--json", "--show-secrets"))
        channels = shown["gemini-landing-zone:channels"]["objectValue"]
        assert channels == {"moves": {"type": "slack", "channel": "#two", "token": f"{SECRET}-moves"}}
        state = new.ask("stack", "export", "--show-secrets")
        assert f"{SECRET}-two" in state
        assert f"{SECRET}-one" not in state
        assert f"{SECRET}-two" not in old.ask("stack", "export", "--show-secrets")
        of_both = [each.ask("stack", "export") for each in (old, new)]
    keys = [json.loads(each)["deployment"]["secrets_providers"] for each in of_both]
    assert keys[0]["type"] == keys[1]["type"]
    assert keys[0]["state"] != keys[1]["state"]
    written = [path for path in tmp_path.rglob("*") if path.is_file() and "home" not in path.parts]
    assert not [path for path in written if SECRET in path.read_text(errors="replace")]


def killed_before_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no program here: a look at its plan ends the split."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("landing_zone.operations.split.load_file", stop)
