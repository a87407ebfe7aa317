"""What an environment is: the typed settings that a stack file holds.

Names are the stack file's, in camelCase there and snake_case here. Everything is frozen: settings are read once.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr

from landing_zone.gemini.quotas import LimitName, Tier
from landing_zone.pricing.exposure import OTHERS as OTHERS
from landing_zone.settings import fields
from landing_zone.settings.alerting import AlertSettings, ChannelSettings
from landing_zone.settings.base import Settings, Shorthand
from landing_zone.settings.budgets import BudgetSettings, SharedBudgetSettings
from landing_zone.settings.costs import AccountTermsSettings, DeriveSettings, WorkloadSettings
from landing_zone.settings.fields import mistake

PRIVATE_DATA_LABEL: Final = "gemini-private-data"
"""Label of a project that says whether it handles data of people: `true` or `false`."""
USERS_LABEL: Final = "gemini-users"
"""Label of a project that says where its users are: codes in lower case, `_` between them."""

DeletionPolicy = Literal["PREVENT", "DELETE", "UNLINK", "ABANDON"]
"""PREVENT: it cannot leave. DELETE: it is deleted. UNLINK: it stays, without billing. ABANDON: it stays as it is."""
ContactCategory = Literal[
    "ALL", "BILLING", "LEGAL", "PRODUCT_UPDATES", "SECURITY", "SUSPENSION", "TECHNICAL", "TECHNICAL_INCIDENTS"
]


class AndroidApp(Settings):
    """An Android app that may use a key."""

    package_name: fields.PackageName = Field(description="The app's package name, as in its manifest.")
    sha1_fingerprint: fields.Sha1Fingerprint = Field(description="SHA-1 of its signing certificate.")


class KeySettings(Settings):
    """An API key. It always is restricted to the Gemini API; these restrict who may use it, by one kind of client."""

    display_name: Annotated[
        str | None, Field(min_length=1, max_length=63, description="Shown in the console.")
    ] = None
    allowed_ips: tuple[fields.AllowedIp, ...] = Field(
        default=(), description="Addresses and CIDR blocks of the servers that may use the key."
    )
    allowed_referrers: tuple[fields.Referrer, ...] = Field(
        default=(), description="Web pages that may use the key."
    )
    android_apps: tuple[AndroidApp, ...] = Field(default=(), description="Android apps that may use the key.")
    ios_bundle_ids: tuple[fields.BundleId, ...] = Field(
        default=(), description="iOS apps that may use the key."
    )
    service_account: fields.ServiceAccount | None = Field(
        default=None, description="Bind the key to this service account: calls then act as it."
    )
    existing: fields.KeyId | None = Field(
        default=None, description="The id of a key that exists: it is taken over, and not made."
    )
    silent: StrictBool = Field(
        default=False, description="No call is expected with the key: any is told to the alerts' channels."
    )


class ModelLimit(Settings):
    """Limits of one model, on the metrics of every tier. They only lower what the tier allows; 0 blocks."""

    requests_per_minute: fields.Count | None = Field(default=None, description="Calls a minute.")
    requests_per_day: fields.Count | None = Field(default=None, description="Calls a day; days are Pacific.")
    input_tokens_per_minute: fields.Count | None = Field(default=None, description="Input tokens a minute.")

    def items(self) -> list[tuple[LimitName, int]]:
        """The limits that are set, by the stack file's name."""
        values: dict[LimitName, int | None] = {
            "requestsPerMinute": self.requests_per_minute,
            "requestsPerDay": self.requests_per_day,
            "inputTokensPerMinute": self.input_tokens_per_minute,
        }
        return [(name, value) for name, value in values.items() if value is not None]


DERIVE = "derive"
"""The name under `limits` that stands for limits that are worked out, from an overshoot that a budget allows."""


def _limit(value: object) -> Any:
    """Read `deny` as no call a minute."""
    if value == "deny":
        return {"requestsPerMinute": 0}
    if isinstance(value, str):
        raise mistake(f"{value!r} is no limit", "write deny, or {requestsPerMinute: 60}")
    return value


