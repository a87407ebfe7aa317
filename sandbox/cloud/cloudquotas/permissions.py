"""What the methods of Cloud Quotas need."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.permissions import Rule, needs, on_path

_GET: Final = needs("cloudquotas.quotas.get", on_path())
_UPDATE: Final = needs("cloudquotas.quotas.update", on_path())

PERMISSIONS: Final[Mapping[str, Rule]] = {
    "cloudquotas.GetQuotaInfo": _GET,
    "cloudquotas.ListQuotaInfos": _GET,
    "cloudquotas.GetQuotaPreference": _GET,
    "cloudquotas.ListQuotaPreferences": _GET,
    "cloudquotas.GetQuotaAdjusterSettings": _GET,
    "cloudquotas.UpdateQuotaAdjusterSettings": _UPDATE,
    "cloudquotas.CreateQuotaPreference": _UPDATE,
    "cloudquotas.UpdateQuotaPreference": _UPDATE,
}
