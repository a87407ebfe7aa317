"""A local cloud of a run's own: deployed to by `gemini-lz up`, called as its users call it, and read."""

import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from threading import local
from typing import Any, Final
from urllib.parse import quote

from sandbox import local_cloud
from sandbox.demo.board import Key, Limit, Name
from sandbox.demo.stack import ACCOUNT, PROJECT_IDS, SEED, STACK, STOLEN, stack_file
from sandbox.engine import Engine
from sandbox.errors import SandboxError
from sandbox.layout import ROOT, Layout
from sandbox.local_cloud import HOST, Ready
from sandbox.shell import sandbox_environment
from sandbox.steps import run_quietly

_COMMAND: Final = Path(sys.executable).with_name("gemini-lz")
_GEMINI: Final = "generativelanguage.googleapis.com"
_APIS: Final = (
    "artifactregistry cloudbuild cloudfunctions cloudscheduler eventarc iam monitoring pubsub run storage"
)
SERIES_DELAY_S: Final = 150
"""How late Cloud Monitoring has a call, as has been seen at Google."""
_AT_ONCE: Final = 8
_TIMEOUT_S: Final = 120
_WANTED: Final = ("requestsPerMinute", "inputTokensPerMinute")


@dataclass(frozen=True)
class Traffic:
    """Calls of one minute."""

    project: str
    """Its name in the stack file."""
    model: str
    prompt: str
    calls: int
    caller: str
    """The address that it comes from."""


@dataclass
class Answers:
    """How the calls of a minute were answered."""

    answered: int = 0
    refused: int = 0