LimitField = Annotated[ModelLimit, BeforeValidator(_limit), Shorthand({"const": "deny"})]


class QuotaSettings(Settings):
    """Any quota: asked for by its id (a quota preference), or lowered by metric and limit (an override)."""

    value: fields.Preferred = Field(description="The value wanted; -1 is no limit (by quotaId alone).")
    service: fields.ServiceName = Field(
        default="generativelanguage.googleapis.com", description="The API that the quota is of."
    )
    quota_id: fields.QuotaId | None = Field(
        default=None, description="The quota's id: asks Google for the value, upward too."
    )
    metric: fields.QuotaMetric | None = Field(
        default=None, description="The quota's metric, with limit: sets an override, which only lowers."
    )
    limit: fields.QuotaLimitName | None = Field(
        default=None, description="The limit of the metric, as Service Usage names it."
    )
    dimensions: dict[StrictStr, StrictStr] = Field(
        default={},
        description="What it holds for, such as {model: gemini-3.8-flash}; a change makes another.",
    )
    justification: fields.Text | None = Field(default=None, description="Why, for Google's reviewers.")
    contact_email: fields.Email | None = Field(
        default=None, description="Whom Google asks about an increase."
    )
    ignore_safety_check: Literal["belowUsage", "tooDeep"] | None = Field(
        default=None,
        description="Cut below what is used, or by more than a tenth; the plugin takes one of the two.",
    )


