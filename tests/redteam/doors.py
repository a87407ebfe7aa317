"""Every door of the local cloud, really tried: every key, from an address that it allows, and a token; every model,
with requests as large as they can be, until they are refused."""

import http.client
import ipaddress
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from landing_zone.gemini.prices import LONG_CONTEXT
from landing_zone.pricing.rates import rates
from sandbox.cloud.generativelanguage.published import MODELS, Model
from tests.lifecycle.policies.judged import ACCOUNT
from tests.redteam.production import DAY, LAG_MINUTES
from tests.workspace import Cloud

_CHARACTERS_A_TOKEN: Final = 4
_PACIFIC: Final = ZoneInfo("America/Los_Angeles")
_SEED: Final = "sandbox-seed"
_MOST: Final = 10
"""Calls in a minute through one door: where limits of tokens alone are low, there could be thousands."""
_MILLION: Final = Decimal(1_000_000)
Spent = dict[str, Decimal]
"""Project id → US dollars."""


@dataclass(frozen=True)
class Door:
    """A way to call the Gemini API."""

    project: str
    headers: dict[str, str]


@dataclass
class Tried:
    """What was spent through all doors."""

    by_tier: dict[int, Spent] = field(default_factory=dict)
    """In the whole window."""
    a_minute: dict[int, Spent] = field(default_factory=dict)
    """The most in a minute."""
    served: Counter[str] = field(default_factory=Counter)
    """Calls by model."""


def try_doors(cloud: Cloud) -> Tried:
    """Spend what can be spent, on each tier, in a window over midnight in California, where a quota's day begins."""
    listed = cloud.call("GET", "/cloudresourcemanager/v1/projects")["projects"]
    projects = [each["projectId"] for each in listed if each["projectId"] != _SEED]
    doors = {project: list(_doors(cloud, project)) for project in projects if _is_paid(cloud, project)}
    caller, tried = _Caller(cloud), Tried()
    for tier in (1, 2, 3):
        cloud.call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"tier": tier})
        spent: defaultdict[str, Decimal] = defaultdict(Decimal)
        most: defaultdict[str, Decimal] = defaultdict(Decimal)
        still_open = {(project, model.id) for project in doors for model in MODELS.values()}
        begins = _until_midnight(days=2 * tier) - 60
        for minute in range(LAG_MINUTES + 1):
            cloud.call("PUT", "/_local/clock", {"seconds": begins + 60 * minute})
            now: defaultdict[str, Decimal] = defaultdict(Decimal)
            for project, model in sorted(still_open):
                # Most models are closed: they are tried with small requests first, as are the doors after the first.
                calls = [
                    each
                    for place, door in enumerate(doors[project])
                    for each in caller.use_up(door, MODELS[model], small_first=minute == 0 or place > 0)
                ]
                now[project] += sum(_cost(MODELS[model], tokens) for tokens in calls)
                tried.served[model] += len(calls)
                if not calls and minute == 0:
                    still_open.discard((project, model))
            for project, amount in now.items():
                spent[project] += amount
                most[project] = max(most[project], amount)
        tried.by_tier[tier], tried.a_minute[tier] = dict(spent), dict(most)
    return tried


def strangers(cloud: Cloud) -> list[str]:
    """Keys in a project that no program of these manages."""
    return [key["name"] for key in _keys(cloud, _SEED)]


def _cost(model: Model, tokens: int) -> Decimal:
    """The most that a request of so many tokens can cost, of any modality: the answer could be the largest."""
    found = rates(model.id, date.fromisoformat(DAY), long=tokens > LONG_CONTEXT and "pro" in model.id)
    output = model.output_tokens * model.candidates
    return (tokens * found.dearest_input + output * found.dearest_output) / _MILLION


def _is_paid(cloud: Cloud, project: str) -> bool:
    return bool(cloud.call("GET", f"/cloudbilling/v1/projects/{project}/billingInfo").get("billingEnabled"))


def _until_midnight(days: int) -> int:
    """Seconds until the beginning of a day in California, so many days on."""
    now = datetime.now(UTC).astimezone(_PACIFIC)
    day = (now + timedelta(days=days)).date()
    return int((datetime(day.year, day.month, day.day, tzinfo=_PACIFIC) - now).total_seconds())


def _keys(cloud: Cloud, project: str) -> list[dict[str, Any]]:
    enabled = cloud.call("GET", f"/serviceusage/v1/projects/{project}/services?filter=state:ENABLED")
    if not any(each["config"]["name"] == "apikeys.googleapis.com" for each in enabled.get("services", [])):
        return []
    found: list[dict[str, Any]] = cloud.call(
        "GET", f"/apikeys/v2/projects/{project}/locations/global/keys"
    ).get("keys", [])
    return found


def _doors(cloud: Cloud, project: str) -> Iterator[Door]:
    """Every key, and a token of somebody with rights in the project."""
    for key in _keys(cloud, project):
        text = cloud.call("GET", f"/apikeys/v2/{key['name']}/keyString")["keyString"]
        yield Door(project, {"X-Goog-Api-Key": text, **_address(key)})
    yield Door(project, {"Authorization": "Bearer test", "X-Goog-User-Project": project})


def _address(key: dict[str, Any]) -> dict[str, str]:
    """An address that the key allows."""
    allowed = key.get("restrictions", {}).get("serverKeyRestrictions", {}).get("allowedIps", [])
    if not allowed:
        return {}
    return {"X-Forwarded-For": str(ipaddress.ip_network(allowed[0], strict=False).network_address)}


class _Caller:
    """Somebody who reads the refusals, to spend what is left."""

    def __init__(self, cloud: Cloud) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", cloud.ready["port"], timeout=60)

    def use_up(self, door: Door, model: Model, *, small_first: bool) -> Iterator[int]:
        """Call until refused; yields the tokens of each call that was served."""
        size, used = 1 if small_first else model.input_tokens, 0
        for _ in range(_MOST):
            status, answer = self._call(door, model, size)
            if status == 200:
                read = int(answer["usageMetadata"]["promptTokenCount"])
                used += read
                size = model.input_tokens if used == read == 1 else size
                yield read
                continue
            left = [
                int(violation.get("quotaValue", "0")) - used
                if "token_count" in violation["quotaMetric"]
                else 0
                for detail in answer["error"].get("details", [])
                for violation in detail.get("violations", ())
                if "quotaMetric" in violation
            ]
            if status != 429 or not left or not 0 < min(left) < size:
                return
            size = min(left)

    def _call(self, door: Door, model: Model, tokens: int) -> tuple[int, dict[str, Any]]:
        text = "a" * (tokens * _CHARACTERS_A_TOKEN)
        asked = {"candidateCount": model.candidates}
        body = {"contents": [{"parts": [{"text": text}]}], "generationConfig": asked}
        headers = {"Content-Type": "application/json", **door.headers}
        path = f"/generativelanguage/v1beta/models/{model.id}:generateContent"
        self._connection.request("POST", path, json.dumps(body), headers)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read())
