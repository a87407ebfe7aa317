"""Turns of the writes that Google counts by the calling project: each waits until the quota has room for it.

A write waits in a hook before its resource is created or changed, as only there it is known that there is a write.
"""

import asyncio
import math
import os
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pulumi.runtime.config import CONFIG
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.settings import get_engine, get_monitor

from components.destination import google_config, local_services
from components.pace import Pace, Rate
from components.shared_pace import SharedPace
from landing_zone.google.config import GoogleConfig
from landing_zone.settings import WriteRatesSettings

SHARED: Final = "GEMINI_LZ_TURNS"
"""The environment variable with the folder of the turns that several processes share; `gemini-lz fleet` sets it."""
_SHOWN_FROM_S: Final = 1.0
"""Shorter waits are not shown."""


@dataclass(frozen=True)
class Quota:
    """A quota of Google on writes."""

    service: str
    setting: str
    """The setting of `writeRates` that has another value for it."""
    writes: int
    """As Google publishes it."""
    per: str
    per_s: int
    window_s: int
    """The time over which Google counts."""
    what: str
    chosen: Callable[[WriteRatesSettings], Decimal | int | None]
    """The setting's value."""


_PROJECTS: Final = Quota(
    "cloudresourcemanager",
    "projectsPerSecond",
    1,
    "second",
    1,
    10,
    "writes of projects",
    lambda rates: rates.projects_per_second,
)
_KEYS: Final = Quota(
    "apikeys",
    "keysPerMinute",
    120,
    "minute",
    60,
    60,
    "writes of API keys",
    lambda rates: rates.keys_per_minute,
)
_BUDGETS: Final = Quota(
    "billingbudgets",
    "budgetsPerMinute",
    100,
    "minute",
    60,
    60,
    "writes of budgets",
    lambda rates: rates.budgets_per_minute,
)
_QUOTAS: Final[Mapping[str, Quota]] = {
    "gcp:organizations/project:Project": _PROJECTS,
    "gcp:projects/apiKey:ApiKey": _KEYS,
    "gcp:billing/budget:Budget": _BUDGETS,
    "gemini-landing-zone:index:SpendCap": _BUDGETS,
}
"""Resource type → the quota that counts it."""


class Turns:
    """The turns of one calling project's writes."""

    rates: Mapping[str, Decimal]
    """Setting of `writeRates` → the rate in force."""

    def __init__(
        self,
        rates: WriteRatesSettings,
        local: Collection[str],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        shared: Path | None = None,
    ) -> None:
        """`local`: services at a local cloud, which has no quotas unless a setting, or a refusal, says otherwise.

        `shared`: the folder of what all processes of the caller share, whose clock is then the machine's; None: this
        process writes alone.
        """
        self._clock, self._sleep = clock, sleep
        quotas = list(dict.fromkeys(_QUOTAS.values()))
        self.rates = {quota.setting: Decimal(quota.chosen(rates) or quota.writes) for quota in quotas}
        self._paces: dict[Quota, Pace | SharedPace] = {}
        for quota in quotas:
            rate = Rate.of(self.rates[quota.setting] / quota.per_s, quota.window_s)
            chosen = quota.chosen(rates) is not None
            enforced = quota.service not in local or chosen
            self._paces[quota] = (
                SharedPace(shared / f"{quota.service}.json", rate, chosen=chosen, enforced=enforced)
                if shared
                else Pace(rate, enforced=enforced)
            )
        self._waiting: dict[Quota, list[str]] = {quota: [] for quota in quotas}
        """URNs of the resources that wait for a turn, in the order in which they asked."""
        self._shown: set[str] = set()

    async def wait(self, resource_type: str, urn: str) -> None:
        """Wait for the turn of a resource's write; the engine shows that, once for each resource."""
        quota = _QUOTAS[resource_type]
        pace, waiting = self._paces[quota], self._waiting[quota]
        waiting.append(urn)
        try:
            turn = None
            while turn is None or not pace.holds(turn):
                turn = pace.turn(self._clock(), waiting.index(urn))
                while (seconds := turn.at - self._clock()) > 0:
                    self._show(quota, urn, seconds)
                    await self._sleep(seconds)
        finally:
            waiting.remove(urn)

    def refused(self, resource_type: str, delay: float) -> bool:
        """Slow down after a refusal for the rate; False if the type has no turns."""
        quota = _QUOTAS.get(resource_type)
        if quota:
            self._paces[quota].refused(self._clock(), delay)
        return quota is not None

    def _show(self, quota: Quota, urn: str, seconds: float) -> None:
        engine = get_engine()
        if engine is None or seconds < _SHOWN_FROM_S or urn in self._shown:
            return
        self._shown.add(urn)
        text = (
            f"waits {math.ceil(seconds)} s: Google's quota on {quota.what}, {self.rates[quota.setting]:f} a "
            f"{quota.per} (writeRates.{quota.setting})"
        )
        # pulumi.log takes a resource, and a hook has only its URN.
        engine.Log(
            engine_pb2.LogRequest(severity=engine_pb2.INFO, message=text, urn=urn, streamId=0, ephemeral=True)
        )


_chosen: dict[Any, WriteRatesSettings] = {}
"""Engine → the rates that its program has set."""


def choose_rates(rates: WriteRatesSettings) -> None:
    """Set the rates of this program's writes, before any resource is registered."""
    _chosen[get_monitor()] = rates


def turns() -> Turns:
    """The turns of this program's writes. Programs at the same place share them: a plugin process may serve several."""
    google = google_config(CONFIG.get(), os.environ)
    folder = os.environ.get(SHARED)
    return _turns(
        _chosen.get(get_monitor(), WriteRatesSettings()),
        frozenset(local_services(google)),
        Path(folder) / _caller(google) if folder else None,
    )


@cache
def _turns(rates: WriteRatesSettings, local: frozenset[str], shared: Path | None) -> Turns:
    return Turns(rates, local, shared=shared)


def _caller(google: GoogleConfig) -> str:
    """A folder's name for the project whose quotas the writes count against, as far as the configuration says it.

    Without a word of it there, it is that of the credentials, which a fleet's processes have from one environment.
    """
    account = (google.impersonated or "").partition("@")[2].removesuffix(".iam.gserviceaccount.com")
    credentials = google.credentials or google.access_token or ""
    named = google.user_project(None) or account or "credentials"
    # Credentials count where they are all that is known; their digest says nothing of them.
    which = "" if named != "credentials" else credentials
    addresses = [google.address(quota.service) for quota in dict.fromkeys(_QUOTAS.values())]
    digest = sha256("\n".join([which, *addresses]).encode()).hexdigest()[:12]
    return f"{re.sub('[^a-z0-9-]', '-', named)}-{digest}"
