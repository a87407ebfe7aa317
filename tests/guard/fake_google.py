"""Google as far as the guard calls it: a bucket with generations, limits, service accounts, billing links, series.

Each call can be made to fail, to end the guard's process before or after it is carried out, or to have something else
happen first: another guard's run, a person's change.
"""

import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.quotas import QUOTA_LIMITS
from landing_zone.google.config import GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google, Json

Override = tuple[str, str, str]
"""Metric, limit, model."""
FREE_EMBEDDINGS: Final = f"{GEMINI_API}/embed_content_free_tier_requests"
"""Google lets nobody change it."""
PRIORITY: Final = f"{GEMINI_API}/generate_content_paid_tier_2_requests_prio"
VIDEOS: Final = f"{GEMINI_API}/predict_long_running_requests_per_model"
EMBEDDINGS: Final = f"{GEMINI_API}/embed_content_paid_tier_requests"
PER_MINUTE: Final = "/min/model/project"
PLACES: Final = [
    *((limit.metric, limit.limit) for limits in QUOTA_LIMITS.values() for limit in limits),
    *((metric, PER_MINUTE) for metric in (FREE_EMBEDDINGS, PRIORITY, VIDEOS, EMBEDDINGS)),
]
TIER_VALUE: Final = 1000
MODELS: Final = ("gemini-3.8-flash", "gemini-2.5-pro")


class Killed(BaseException):
    """The guard's process ends."""


@dataclass
class Cloud:
    """The state of one Google, which several guards call."""

    now: datetime = datetime(2026, 11, 10, 12, tzinfo=UTC)
    objects: dict[str, tuple[int, str]] = field(default_factory=dict)
    overrides: dict[Override, int] = field(default_factory=dict)
    disabled: dict[str, bool] = field(default_factory=dict)
    link: str = "01A2B3-C4D5E6-F7A8B9"
    absent: set[str] = field(default_factory=set)
    """Metrics of quotas that the project does not have yet."""
    metrics: list[Json] = field(default_factory=list)
    """Time series that were written."""
    log: list[str] = field(default_factory=list)
    """Calls that change something at Google, without those of the bucket."""
    generation: int = 0

    @property
    def limits(self) -> tuple[dict[Override, int], dict[str, bool], str]:
        """What acts change."""
        return dict(self.overrides), dict(self.disabled), self.link

    def is_stopped(self) -> bool:
        """True if nothing can be called."""
        changeable = [place for place in PLACES if place[0] != FREE_EMBEDDINGS]
        return all(
            self.overrides.get((*place, model), self.overrides.get((*place, ""), TIER_VALUE)) == 0
            for place in changeable
            for model in (*MODELS, "a-new-model")
        )

    def put(self, name: str, content: Json) -> None:
        """Write an object, whatever is there."""
        self.generation += 1
        self.objects[name] = (self.generation, json.dumps(content))


