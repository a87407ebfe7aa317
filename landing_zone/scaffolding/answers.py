"""Answers that a stack file is written from, each checked by the rules that the settings have for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from landing_zone.pricing.rates import LIST_PRICES, Terms
from landing_zone.settings import fields
from landing_zone.settings.other_keys import top_level_mistake
from landing_zone.settings.translate import reason_and_remedy

_MOST_ID: Final = 30
NO_PARENT: Final = "none"
_STACK: Final = fields.matching(
    r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,99}",
    "a stack's name",
    "write letters, digits, hyphens, underscores and periods, no hyphen first, such as prod",
)
_PREFIX: Final = fields.matching(
    r"[a-z][a-z0-9-]{0,19}",
    "a beginning of project ids",
    "write at most 20 lowercase letters, digits and hyphens, a letter first, such as acme",
)

_IDENTITY_PROVIDER: Final = fields.matching(
    r"projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]+/providers/[a-z0-9-]+",
    "a Workload Identity provider",
    "write its full name, with the project's number: "
    "projects/123456789012/locations/global/workloadIdentityPools/ci/providers/github",
)


class AnswerError(ValueError):
    """An answer that cannot be used: the reason, and what to write instead."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}\n    {remedy}")
        self.reason = reason
        self.remedy = remedy


def _checked(kind: Any, text: str) -> Any:
    try:
        return TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        raise AnswerError(*reason_and_remedy(error.errors()[0], None)) from None


def stack(text: str) -> str:
    """A stack's name."""
    return str(_checked(_STACK, text))


def account(text: str) -> str:
    """A billing account."""
    return str(_checked(fields.BillingAccount, text.removeprefix("billingAccounts/")))


def parent(text: str) -> str:
    """A folder, also by its number alone, or an organization; `none` for those who have no organization: empty."""
    if text == NO_PARENT:
        return ""
    return str(_checked(fields.Parent, f"folders/{text}" if text.isdecimal() else text))


def team(text: str) -> tuple[str, Decimal]:
    """A team and its monthly amount, as `chat=1200`."""
    name, sign, amount = text.partition("=")
    if not sign:
        raise AnswerError(
            f"{text!r} has no amount", f"write {name or 'chat'}=1200, the amount being a month's"
        )
    return str(_checked(fields.ProjectKey, name)), Decimal(_checked(fields.Amount, amount))


def currency(text: str) -> str:
    """The billing account's currency."""
    return str(_checked(fields.Currency, text))


def usd_rate(text: str) -> Decimal:
    """What a US dollar is in the currency."""
    return Decimal(_checked(fields.Positive, text))


def email(text: str) -> str:
    """An address."""
    return str(_checked(fields.Email, text))


def allowed_ips(text: str) -> str:
    """An address or a block that keys can be used from."""
    return str(_checked(fields.AllowedIp, text))


def seed(text: str) -> str:
    """The seed project."""
    return str(_checked(fields.ExistingProject, text))


def prefix(text: str) -> str:
    """The beginning of project ids."""
    return str(_checked(_PREFIX, text))


def secrets_provider(text: str) -> str:
    """What encrypts the stack's secrets."""
    if found := top_level_mistake("secretsprovider", text):
        raise AnswerError(*found)
    return text


def identity_provider(text: str) -> str:
    """A Workload Identity provider."""
    return str(_checked(_IDENTITY_PROVIDER, text))


def service_account(text: str) -> str:
    """A service account."""
    return str(_checked(fields.ServiceAccount, text))


@dataclass(frozen=True)
class Answers:
    """All that a stack file is written from."""

    stack: str
    account: str
    parent: str
    """Empty without an organization."""
    teams: Mapping[str, Decimal]
    """Name -> monthly amount."""
    currency: str
    emails: tuple[str, ...]
    allowed_ips: tuple[str, ...]
    usd_rate: Decimal | None = None
    """None if the currency is the US dollar."""
    seed: str = ""
    prefix: str = ""
    secrets_provider: str = ""
    guard: bool = False

    @property
    def terms(self) -> Terms:
        """List prices, in the currency."""
        return LIST_PRICES if self.usd_rate is None else Terms(currency=self.currency, usd_rate=self.usd_rate)

    @property
    def prefix_of_ids(self) -> str:
        """The given one, else the first word of the seed project."""
        return self.prefix or self.seed.partition("-")[0] or "gemini"

    @property
    def suffix_of_ids(self) -> str:
        """The stack's name as it can stand in a project id or a label."""
        return re.sub(r"[^a-z0-9]+", "-", self.stack.lower()).strip("-")

    def project_id(self, team: str) -> str:
        """The id of a team's project. Raises AnswerError if Google would not give it out."""
        found = "-".join(filter(None, (self.prefix_of_ids, team, self.suffix_of_ids)))
        try:
            return fields.new_project_id(found)
        except PydanticCustomError as error:
            said = error.context or {}
            reason, remedy = said["reason"], said["remedy"]
            if (over := len(found) - _MOST_ID) > 0:
                remedy = f"write a --prefix or a name of the team that is {over} characters shorter"
            raise AnswerError(f"the project id of {team}: {reason}", remedy) from None
