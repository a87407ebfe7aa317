"""Pulumi keeps a stack's state in a bucket of the local cloud, by its own gs:// backend."""

import json
from pathlib import Path

from sandbox.engine import Engine
from tests.workspace import Cloud, Workspace

BUCKET = "acme-state"


def test_a_stack_lives_in_a_bucket(tmp_path: Path, engine: Engine, cloud: Cloud) -> None:
    body = {"name": BUCKET, "versioning": {"enabled": True}}
    cloud.call("POST", "/storage/storage/v1/b?project=sandbox-seed", body)
    program = tmp_path / "source"
    program.mkdir()
    (program / "Pulumi.yaml").write_text("name: small\nruntime: {name: python}\nstackConfigDir: stacks\n")
    (program / "__main__.py").write_text("import pulumi\npulumi.export('greeting', 'hello')\n")
    workspace = Workspace(tmp_path, engine, cloud, program=program)
    workspace.environment["PULUMI_BACKEND_URL"] = f"gs://{BUCKET}"
    workspace.write("config: {}\n")
    workspace.pulumi("up", "--yes", "--skip-preview")
    exported = json.loads(workspace.pulumi("stack", "export").stdout)
    assert exported["deployment"]["resources"][0]["outputs"] == {"greeting": "hello"}
    [update] = json.loads(workspace.pulumi("stack", "history", "--json").stdout)
    assert update["result"] == "succeeded"

    def objects(query: str) -> list[str]:
        listed = cloud.call("GET", f"/storage/storage/v1/b/{BUCKET}/o?{query}")
        return [item["name"] for item in listed.get("items", [])]

    stack = ".pulumi/stacks/small/test.json"
    assert stack in objects("")
    assert objects(f"versions=true&prefix={stack}").count(stack) > 1, "states before are kept as versions"
    assert not objects("prefix=.pulumi/locks/"), "the lock is given back"
    # The lock of another run is respected.
    lock = ".pulumi/locks/organization/small/test/other.json"
    cloud.call(
        "POST",
        f"/storage/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={lock}",
        {"pid": 1, "username": "ann", "hostname": "elsewhere", "timestamp": "2026-11-27T00:00:00Z"},
    )
    refused = workspace.pulumi("refresh", "--yes", check=False)
    assert refused.returncode != 0
    assert "ann@elsewhere" in refused.stderr + refused.stdout
    workspace.pulumi("cancel", "--yes")
    workspace.pulumi("stack", "rm", "--yes", "--force")
    assert stack not in objects("")
