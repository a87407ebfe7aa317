"""The field types of the settings: each refuses what Google would refuse, and says what to write instead."""

import ipaddress
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, SecretStr, StrictInt, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from landing_zone.gemini.currencies import CURRENCIES
from landing_zone.gemini.limits import count
from landing_zone.gemini.methods import METHOD_GROUPS, METHODS
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.names import ANY_PROJECT_ID
from landing_zone.pricing.model_ids import UnknownModelError, check_model, known_models, limited_as, served
from landing_zone.settings.problems import nearest


def mistake(reason: str, remedy: str) -> PydanticCustomError:
    """A mistake for a validator to raise: pydantic keeps where, this keeps what and the way out."""
    return PydanticCustomError("mistake", "{reason}", {"reason": reason, "remedy": remedy})


def matching(pattern: str, what: str, remedy: str) -> Any:
    """The type of a text that a pattern fits as a whole; a mistake says `what` it is not, and the remedy."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise mistake(f"{value!r} is not {what}", remedy)
        return value

    return Annotated[
        StrictStr, AfterValidator(check), WithJsonSchema({"type": "string", "pattern": _whole(pattern)})
    ]


def _whole(pattern: str) -> str:
    """The pattern for a whole text: a JSON Schema's may match a part of it."""
    return f"^({pattern})$" if "|" in pattern else f"^{pattern}$"


_OF_ANY_AGE: Final = re.compile(rf"(?![0-9]+$){ANY_PROJECT_ID}")


def _text(limit: int, what: str, *, empty: bool = False) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not (0 if empty else 1) <= len(value) <= limit:
            raise mistake(f"{what} has {len(value)} characters", f"write 1 to {limit} characters")
        return value

    return check


def is_project_id(value: str) -> bool:
    """True if it is an ID that a project can have, old forms included."""
    return bool(_OF_ANY_AGE.fullmatch(value))


def _project_id(value: str) -> str:
    # What a new project may be called is checked where it is known whether it is new.
    return value if is_project_id(value) else new_project_id(value)


def new_project_id(value: str) -> str:
    """An ID that Google still gives out. Raises PydanticCustomError."""
    remedy = (
        "write 6 to 30 lowercase letters, digits and hyphens, a letter first, no hyphen last: acme-chat-prod"
    )
    if not 6 <= len(value) <= 30:
        raise mistake(f"{value!r} has {len(value)} characters; Google allows 6 to 30", remedy)
    if not re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", value):
        raise mistake(f"{value!r} is not a project id", remedy)
    if word := next((word for word in ("google", "ssl") if word in value), None):
        raise mistake(
            f"{value!r} contains {word!r}, which Google reserves",
            "choose an id without it, such as acme-chat-prod",
        )
    return value


_MAX_DIGITS: Final = 30


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise mistake(f"{value!r} is not a number", "write a number such as 1200.50")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise mistake(
            f"{value!r} is not a number", "write a number without currency sign or commas, such as 1200.50"
        ) from None
    if not number.is_finite():
        raise mistake(f"{value!r} is not a finite number", "write a number such as 1200.50")
    if not -_MAX_DIGITS <= int(number.as_tuple().exponent) <= number.adjusted() <= _MAX_DIGITS:
        # Written out, 1e999999999 takes a gigabyte.
        raise mistake(
            f"the number has more than {_MAX_DIGITS} digits before or after its point",
            "write a number such as 1200.50",
        )
    return number


def _amount(value: Decimal) -> Decimal:
    if value <= 0:
        raise mistake(f"the amount is {value}", "write an amount above 0, such as 1200.50")
    if value >= Decimal(10) ** 12:
        raise mistake(
            f"the amount {value} is beyond any budget", "write an amount below 1000000000000, such as 1200.50"
        )
    if -int(value.as_tuple().exponent) > 9:
        raise mistake(
            f"{value} has more than 9 decimals",
            "write at most 9 decimals, such as 0.000000001; Google counts in billionths",
        )
    return value


def _currency(value: str) -> str:
    if value not in CURRENCIES:
        near = value.upper() if value.upper() in CURRENCIES else nearest(value, CURRENCIES)
        hint = f"did you mean {near}? " if near else ""
        raise mistake(
            f"{value!r} is not a currency code",
            f"{hint}Write the billing account's currency as three capital letters, such as USD",
        )
    return value


