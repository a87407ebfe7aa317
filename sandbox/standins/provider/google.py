"""Calls to Google: endpoints, headers, retries, long-running operations, and errors in the provider's words."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
from yarl import URL


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service is: the provider's setting and environment variable for it, and Google's own address."""

    setting: str
    variable: str
    address: str
    #: What follows the endpoint, where that carries no version.
    version: str = ""
    #: Clients generated from discovery documents ask for terse answers; hand-written requests do not.
    terse: bool = False


#: By the client that the provider uses: some services are asked by two, which differ in their query parameters.
SERVICES: Final[Mapping[str, Service]] = {
    "cloudresourcemanager": Service(
        "resourceManagerCustomEndpoint",
        "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT",
        "https://cloudresourcemanager.googleapis.com/v1/",
        terse=True,
    ),
    "cloudbilling": Service(
        "cloudBillingCustomEndpoint",
        "GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT",
        "https://cloudbilling.googleapis.com/v1/",
        terse=True,
    ),
    "billinglinks": Service(
        "cloudBillingCustomEndpoint",
        "GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT",
        "https://cloudbilling.googleapis.com/v1/",
    ),
    "billingbudgets": Service(
        "billingBudgetsCustomEndpoint",
        "GOOGLE_BILLING_BUDGETS_CUSTOM_ENDPOINT",
        "https://billingbudgets.googleapis.com/v1/",
    ),
    "serviceusage": Service(
        "serviceUsageCustomEndpoint",
        "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT",
        "https://serviceusage.googleapis.com/v1/",
    ),
    "services": Service(
        "serviceUsageCustomEndpoint",
        "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT",
        "https://serviceusage.googleapis.com/v1/",
        terse=True,
    ),
    "apikeys": Service(
        "apikeysCustomEndpoint", "GOOGLE_APIKEYS_CUSTOM_ENDPOINT", "https://apikeys.googleapis.com/v2/"
    ),
    "cloudquotas": Service(
        "cloudQuotasCustomEndpoint",
        "GOOGLE_CLOUD_QUOTAS_CUSTOM_ENDPOINT",
        "https://cloudquotas.googleapis.com/v1/",
    ),
    "monitoring": Service(
        "monitoringCustomEndpoint",
        "GOOGLE_MONITORING_CUSTOM_ENDPOINT",
        "https://monitoring.googleapis.com/",
        version="v3/",
    ),
}
#: Statuses that are tried again, as the provider tries them.
_TRANSIENT: Final = frozenset({429, 500, 502, 503})
_ATTEMPTS: Final = 6
_FIRST_WAIT: Final = 0.1
_FIRST_POLL: Final = 0.02
_LAST_POLL: Final = 2.0
#: google.rpc.Code in the words of the provider's errors.
_REASONS: Final = {
    400: "badRequest",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    409: "alreadyExists",
    429: "rateLimitExceeded",
}


class GoogleError(Exception):
    """Google refused. Its text is the provider's: `googleapi: Error 400: Precondition check failed., …`."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        self.status = status
        message = error.get("message", "")
        words = {"FAILED_PRECONDITION": "failedPrecondition", "INVALID_ARGUMENT": "badRequest"}
        reason = words.get(error.get("status", ""), _REASONS.get(status, "backendError"))
        details = error.get("details")
        text = f"googleapi: Error {status}: {message}"
        text += f"\nDetails:\n{json.dumps(details, indent=2)}" if details else f", {reason}"
        super().__init__(text)


class Google:
    """A client for all services, as the provider's configuration has it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._session: aiohttp.ClientSession | None = None
        self.project = self._setting(
            "project", "GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"
        )
        self._endpoints = {
            name: (self._setting(service.setting, service.variable) or service.address) + service.version
            for name, service in SERVICES.items()
        }

    def _setting(self, name: str, *variables: str) -> str:
        found = self._config.get(name) or next((os.environ[v] for v in variables if os.environ.get(v)), "")
        return str(found)

    async def call(
        self, method: str, service: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> dict[str, Any]:
        """One request, tried again while Google is busy; the response's JSON.

        Raises:
            GoogleError: Google refused it.
        """
        terse = {"prettyPrint": "false"} if SERVICES[service].terse else {}
        # Sorted, as Go's clients send it.
        parameters = urlencode(sorted({"alt": "json", **(query or {}), **terse}.items()), doseq=True)
        url = f"{self._endpoints[service]}{path}?{parameters}"
        for attempt in range(1, _ATTEMPTS + 1):
            status, answer = await self._send(method, url, body)
            if status < 400:
                return answer
            if status not in _TRANSIENT or attempt == _ATTEMPTS:
                raise GoogleError(status, answer.get("error", {}))
            await asyncio.sleep(_FIRST_WAIT * 2 ** (attempt - 1))
        raise AssertionError("unreachable")

    async def finished(self, service: str, operation: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for a long-running operation; its response.

        Raises:
            GoogleError: it failed.
        """
        wait = _FIRST_POLL
        current = dict(operation)
        # An operation is asked for by a plain request, whatever client started it.
        plain = {"services": "serviceusage"}.get(service, service)
        while not current.get("done"):
            current = await self._poll(plain, current["name"])
            if not current.get("done"):
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LAST_POLL)
        if "error" in current:
            raise GoogleError(400, current["error"])
        return dict(current.get("response", {}))

    async def _poll(self, service: str, name: str) -> dict[str, Any]:
        status, answer = await self._send("GET", f"{self._endpoints[service]}{name}?alt=json", None)
        if status in _TRANSIENT:
            return {"name": name}
        if status >= 400:
            raise GoogleError(status, answer.get("error", {}))
        return answer

    async def _send(self, method: str, url: str, body: Any) -> tuple[int, dict[str, Any]]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=120)
            )
        headers = {"Authorization": f"Bearer {self._token()}"}
        billed = self._setting("billingProject", "GOOGLE_BILLING_PROJECT")
        overridden = self._setting("userProjectOverride", "USER_PROJECT_OVERRIDE").lower() == "true"
        if billed and overridden:
            headers["X-Goog-User-Project"] = billed
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        # Encoded: a quota's name holds slashes that must stay encoded.
        async with self._session.request(
            method, URL(url, encoded=True), data=data, headers=headers
        ) as response:
            text = await response.read()
            try:
                return response.status, json.loads(text) if text else {}
            except json.JSONDecodeError:
                return response.status, {"error": {"message": text.decode("utf-8", "replace")[:200]}}

    def _token(self) -> str:
        return self._setting("accessToken", "GOOGLE_OAUTH_ACCESS_TOKEN")
