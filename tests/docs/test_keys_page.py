"""docs/keys.md: its commands hand a key over and rotate it without a gap, under the production policies."""

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

from sandbox.engine import Engine
from tests.docs.production import SEED, Page, Production
from tests.workspace import Cloud

KEYS = "/apikeys/v2/projects/acme-chat-prod/locations/global/keys"
SECRET = f"/secretmanager/v1/projects/{SEED}/secrets/chat-gemini-key"
ONE = "        backend: {allowedIps: [203.0.113.0/24], methods: [generate, countTokens]}\n"


def key_strings(cloud: Cloud) -> dict[str, str]:
    """Name in the stack file → string, of the keys that are there."""
    return {
        key["displayName"].rpartition(" ")[2]: cloud.call("GET", f"/apikeys/v2/{key['name']}/keyString")[
            "keyString"
        ]
        for key in cloud.call("GET", KEYS)["keys"]
    }


def secret(cloud: Cloud) -> str:
    """The latest version of the secret."""
    data = cloud.call("GET", f"{SECRET}/versions/latest:access")["payload"]["data"]
    return b64decode(data).decode()


def grant(cloud: Cloud, project: str, role: str, member: str, condition: Any = None) -> None:
    binding = {"role": role, "members": [member], **({"condition": condition} if condition else {})}
    policy = {"version": 3, "bindings": [binding]}
    cloud.call("POST", f"/cloudresourcemanager/v1/projects/{project}:setIamPolicy", {"policy": policy})


def test_a_key_is_handed_over_and_rotated_as_the_page_says(
    tmp_path: Path, engine: Engine, cloud: Cloud
) -> None:
    page, prod = Page("keys.md"), Production(tmp_path, engine, cloud)
    condition = {"title": "chat", "expression": 'resource.name.endsWith("chat-gemini-key/versions/latest")'}
    application = "serviceAccount:chat@acme-chat-prod.iam.gserviceaccount.com"
    grant(cloud, SEED, "roles/secretmanager.secretAccessor", application, condition)
    grant(cloud, "acme-chat-prod", "roles/viewer", "group:developers@example.com")

    assert "standard: true" in page.take("yaml")
    assert "disable gemini-backend@acme-chat-prod" in page.take("text")
    command, printed = page.shown()
    assert prod.run(command) == printed
    [old] = key_strings(cloud).values()
    assert secret(cloud) == old
    to_file, to_pipe = page.command().splitlines()
    prod.run(to_file)
    written = prod.file.parent.parent / "chat.key"
    assert (written.read_text(), written.stat().st_mode & 0o777) == (old, 0o600)
    assert prod.run(to_pipe).startswith(f"{len(old)}\n")

    assert page.take("yaml").count("backend-2") == 1
    prod.edit(ONE, f"{ONE}{ONE.replace('backend', 'backend-2')}")
    prod.run(page.command())
    both = key_strings(cloud)
    assert both == {"backend": old, "backend-2": both["backend-2"]}
    prod.run(page.command())
    assert secret(cloud) == both["backend-2"] != old

    shown = json.loads(prod.run(page.command()))
    [chat] = [project for project in shown["projects"] if project["name"] == "chat"]
    uids = {key["name"]: key["inForce"]["uid"] for key in chat["keys"]}
    assert set(uids) == {"backend", "backend-2"}
    assert uids["backend"] in {key["uid"] for key in cloud.call("GET", KEYS)["keys"]}
    assert re.search(r'credential_id="apikey:UID"', page.take("text"))

    assert "backend:" not in page.take("yaml")
    prod.edit(ONE, "")
    prod.run(page.command())
    assert key_strings(cloud) == {"backend-2": both["backend-2"]}
    assert page.is_done()
    prod.run("gemini-lz show prod")