def share(raw: object) -> Decimal:
    """A threshold's share of a budget; over 1 is allowed, as Google allows it."""
    value = _decimal(raw)
    if value < 0:
        raise mistake(f"the threshold {value} is negative", "write a share of the budget: 0.5 is 50 %")
    if value > 10:
        raise mistake(
            f"{value} is {value:%} of the budget",
            f"write a share: {value / 100:f} is {value} %, 1.2 is 120 %",
        )
    return value


def _ratio(value: Decimal) -> Decimal:
    if not 0 < value < 1:
        raise mistake(f"{value} is not a share between 0 and 1", "write a share: 0.05 is 5 %")
    return value


def _allowed_ip(value: str) -> str:
    remedy = "write an address or a block, such as 203.0.113.7 or 203.0.113.0/24"
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise mistake(f"{value!r} is not an IP address or block", remedy) from None
    if network.prefixlen == 0:
        raise mistake(f"{value} allows every address", f"{remedy}, or leave allowedIps out")
    if "/" in value and str(network) != str(ipaddress.ip_interface(value)):
        raise mistake(
            f"{value} is an address inside a block, not a block",
            f"write {network}, or {value.partition('/')[0]} for that machine alone",
        )
    return value


def _email(value: str) -> str:
    if len(value) > 254 or not re.fullmatch(r"[^@\s,;<>]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value):
        raise mistake(
            f"{value!r} is not one e-mail address", "write one address an entry: [oncall@example.com]"
        )
    return value


_MIDNIGHT = re.compile(r"[ T]00:00:00( \+0000 UTC|Z)$")


def day(value: object) -> date:
    """A day: YAML reads one as a date, the engine hands it on as `2026-01-31 00:00:00 +0000 UTC`."""
    remedy = "write a day such as 2026-01-31; it begins at midnight Pacific"
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise mistake(f"{value!r} is not a day", remedy)
    try:
        found = date.fromisoformat(_MIDNIGHT.sub("", value)) if isinstance(value, str) else value
    except ValueError:
        raise mistake(f"{value!r} is not a day", remedy) from None
    if found <= date(2017, 1, 1):
        raise mistake(f"{found} is before Google's first day", "write a day after 2017-01-01")
    return found


def _secret(value: object) -> SecretStr:
    """A secret: what the engine has decrypted, or what stands encrypted in the file."""
    if isinstance(value, dict) and value.keys() == {"secure"}:
        return SecretStr("")
    if not isinstance(value, str) or not value:
        raise mistake("this is no secret", "set it with `pulumi config set --secret --path`")
    return SecretStr(value)


def _secret_url(value: object) -> SecretStr:
    """The address of a webhook, which mostly has a token in it; in the file it may stand encrypted."""
    if isinstance(value, dict) and value.keys() == {"secure"}:
        return SecretStr("")
    if not isinstance(value, str) or not value.startswith("https://"):
        raise mistake("this is no HTTPS address", "write one such as https://hooks.example.com/alerts")
    return SecretStr(value)


def _positive(value: Decimal) -> Decimal:
    if value <= 0:
        raise mistake(f"{value} is not above 0", "write a number above 0, such as 0.92")
    return value


def quantity(value: object) -> Decimal:
    """A number of 0 or more, read from what stands in the file."""
    return _quantity(_decimal(value))


def _quantity(value: Decimal) -> Decimal:
    if not 0 <= value <= 10**12:
        raise mistake(f"{value} is not a quantity", "write 0 or more, such as 1200")
    return value


def _share_of_all(value: Decimal) -> Decimal:
    if not 0 <= value <= 1:
        raise mistake(f"{value} is not a share", "write a share between 0 and 1: 0.25 is a quarter")
    return value


def _growth(value: Decimal) -> Decimal:
    if not -1 < value <= 2:
        raise mistake(
            f"{value} is no growth per month", "write a share: 0.1 is a tenth more each month, -0.1 less"
        )
    return value


def _hours_of_day(value: Decimal) -> Decimal:
    if not 0 <= value <= 24:
        raise mistake(f"{value} are no hours of a day", "write 0 to 24, such as 12")
    return value


def _peak_factor(value: Decimal) -> Decimal:
    if not 1 <= value <= 1440:
        raise mistake(f"the peak is {value} times the mean", "write 1 (no peak) or more, such as 3")
    return value


_LAG_PATTERN = r"(?=[0-9])(?:([0-9]{1,5})d)?(?:([0-9]{1,5})h)?(?:([0-9]{1,5})m)?"
_LAG = re.compile(_LAG_PATTERN)


def lag(value: object) -> timedelta:
    """A time such as `24h`, `90m`, `2d` or `3h42m`."""
    if isinstance(value, timedelta):
        return value
    found = _LAG.fullmatch(value) if isinstance(value, str) else None
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    length = timedelta(days=days, hours=hours, minutes=minutes)
    if not timedelta() < length <= timedelta(days=31):
        raise mistake(f"{value!r} is not a time of up to 31 days", "write it as 24h, 90m, 2d or 3h42m")
    return length


POLLS: Final = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
"""Minutes between two runs of a schedule that begins anew each hour."""


def _poll(value: object) -> timedelta:
    found = lag(value)
    if found not in [timedelta(minutes=minutes) for minutes in POLLS]:
        raise mistake(
            f"{value!r} does not divide an hour into equal parts",
            f"write one of {', '.join(f'{minutes}m' for minutes in POLLS)}",
        )
    return found


def _priced_model(value: str) -> str:
    try:
        check_model(value)
    except UnknownModelError as error:
        near = " or ".join(error.nearest)
        raise mistake(
            f"unknown model {value!r}",
            f"did you mean {near}?" if near else "gemini-lz prices list shows the models",
        ) from None
    return value


def _limited_model(value: str) -> str:
    if value not in QUOTA_NAMES:
        known = value in known_models() or value.endswith("-latest")
        near = limited_as(value) if known else nearest(value, served(QUOTA_NAMES))
        raise mistake(
            f"no limits can be set on {value!r}",
            f"did you mean {near!r}?" if near else f"write one of: {', '.join(sorted(served(QUOTA_NAMES)))}",
        )
    return value


def _country(value: str) -> str:
    if value == "UK":
        raise mistake("'UK' is not a country's code", "write GB")
    if not re.fullmatch("[A-Z]{2}|EEA", value):
        raise mistake(f"{value!r} is not a country's code", "write two capital letters, such as DE, or EEA")
    return value


def _cap_amount(value: Decimal) -> Decimal:
    return value if value == 0 else _amount(value)


def _method(value: str) -> str:
    if value not in METHOD_GROUPS and value not in METHODS:
        short = next((name for name in sorted(METHODS, reverse=True) if name.endswith(f".{value}")), None)
        near = short or nearest(value, [*METHOD_GROUPS, *METHODS])
        raise mistake(
            f"unknown method {value!r}",
            f"did you mean {near!r}?" if near else f"write one of: {', '.join(METHOD_GROUPS)}",
        )
    return value


def _preferred(value: int) -> int:
    if value < -1:
        raise mistake(f"the value is {value}", "write -1 for no limit, 0 to block, or a number such as 140")
    return count(max(value, 0)) if value != -1 else value


ProjectId = Annotated[
    StrictStr,
    AfterValidator(_project_id),
    WithJsonSchema({"type": "string", "pattern": rf"^(?![0-9]+$){ANY_PROJECT_ID}$"}),
]
DisplayName = matching(
    r"[A-Za-z0-9 '\"!-]{4,30}",
    "a project name",
    "write 4 to 30 letters, digits, spaces, hyphens, quotes or exclamation marks, such as Acme chat",
)
StackName = matching(
    r"[A-Za-z0-9_.-]{1,100}",
    "the name of a stack",
    "write the name without organization and project, such as prod",
)
ProjectKey = matching(
    r"(?=.{1,24}$)[a-z][a-z0-9]*(-[a-z0-9]+)*",
    "a name for a project here",
    "write at most 24 lowercase letters and digits, with single hyphens between, such as chat-eu",
)
StackName = matching(
    r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,99}",
    "a stack's name",
    "write the name of a stack as its file has it: base for Pulumi.base.yaml",
)
KeyName = matching(
    r"(?=.{1,24}$)[a-z][a-z0-9]*(-[a-z0-9]+)*",
    "a name for a key",
    "write at most 24 lowercase letters and digits, with single hyphens between, such as chat-eu",
)
BillingAccount = matching(
    r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}",
    "a billing account id",
    "write it as `gcloud billing accounts list` shows it: 01A2B3-C4D5E6-F7A8B9",
)
Parent = matching(
    r"(folders|organizations)/[1-9][0-9]*",
    "a folder or an organization",
    "write its number, such as folders/987654321098 or organizations/123456789012",
)
LabelKey = matching(
    r"[a-z][a-z0-9_-]{0,62}",
    "a label key",
    "write at most 63 lowercase letters, digits, _ and -, a letter first, such as cost-centre",
)
LabelValue = matching(
    r"[a-z0-9_-]{0,63}",
    "a label value",
    "write at most 63 lowercase letters, digits, _ and -, in quotes: 'cc-12'",
)
ServiceAccount = matching(
    r"[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com",
    "a service account",
    "write its e-mail address, such as chat@acme-seed.iam.gserviceaccount.com",
)
ApiMethod = Annotated[
    StrictStr,
    AfterValidator(_method),
    WithJsonSchema({"type": "string", "enum": [*METHOD_GROUPS, *sorted(METHODS)]}),
]
ChannelName = matching(
    r"projects/[a-z0-9.:-]+/notificationChannels/[0-9]+",
    "a notification channel",
    "write it as `gcloud beta monitoring channels list` shows it: projects/acme-seed/notificationChannels/1234567890",
)
ConstraintName = matching(
    r"custom\.[A-Za-z0-9]{1,62}",
    "the name of a custom constraint",
    "write its last part, as `gcloud org-policies list-custom-constraints` shows it: custom.geminiRestrictedKeysProd",
)
BundleId = matching(r"[A-Za-z0-9.-]+", "an iOS bundle id", "write it as in Xcode: com.example.app")
PackageName = matching(
    r"[A-Za-z0-9_.]+", "an Android package name", "write it as in the manifest: com.example.app"
)
_FINGERPRINT: Any = matching(
    r"([0-9A-Fa-f]{2}:){19}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{40}",
    "a SHA-1 fingerprint",
    "write 20 pairs of hex digits, with or without colons between, such as 0A:1B:2C:… of `keytool -list -v`",
)
Sha1Fingerprint: Any = Annotated[_FINGERPRINT, AfterValidator(lambda value: value.replace(":", "").upper())]
"""In the form in which Google returns it (apikeys.v2 discovery document), whatever the form in the file."""
Referrer = Annotated[StrictStr, AfterValidator(_text(2048, "the referrer"))]
BudgetName = Annotated[StrictStr, AfterValidator(_text(60, "the budget's name"))]
ExistingBudgetName = Annotated[StrictStr, AfterValidator(_text(60, "the budget's name", empty=True))]
Email = Annotated[StrictStr, AfterValidator(_email), WithJsonSchema({"type": "string", "format": "email"})]
AllowedIp = Annotated[StrictStr, AfterValidator(_allowed_ip)]
_NUMBER_SCHEMA = WithJsonSchema({"type": ["number", "string"]})
Amount = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_amount), _NUMBER_SCHEMA]
Ratio = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_ratio), _NUMBER_SCHEMA]
Currency = Annotated[
    StrictStr, AfterValidator(_currency), WithJsonSchema({"type": "string", "enum": sorted(CURRENCIES)})
]
CapAmount = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_cap_amount), _NUMBER_SCHEMA]
Positive = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_positive), _NUMBER_SCHEMA]
Price = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_quantity), _NUMBER_SCHEMA]
Quantity = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_quantity), _NUMBER_SCHEMA]
Share = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_share_of_all), _NUMBER_SCHEMA]
Growth = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_growth), _NUMBER_SCHEMA]
HoursOfDay = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_hours_of_day), _NUMBER_SCHEMA]
PeakFactor = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_peak_factor), _NUMBER_SCHEMA]
Lag = Annotated[
    timedelta,
    BeforeValidator(lag),
    WithJsonSchema({"type": "string", "pattern": f"^{_LAG_PATTERN}$"}),
]
PricedModel = Annotated[StrictStr, AfterValidator(_priced_model)]
LimitedModel = Annotated[
    StrictStr, AfterValidator(_limited_model), WithJsonSchema({"type": "string", "enum": sorted(QUOTA_NAMES)})
]
Country = Annotated[
    StrictStr, AfterValidator(_country), WithJsonSchema({"type": "string", "pattern": "^([A-Z]{2}|EEA)$"})
]
"""ISO 3166-1 alpha-2, or EEA."""
Preferred = Annotated[
    StrictInt, AfterValidator(_preferred), WithJsonSchema({"type": "integer", "minimum": -1})
]
Day = Annotated[date, BeforeValidator(day), WithJsonSchema({"type": "string", "format": "date"})]
Secret = Annotated[
    SecretStr,
    BeforeValidator(_secret),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"secure": {"type": "string"}},
            "required": ["secure"],
            "description": "Encrypted: set it with `pulumi config set --secret --path`.",
        }
    ),
]
SecretUrl = Annotated[
    SecretStr,
    BeforeValidator(_secret_url),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^https://"},
                {
                    "type": "object",
                    "properties": {"secure": {"type": "string"}},
                    "required": ["secure"],
                    "description": "Encrypted: set it with `pulumi config set --secret --path`.",
                },
            ]
        }
    ),
]
ExistingProject = matching(
    rf"(?![0-9]+$){ANY_PROJECT_ID}",
    "a project id",
    "write the id of a project that exists, such as acme-seed",
)
ChannelKey = matching(
    r"(?=.{1,24}$)[a-z][a-z0-9]*(-[a-z0-9]+)*",
    "a name for a channel",
    "write at most 24 lowercase letters and digits, with single hyphens between, such as chat-eu",
)
ChannelReference = Annotated[StrictStr, AfterValidator(_text(200, "the channel"))]
TopicName = matching(
    r"(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}",
    "a topic's name",
    "write 3 to 255 letters, digits and -_.~+%, a letter first and not goog, such as spend",
)
TopicReference = matching(
    r"(projects/[a-z0-9.:-]+/topics/)?[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}",
    "a topic",
    "write a name that stands under topics, or projects/ID/topics/NAME of one that exists",
)
FullTopic = matching(
    r"projects/[a-z0-9.:-]+/topics/.+",
    "a topic's full name",
    "write projects/ID/topics/NAME, such as projects/acme-seed/topics/alerts",
)
Language = matching(
    r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*",
    "a language's tag",
    "write a BCP 47 tag, such as en or pt-BR",
)
TagValue = matching(
    r"tagValues/[1-9][0-9]*",
    "a tag value",
    "write it as `gcloud resource-manager tags values list` shows it: tagValues/281480012345678",
)
Organization = matching(
    r"organizations/[1-9][0-9]*", "an organization", "write its number, such as organizations/123456789012"
)
BillingService = matching(
    r"services/[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}",
    "a billing service",
    "write it as the Cloud Billing catalogue has it; the Gemini API's is services/AEFD-7695-64FA",
)
ServiceName = matching(
    r"[a-z0-9-]+\.googleapis\.com",
    "a Google API",
    "write its service name, such as generativelanguage.googleapis.com",
)
QuotaId = matching(
    r"[A-Za-z][A-Za-z0-9-]{2,150}",
    "a quota id",
    "write it as the quotas page shows it, such as GenerateRequestsPerDayPerProjectPerModel",
)
QuotaMetric = matching(
    r"[a-z0-9-]+\.googleapis\.com/[a-z0-9_/]+",
    "a quota metric",
    "write the service and the metric, such as generativelanguage.googleapis.com/generate_requests_per_model",
)
QuotaLimitName = matching(
    r"(/[a-z0-9_]+)+", "a limit's name", "write it as Service Usage lists it, such as /min/model/project"
)
KeyId = matching(
    r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?|[0-9a-f-]{36}",
    "a key's id",
    "write the last part of the name that `gcloud services api-keys list` shows, a UUID or such as backend-1",
)
BudgetId = matching(
    r"[0-9a-f-]{36}",
    "a budget's id",
    "write the last part of the name that `gcloud billing budgets list` shows, a UUID such as 01234567-89ab-…",
)
QuotaChangeId = matching(
    r"[A-Za-z0-9][A-Za-z0-9_.=-]{0,511}",
    "the id of a quota preference or override",
    "write the last part of its name, as `gcloud beta quotas preferences list` shows it, or gemini-lz adopt",
)
Text = Annotated[StrictStr, AfterValidator(_text(1000, "the text"))]
BudgetShare = Annotated[
    Decimal, BeforeValidator(share), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 10})
]
"""A share of a month's amount; over 1 is allowed."""
Region = matching(r"[a-z]+(-[a-z]+)+[0-9]+", "a region", "write one of Google Cloud's, such as europe-west1")
Poll = Annotated[
    timedelta,
    BeforeValidator(_poll),
    WithJsonSchema({"type": "string", "enum": [f"{minutes}m" for minutes in POLLS]}),
]