class RunCloud:
    """The local cloud of one run."""

    def __init__(self, name: Name, layout: Layout, ready: Ready, environment: Mapping[str, str]) -> None:
        self.name = name
        self._layout, self._ready = layout, ready
        self._environment = {**os.environ, **environment}
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._connections = local()
        self._keys: dict[str, str] = {}
        self._numbers: dict[str, str] = {}

    def begin(self, now: datetime, seed: int) -> None:
        """Hold the clock, draw chance from a seed, and prepare what exists before any stack: the seed project."""
        self.admin("PUT", "/_local/clock", {"now": now.isoformat(), "hold": True})
        self.admin("PUT", "/_local/seed", {"seed": seed})
        self.admin("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"tier": 3})
        self.admin("PUT", "/_local/metricsLag", {"seconds": SERIES_DELAY_S})
        ids = [f"{api}.googleapis.com" for api in _APIS.split()]
        self.admin("POST", f"/serviceusage/v1/projects/{SEED}/services:batchEnable", {"serviceIds": ids})

    def deploy(self, on_line: Any) -> None:
        """`gemini-lz up`, as for a real stack."""
        self._pulumi("stack", "select", "--create", STACK)
        run_quietly(
            [_COMMAND, "up", STACK, "--yes"],
            cwd=self._layout.program,
            env=self._environment,
            failure=f"gemini-lz up {STACK} failed",
            on_line=on_line,
        )
        outputs = json.loads(self._pulumi("stack", "output", "--json", "--show-secrets", "--stack", STACK))
        for project in PROJECT_IDS:
            self._keys[project] = outputs[project]["keys"]["backend"]
            self._numbers[project] = str(outputs[project]["number"])

    def bound(self, now: datetime) -> Decimal | None:
        """The most that the project can cost in the month, from `gemini-lz exposure --json`; None: not bounded."""
        answer = self._run(_COMMAND, "exposure", STACK, "--json", "--as-of", f"{now:%Y-%m-%d}")
        try:
            month = json.loads(answer.stdout)["projects"][STOLEN]["worstMonth"]
        except (ValueError, KeyError):
            raise SandboxError(f"`gemini-lz exposure {STACK} --json` failed:\n{answer.stderr}") from None
        return None if month["amount"] == "unlimited" else Decimal(month["amount"])

    def send(self, traffic: list[Traffic]) -> dict[str, Answers]:
        """Make the calls of a minute; answers by project."""
        found = {project: Answers() for project in PROJECT_IDS}
        # Those that share a limit come one after the other: which of them it refuses is no chance of this machine.
        groups: dict[tuple[str, str], list[Traffic]] = {}
        for each in traffic:
            groups.setdefault((each.project, each.model), []).extend([each] * each.calls)
        for project, statuses in zip(
            (project for project, _ in groups), self._pool.map(self._group, groups.values()), strict=True
        ):
            found[project].answered += statuses.count(200)
            found[project].refused += len(statuses) - statuses.count(200)
        return found

    def _group(self, calls: list[Traffic]) -> list[int]:
        return [self._generate(each) for each in calls]

    def advance(self, minutes: int) -> datetime:
        """Move the clock, with all that is due; returns its time."""
        shown = self.admin("PUT", "/_local/clock", {"advanceSeconds": 60 * minutes})
        return datetime.fromisoformat(shown["now"])

    def costs(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Project → what all its use costs, and what of it is billed."""
        found = dict.fromkeys(PROJECT_IDS, (Decimal(0), Decimal(0)))
        names = {project_id: name for name, project_id in PROJECT_IDS.items()}
        for each in self.admin("GET", "/_local/costs")["projects"]:
            if each["project"] in names:
                billed = Decimal(each["billed"])
                found[names[each["project"]]] = (billed + Decimal(each["notBilled"]), billed)
        return found

    def mails(self) -> list[dict[str, Any]]:
        """The mails that Google would have sent."""
        mails: list[dict[str, Any]] = self.admin("GET", "/_local/mails")["mails"]
        return mails

    def guard_log(self) -> list[dict[str, Any]]:
        """The lines that the guard's function has written, as JSON; empty without a guard."""
        if self.name != "with":
            return []
        lines = self.admin("GET", f"/_local/functions/gemini-guard-{STACK}/logs").get("lines", [])
        found = []
        for line in lines:
            try:
                text = json.loads(line["text"])
            except ValueError:
                continue
            if isinstance(text, dict) and "message" in text:
                found.append({"time": line["time"], **text})
        return found

    def limits(self, project: str) -> tuple[Limit, ...]:
        """The limits of tier 3 that are set, in words."""
        path = (
            f"/serviceusage/v1beta1/projects/{PROJECT_IDS[project]}/services/{_GEMINI}/consumerQuotaMetrics"
        )
        metrics = self.admin("GET", f"{path}?view=FULL&pageSize=200").get("metrics", [])
        found: dict[str, list[str]] = {}
        stopped = set()
        for metric in metrics:
            name = metric["metric"].rpartition("/")[2]
            words = {
                "generate_content_paid_tier_3_requests": "calls",
                "generate_content_paid_tier_3_input_token_count": "input tokens",
            }
            if name not in words:
                continue
            for limit in metric["consumerQuotaLimits"]:
                if not limit["unit"].startswith("1/min/"):
                    continue
                for bucket in limit.get("quotaBuckets", []):
                    if "consumerOverride" in bucket:
                        value = int(bucket["consumerOverride"].get("overrideValue", "0"))
                        model = bucket.get("dimensions", {}).get("model", "all others")
                        found.setdefault(model, []).append(f"{value:,} {words[name]}")
                        if not value and model != "all others":
                            stopped.add(model)
        if not found:
            return (Limit("none but the tier's own"),)
        return tuple(
            Limit(f"{model}: {' and '.join(values)} a minute", stopped=model in stopped)
            for model, values in sorted(found.items())
        )

    def keys(self, project: str) -> tuple[Key, ...]:
        """The project's keys, and whether they answer."""
        path = f"/apikeys/v2/projects/{PROJECT_IDS[project]}/locations/global/keys"
        found = []
        for key in self.admin("GET", path).get("keys", []):
            email = key.get("serviceAccountEmail")
            disabled = bool(email) and self._is_disabled(project, email)
            state = "stopped: its service account is disabled" if disabled else "answers"
            stolen = project == STOLEN
            found.append(Key("backend", f"{state}{', and is stolen' if stolen else ''}", stolen))
        return tuple(found) or (Key("backend", "deleted", stolen=False),)

    def delete_key(self) -> None:
        """What a person does who reads the mail: delete the stolen key."""
        path = f"/apikeys/v2/projects/{PROJECT_IDS[STOLEN]}/locations/global/keys"
        for key in self.admin("GET", path).get("keys", []):
            self.admin("DELETE", f"/apikeys/v2/{key['name']}")

    def is_linked(self, project: str) -> bool:
        """True if billing is linked."""
        link = self.admin("GET", f"/cloudbilling/v1/projects/{PROJECT_IDS[project]}/billingInfo")
        return bool(link.get("billingEnabled"))

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the local cloud. Raises SandboxError."""
        answer = json.loads(local_cloud.call(self._ready, method, path, body, timeout_s=None) or "{}")
        if isinstance(answer, dict) and "error" in answer:
            raise SandboxError(f"{method} {path}: {answer['error'].get('message', answer['error'])}")
        return answer

    def _is_disabled(self, project: str, email: str) -> bool:
        path = f"/iam/v1/projects/{PROJECT_IDS[project]}/serviceAccounts/{quote(email)}"
        return bool(self.admin("GET", path).get("disabled"))

    def _generate(self, traffic: Traffic) -> int:
        connection = getattr(self._connections, "held", None)
        if connection is None:
            connection = http.client.HTTPConnection(HOST, self._ready["port"], timeout=_TIMEOUT_S)
            self._connections.held = connection
        body = json.dumps({"contents": [{"parts": [{"text": traffic.prompt}]}]})
        headers = {
            "Content-Type": "application/json",
            "X-Goog-Api-Key": self._keys[traffic.project],
            "X-Forwarded-For": traffic.caller,
        }
        connection.request(
            "POST", f"/generativelanguage/v1beta/models/{traffic.model}:generateContent", body, headers
        )
        answer = connection.getresponse()
        answer.read()
        return int(answer.status)

    def _pulumi(self, *arguments: str) -> str:
        answer = self._run("pulumi", *arguments, "--non-interactive")
        if answer.returncode:
            raise SandboxError(f"`pulumi {' '.join(arguments)}` failed:\n{answer.stderr}")
        return answer.stdout

    def _run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self._layout.program,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            umask=0o077,
        )


@contextmanager
def run_cloud(name: Name, engine: Engine, folder: Path) -> Iterator[RunCloud]:
    """A local cloud of a run's own in a folder, which it empties first; stopped at the end."""
    shutil.rmtree(folder, ignore_errors=True)
    layout = Layout(program=folder / "program", state=folder / "state")
    (layout.program / "stacks").mkdir(parents=True)
    for each in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / each, layout.program)
    for each in (".venv", "provider", "policy"):
        (layout.program / each).symlink_to(ROOT / each)
    (layout.program / "stacks" / f"Pulumi.{STACK}.yaml").write_text(stack_file(name), encoding="utf-8")
    ready = local_cloud.launch(layout, ["--port", "0"])
    try:
        yield RunCloud(name, layout, ready, sandbox_environment(engine, layout, ready, "standin"))
    finally:
        local_cloud.stop(layout)