class FakeGoogle(Google):
    """A client of such a Google."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(GoogleConfig(access_token="t"))
        self.cloud = cloud
        self.calls = 0
        self.before: Callable[[int, str], None] = lambda _number, _call: None
        """Runs before a call is carried out: its number, and what it is."""
        self.after: Callable[[int, str], None] = lambda _number, _call: None

    @property
    def now(self) -> datetime:
        return self.cloud.now

    def backoff(self) -> Iterator[None]:
        while True:
            yield

    def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        query: Mapping[str, Any] | None = None,
        answered: MutableMapping[str, str] | None = None,
        **_: Any,
    ) -> Json:
        number, name = self.calls, f"{service} {method} {path}"
        self.calls += 1
        self.before(number, name)
        try:
            return self._carry_out(service, method, path, body or {}, query or {}, answered)
        finally:
            self.after(number, name)

    def _carry_out(
        self,
        service: str,
        method: str,
        path: str,
        body: Json,
        query: Mapping[str, Any],
        answered: MutableMapping[str, str] | None,
    ) -> Json:
        if service.startswith("storage"):
            return self._storage(method, path, body, query, answered)
        if method != "GET" and service != "monitoring":
            self.cloud.log.append(f"{method} {path}")
        return {
            "serviceusage": self._quotas,
            "iam": self._accounts,
            "cloudbilling": self._billing,
            "monitoring": self._monitoring,
        }[service](method, path, body)

    def _storage(
        self,
        method: str,
        path: str,
        body: Json,
        query: Mapping[str, Any],
        answered: MutableMapping[str, str] | None,
    ) -> Json:
        cloud, name = self.cloud, unquote(path.partition("/o/")[2])
        if method == "POST":
            name = query["name"]
            if cloud.objects.get(name, (0, ""))[0] != int(query["ifGenerationMatch"]):
                raise GoogleError(412, "", "At least one of the pre-conditions you specified did not hold.")
            cloud.put(name, body)
            return {"generation": str(cloud.generation)}
        if not name:
            items = [
                {"name": each, "generation": str(generation)}
                for each, (generation, _) in sorted(cloud.objects.items())
                if each.startswith(query["prefix"])
            ]
            return {"items": items}
        if name not in cloud.objects:
            raise GoogleError(404, "", f"No such object: b/{name}")
        generation, content = cloud.objects[name]
        if "alt" not in query:
            return {"generation": str(generation)}
        if answered is not None:
            answered["x-goog-generation"] = str(generation)
        found: Json = json.loads(content)
        return found

    def _quotas(self, method: str, path: str, body: Json) -> Json:
        overrides = self.cloud.overrides
        if method == "GET":
            return {
                "metrics": [
                    self._metric(metric)
                    for metric in dict.fromkeys(place[0] for place in PLACES)
                    if metric not in self.cloud.absent
                ]
            }
        if method == "DELETE":
            metric, _, rest = path.partition("/consumerQuotaMetrics/")[2].partition("/limits/")
            limit, _, model = rest.partition("/consumerOverrides/")
            if overrides.pop((unquote(metric), unquote(limit), model.removeprefix("of-")), None) is None:
                raise GoogleError(404, "NOT_FOUND", "no such override")
            return {"done": True}
        entries = body["inlineSource"]["overrides"]
        if any(each["metric"] == FREE_EMBEDDINGS for each in entries):
            raise GoogleError(
                400, "INVALID_ARGUMENT", f"COMMON_QUOTA_CONSUMER_OVERRIDE_FOR_FIXED_LIMIT {FREE_EMBEDDINGS}"
            )
        for each in entries:
            [limit] = [
                limit
                for metric, limit in PLACES
                if metric == each["metric"] and limit.startswith("/min/") == ("1/min" in each["unit"])
            ]
            model = each.get("dimensions", {}).get("model", "")
            overrides[each["metric"], limit, model] = int(each["overrideValue"])
        return {"done": True}

    def _metric(self, metric: str) -> Json:
        path = f"projects/1/services/{GEMINI_API}/consumerQuotaMetrics/{metric.replace('/', '%2F')}/limits/"
        limits = []
        for limit in [limit for name, limit in PLACES if name == metric]:
            general = self.cloud.overrides.get((metric, limit, ""))
            buckets = []
            for model in ("", *MODELS):
                own = self.cloud.overrides.get((metric, limit, model))
                held = general if own is None else own
                name = f"{path}{limit.replace('/', '%2F')}/consumerOverrides/of-{model}"
                buckets.append(
                    {
                        "defaultLimit": str(TIER_VALUE),
                        "effectiveLimit": str(TIER_VALUE if held is None else min(held, TIER_VALUE)),
                        **({"dimensions": {"model": model}} if model else {}),
                        **(
                            {}
                            if own is None
                            else {"consumerOverride": {"name": name, "overrideValue": str(own)}}
                        ),
                    }
                )
            unit = "1/min/{project}/{model}" if limit.startswith("/min/") else "1/d/{project}/{model}"
            limits.append(
                {"name": f"{path}{limit.replace('/', '%2F')}", "unit": unit, "quotaBuckets": buckets}
            )
        return {"metric": metric, "consumerQuotaLimits": limits}

    def _accounts(self, method: str, path: str, _: Json) -> Json:
        email, _colon, verb = path.rpartition("/")[2].partition(":")
        if email not in self.cloud.disabled:
            raise GoogleError(404, "NOT_FOUND", "no such account")
        if method == "POST":
            self.cloud.disabled[email] = verb == "disable"
        return {"email": email, "disabled": self.cloud.disabled[email]}

    def _billing(self, method: str, _: str, body: Json) -> Json:
        if method == "PUT":
            self.cloud.link = body["billingAccountName"].removeprefix("billingAccounts/")
        name = f"billingAccounts/{self.cloud.link}" if self.cloud.link else ""
        return {"billingAccountName": name, "billingEnabled": bool(name)}

    def _monitoring(self, method: str, _: str, body: Json) -> Json:
        if method == "POST":
            self.cloud.metrics += body["timeSeries"]
        return {}