class ContactSettings(Settings):
    """Whom Google writes to about a project."""

    email: fields.Email = Field(description="One address; a group's is best.")
    categories: tuple[ContactCategory, ...] = Field(default=("ALL",), description="About what.")
    language: Annotated[str, Field(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = Field(
        default="en", description="In which language: a BCP 47 tag."
    )


class ProjectSettings(Settings):
    """One Google Cloud project with the Gemini API."""

    project_id: fields.ProjectId = Field(description="Unique in all of Google Cloud, for ever.")
    tier: Tier = Field(description="free: no billing account. paid: linked to one, with a budget.")
    id_suffix: Annotated[
        StrictBool | StrictStr,
        Field(description="Add four characters to the id: true, or a word for four others."),
    ] = False
    name: fields.DisplayName | None = Field(
        default=None, description="Shown in the console; the id if left out."
    )
    adopt: StrictBool = Field(
        default=False,
        description="The project exists: manage its link, APIs, keys and limits, never create or delete it.",
    )
    parent: fields.Parent | None = Field(
        default=None, description="Folder or organization of a created project."
    )
    billing_account: fields.BillingAccount | None = Field(
        default=None, description="Who pays, for a paid project."
    )
    labels: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={}, description="Labels of a created project."
    )
    private_data: StrictBool | None = Field(
        default=None,
        description="Whether it handles data of people; the label gemini-private-data. Policies judge it.",
    )
    users: tuple[fields.Country, ...] = Field(
        default=(),
        max_length=20,
        description="Where its users are: codes such as DE, or EEA; the label gemini-users. Policies judge it.",
    )
    tags: tuple[fields.TagValue, ...] = Field(default=(), description="Tag values to bind to the project.")
    deletion_policy: DeletionPolicy = Field(
        default="PREVENT",
        description="When the project leaves the stack: PREVENT refuses that, DELETE deletes the project, UNLINK keeps "
        "it without billing, ABANDON keeps it with billing and all guardrails (the default of an adopted project).",
    )
    protect: StrictBool = Field(
        default=False,
        description="Refuse to let the project leave the stack, whatever deletionPolicy says. Keys can go.",
    )
    aliases: tuple[fields.ProjectKey, ...] = Field(
        default=(),
        description="Former names of the project in the stack file, the first one first: its resources are kept.",
    )
    tier_wait: Annotated[StrictInt, Field(ge=0)] | None = Field(
        default=None,
        description="Seconds to wait until the tier's limits are in force; null for no check.",
    )
    contacts: tuple[ContactSettings, ...] = Field(
        default=(), description="Essential contacts: whom Google writes to."
    )
    forbid_unrestricted_keys: StrictBool = Field(
        default=False, description="An organization policy: no API key without restrictions in the project."
    )
    keys: dict[fields.KeyName, KeySettings] = Field(default={}, description="API keys by name.")
    budget: BudgetSettings | None = Field(default=None, description="Must be there for a paid project.")
    alerts: AlertSettings = Field(default=AlertSettings(), description="Who is told, and when.")
    dashboard: StrictBool = Field(
        default=False,
        description="A Cloud Monitoring dashboard: requests, errors, latency, tokens, quota use.",
    )
    limits: dict[str, LimitField] = Field(
        default={},
        description="Limits by the API's model id; `others: deny` blocks all other models; `derive` works them out.",
    )
    workload: tuple[WorkloadSettings, ...] = Field(
        default=(), description="The planned use, a model an entry: what is estimated."
    )
    quotas: dict[fields.KeyName, QuotaSettings] = Field(
        default={}, description="Any other quota: asked for upward, or lowered."
    )

    @property
    def held(self) -> str:
        """The setting that keeps the project from leaving the stack; empty if it may leave."""
        if self.protect:
            return "protect: true"
        return "deletionPolicy: PREVENT" if self.deletion_policy == "PREVENT" else ""

    @property
    def keeps_guardrails(self) -> bool:
        """Whether the project's guardrails stay at Google when it leaves the stack: it goes on spending."""
        return self.deletion_policy == "ABANDON"

    @property
    def all_labels(self) -> dict[str, str]:
        """The labels of the created project: its own, and what it says of its data and its users."""
        said = {} if self.private_data is None else {PRIVATE_DATA_LABEL: str(self.private_data).lower()}
        where = {USERS_LABEL: "_".join(self.users).lower()} if self.users else {}
        return {**self.labels, **said, **where}


class EnvironmentRules(Settings):
    """What belongs to no one project."""

    notification_project: fields.ExistingProject | None = Field(
        default=None,
        description="An existing project for the budgets' channels and topics, and the environment's dashboard.",
    )
    organization: fields.Organization | None = Field(
        default=None, description="Where the constraint of forbidUnrestrictedKeys is made."
    )
    channels: dict[fields.ChannelKey, ChannelSettings] = Field(
        default={}, description="Channels that alerts name: Slack, PagerDuty, a webhook, Pub/Sub, e-mail."
    )
    topics: tuple[fields.TopicName, ...] = Field(
        default=(), description="Pub/Sub topics for budgets, made in notificationProject."
    )
    shared_budgets: dict[fields.KeyName, SharedBudgetSettings] = Field(
        default={}, description="Budgets over several projects, a folder or a subaccount."
    )
    dashboard: StrictBool = Field(
        default=False, description="A dashboard of all projects, in notificationProject."
    )
    account_terms: dict[fields.BillingAccount, AccountTermsSettings] = Field(
        default={}, description="What is agreed for billing accounts: discounts, contract prices, the tier."
    )


NOTHING_AGREED = AccountTermsSettings()
"""List prices, in US dollars."""


class Derivation(Settings):
    """What `limits.derive` of a project says, and the limits beside it."""

    settings: DeriveSettings
    by_hand: dict[str, ModelLimit]


class EnvironmentSettings(EnvironmentRules):
    """All of an environment: one stack."""

    stack: str
    projects: dict[str, ProjectSettings]
    """With the limits that are in force: derived ones have been worked out."""
    derivations: dict[str, Derivation] = Field(default={})
    """By project, for those that have `limits.derive`."""
    unfit: dict[str, tuple[str, ...]] = Field(default={})
    """By project, why its plan does not fit what `limits.derive` allows, where that was to be kept."""

    def terms_of(self, account: str | None) -> AccountTermsSettings:
        """What is agreed for a billing account; nothing, if nothing is said."""
        return self.account_terms.get(account or "", NOTHING_AGREED)
