"""The typed settings of a stack file.

Names are the stack file's, in camelCase there and snake_case here. Everything is frozen: settings are read once.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr

from landing_zone.gemini import API_KEYS_API, GEMINI_API, IAM_API, MONITORING_API
from landing_zone.gemini.limits import BLOCKED, DENY, Limits
from landing_zone.gemini.limits import OTHERS as OTHERS
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.prices import QUERIES_A_REQUEST
from landing_zone.gemini.quotas import Tier
from landing_zone.settings import fields
from landing_zone.settings.alerting import AlertSettings, ChannelSettings
from landing_zone.settings.base import Settings, Shorthand, Whole
from landing_zone.settings.budgets import BudgetField, BudgetSettings, SharedBudgetSettings
from landing_zone.settings.fields import mistake
from landing_zone.settings.guard import GuardField, GuardHostSettings, GuardSettings
from landing_zone.settings.markers import BuiltIn, Mark
from landing_zone.settings.terms import AccountTermsSettings
from landing_zone.settings.workload import DeriveSettings, WorkloadSettings
from landing_zone.settings.write_rates import WriteRatesSettings

PRIVATE_DATA_LABEL: Final = "gemini-private-data"
"""Label of a project that says whether it handles data of people: `true` or `false`."""
USERS_LABEL: Final = "gemini-users"
"""Label of a project that says where its users are: codes in lower case, `_` between them."""

DeletionPolicy = Literal["PREVENT", "DELETE", "UNLINK", "ABANDON"]
"""PREVENT: it cannot leave. DELETE: it is deleted. UNLINK: it stays, without billing. ABANDON: it stays as it is."""
ContactCategory = Literal[
    "ALL", "BILLING", "LEGAL", "PRODUCT_UPDATES", "SECURITY", "SUSPENSION", "TECHNICAL", "TECHNICAL_INCIDENTS"
]


class AndroidApp(Whole):
    """An Android app that may use a key."""

    package_name: fields.PackageName = Field(
        description="Package name of the app, as in its manifest.", examples=["com.example.app"]
    )
    sha1_fingerprint: fields.Sha1Fingerprint = Field(
        description="SHA-1 fingerprint of the app's signing certificate, with or without colons.",
        examples=["0A1B2C3D4E5F60718293A4B5C6D7E8F901234567"],
    )


class KeySettings(Settings):
    """An API key for the Gemini API alone, bound to a service account unless it is standard.

    It may allow one kind of client; without any, it works from anywhere.
    """

    display_name: Annotated[
        str | None,
        Field(
            max_length=63,
            description=(
                "Name of the key in the console; '' for an existing key that has none. Default: the project ID and the "
                "key's name."
            ),
            examples=["Backend of the chat"],
        ),
    ] = None
    allowed_ips: Annotated[tuple[fields.AllowedIp, ...], Mark.CLIENTS] = Field(
        default=(),
        description="IP addresses and CIDR blocks of the servers that may use the key.",
        examples=["[203.0.113.0/24]"],
    )
    allowed_referrers: Annotated[tuple[fields.Referrer, ...], Mark.CLIENTS] = Field(
        default=(),
        description="Web pages that may use the key, as URL patterns.",
        examples=["['https://app.example.com/*']"],
    )
    android_apps: Annotated[tuple[AndroidApp, ...], Mark.CLIENTS] = Field(
        default=(),
        description="Android apps that may use the key.",
        examples=[
            "[{packageName: com.example.app, sha1Fingerprint: 0A1B2C3D4E5F60718293A4B5C6D7E8F901234567}]"
        ],
    )
    ios_bundle_ids: Annotated[tuple[fields.BundleId, ...], Mark.CLIENTS] = Field(
        default=(),
        description="Bundle IDs of the iOS apps that may use the key.",
        examples=["[com.example.app]"],
    )
    service_account: fields.ServiceAccount | None = Field(
        default=None,
        description=(
            "Existing service account to bind the key to: calls with the key act as it. Default: one is "
            "created for the key, in its project and without roles. Changing it replaces the key."
        ),
        examples=["chat@acme-seed.iam.gserviceaccount.com"],
    )
    standard: StrictBool = Field(
        default=False,
        description=(
            "Create a standard key (AIza…), bound to no service account. Google announced that the "
            "Gemini API will refuse such keys. Changing it replaces the key."
        ),
        examples=["true"],
    )
    methods: tuple[fields.ApiMethod, ...] = Field(
        default=(),
        description=(
            "Methods that the key may call, by group (generate, embed, countTokens, caches, batch, "
            "files, images, video, live, models) or by Google's full name. Default: all."
        ),
        examples=["[generate, countTokens]"],
    )
    existing: fields.KeyId | None = Field(
        default=None,
        description=(
            "ID of an existing key to import instead of creating one; with serviceAccount or "
            "`standard: true`, as the key is."
        ),
        examples=["01234567-89ab-cdef-0123-456789abcdef"],
    )
    decoy: StrictBool = Field(
        default=False,
        description="Alert on any call with the key: nobody is supposed to use it.",
        examples=["true"],
    )

    @property
    def has_own_account(self) -> bool:
        """True if the stack creates a service account for the key."""
        return not self.standard and self.service_account is None


DERIVE = "derive"
"""The name under `limits` that stands for limits that are worked out, from an overshoot that a budget allows."""


def _limit(value: object) -> Any:
    """Read `deny` as no call a minute."""
    if value == DENY:
        return BLOCKED
    if isinstance(value, str):
        raise mistake(f"{value!r} is no limit", "write deny, or {requestsPerMinute: 60}")
    return value


LimitField = Annotated[Limits, BeforeValidator(_limit), Shorthand({"const": DENY})]


class QuotaSettings(Whole):
    """A quota preference by quotaId, which can raise a quota, or an override by metric and limit, which lowers it."""

    value: fields.Preferred = Field(
        description="Requested value; -1 means no limit (with quotaId only).", examples=["2000"]
    )
    service: fields.ServiceName = Field(
        default="generativelanguage.googleapis.com",
        description="API that the quota belongs to.",
        examples=["generativelanguage.googleapis.com"],
    )
    quota_id: fields.QuotaId | None = Field(
        default=None,
        description="ID of the quota. Creates a quota preference, which asks Google for the value.",
        examples=["GenerateRequestsPerDayPerProjectPerModel"],
    )
    metric: fields.QuotaMetric | None = Field(
        default=None,
        description=(
            "Metric of the quota, together with limit. Creates a quota override, which can only "
            "lower the value."
        ),
        examples=["generativelanguage.googleapis.com/generate_requests_per_model"],
    )
    limit: fields.QuotaLimitName | None = Field(
        default=None,
        description="Limit of the metric, as Service Usage names it.",
        examples=["/min/model/project"],
    )
    dimensions: dict[StrictStr, StrictStr] = Field(
        default={},
        description=(
            "Dimensions that the quota applies to, such as {model: gemini-3.8-flash}. Changing "
            "them replaces the resource."
        ),
        examples=["{model: gemini-2.5-flash}"],
    )
    justification: Annotated[fields.Text | None, Mark.PREFERENCE] = Field(
        default=None,
        description="Reason for an increase, for Google's reviewers.",
        examples=["Nightly batch of the search index"],
    )
    contact_email: Annotated[fields.Email | None, Mark.PREFERENCE] = Field(
        default=None,
        description="E-mail address that Google contacts about an increase.",
        examples=["oncall@example.com"],
    )
    existing: fields.QuotaChangeId | None = Field(
        default=None,
        description="ID of an existing quota preference or override to import instead of creating one.",
        examples=["5f0b6c1e-1c1a-4b8e-9a53-0d8e2f4c7a11"],
    )
    ignore_safety_check: Annotated[Literal["belowUsage", "tooDeep"] | None, Mark.PREFERENCE] = Field(
        default=None,
        description=(
            "Safety check to skip, at most one: belowUsage for a value below current usage, "
            "tooDeep for a cut by more than a tenth."
        ),
        examples=["tooDeep"],
    )

    @property
    def quota_model(self) -> str:
        """The quota's name of the model in `dimensions`, which may be its id in API calls; empty without one."""
        model = self.dimensions.get("model", "")
        return QUOTA_NAMES.get(model, model)

    @property
    def quota_dimensions(self) -> dict[str, str]:
        """The dimensions as Google counts by them: an override on the id of a model would bind nothing."""
        return (
            {**self.dimensions, "model": self.quota_model} if "model" in self.dimensions else self.dimensions
        )


class ContactSettings(Whole):
    """An essential contact: an address that Google notifies about the project."""

    email: fields.Email = Field(
        description="E-mail address to notify, preferably a group's.", examples=["security@example.com"]
    )
    categories: tuple[ContactCategory, ...] = Field(
        default=("ALL",), description="Categories of notifications to send.", examples=["[SECURITY]"]
    )
    language: fields.Language = Field(
        default="en", description="Language of the notifications, as a BCP 47 tag.", examples=["en"]
    )


class ProjectSettings(Settings):
    """A Google Cloud project with the Gemini API."""

    project_id: Annotated[fields.ProjectId, Mark.OWN] = Field(
        description="Project ID, unique in all of Google Cloud and never reusable.",
        examples=["acme-chat-prod"],
    )
    tier: Tier = Field(
        description="free: no billing account. paid: linked to a billing account, with a budget.",
        examples=["paid"],
    )
    id_suffix: Annotated[
        StrictBool | StrictStr,
        Field(
            description=(
                "Append a stable 4-character suffix to the project ID: true, or any word for a "
                "different suffix."
            ),
            examples=["true"],
        ),
    ] = False
    name: Annotated[fields.DisplayName | None, Mark.CREATED] = Field(
        default=None,
        description="Display name in the console. Default: the project ID.",
        examples=["Acme chat"],
    )
    adopt: Annotated[StrictBool, Mark.OWN] = Field(
        default=False,
        description=(
            "Manage the billing link, APIs, keys, budget, alerts and limits of an existing "
            "project, and never create or delete the project itself. Its ID may be one that Google no longer "
            "gives out, such as example.com:legacy-bot."
        ),
        examples=["true"],
    )
    parent: Annotated[fields.Parent | None, Mark.CREATED] = Field(
        default=None,
        description="Folder or organization to create the project in. Default: the environment's.",
        examples=["folders/987654321098"],
    )
    billing_account: Annotated[fields.BillingAccount | None, Mark.INHERITED_IF_PAID] = Field(
        default=None,
        description="Billing account that pays for a paid project. Default: the environment's.",
        examples=["01A2B3-C4D5E6-F7A8B9"],
    )
    labels: Annotated[dict[fields.LabelKey, fields.LabelValue], Mark.CREATED] = Field(
        default={},
        description=(
            "Labels of a created project, in addition to the environment's; at most 64 altogether, with those "
            "that Pulumi and the stack add."
        ),
        examples=["{owner: platform}"],
    )
    private_data: StrictBool | None = Field(
        default=None,
        description=(
            "Whether the project handles personal data. Sets the label gemini-private-data, which"
            " policies check."
        ),
        examples=["true"],
    )
    users: tuple[fields.Country, ...] = Field(
        default=(),
        max_length=20,
        description=(
            "Countries of the project's users: codes such as DE, or EEA. Sets the label gemini-"
            "users, which policies check."
        ),
        examples=["[DE, FR]"],
    )
    stack_label: Annotated[fields.StackName | None, Mark.INHERITED] = Field(
        default=None,
        description=(
            "Stack under whose name the project was created: its label gemini-lz-stack, its channels' and its alerts', "
            "and its idSuffix keep that name. `gemini-lz fleet split` writes it. Default: the environment's."
        ),
        examples=["prod"],
    )
    tags: tuple[fields.TagValue, ...] = Field(
        default=(), description="Tag values to bind to the project.", examples=["[tagValues/281480012345678]"]
    )
    deletion_policy: DeletionPolicy = Field(
        default="PREVENT",
        description=(
            "Effect of taking the project out of the stack. PREVENT refuses it, DELETE deletes "
            "the project, UNLINK keeps it without billing, ABANDON keeps it with billing and all "
            "guardrails. Default: PREVENT; ABANDON if adopted."
        ),
        examples=["PREVENT"],
    )
    protect: StrictBool = Field(
        default=False,
        description=(
            "Refuse to let the project leave the stack, whatever deletionPolicy says. Keys can "
            "still be removed."
        ),
        examples=["true"],
    )
    aliases: Annotated[tuple[fields.ProjectKey, ...], Mark.OWN] = Field(
        default=(),
        description=(
            "Former names of the project in this file, oldest first. Keeps its resources when the"
            " name changes."
        ),
        examples=["[talk]"],
    )
    tier_wait: Annotated[Annotated[StrictInt, Field(ge=0)] | None, BuiltIn(600, paid=True)] = Field(
        default=None,
        description="Seconds to wait until the tier's limits are in force; null skips the check.",
        examples=["600"],
    )
    contacts: tuple[ContactSettings, ...] = Field(
        default=(),
        description="Essential contacts of the project.",
        examples=["[{email: security@example.com, categories: [SECURITY]}]"],
    )
    forbid_unrestricted_keys: StrictBool = Field(
        default=False,
        description=(
            "Enforce an organization policy that rejects API keys without API restrictions in the project."
        ),
        examples=["true"],
    )
    keys: dict[fields.KeyName, KeySettings] = Field(
        default={}, description="API keys, by name.", examples=["{backend: {allowedIps: [203.0.113.0/24]}}"]
    )
    budget: Annotated[BudgetField, Mark.IDLE_IF_FREE] = Field(
        default=None,
        description=(
            "Budget of the project; required for a paid project. false: an adopted project has none yet."
        ),
        examples=["{amount: 1200.50, currency: USD}"],
    )
    guard: Annotated[GuardField, Mark.IDLE_IF_FREE] = Field(
        default=None,
        description=(
            "Let the spend guard, a function in notificationProject, throttle and stop the project within minutes: "
            "true, or its steps."
        ),
        examples=["{throttle: {at: 0.8, to: 0.25}, stop: 1.0}"],
    )
    alerts: AlertSettings = Field(
        default=AlertSettings(),
        description="Alert policies, and the people and channels to notify.",
        examples=["{email: [oncall@example.com]}"],
    )
    dashboard: StrictBool = Field(
        default=False,
        description=(
            "Create a Cloud Monitoring dashboard of requests, errors, latency, tokens and quota usage."
        ),
        examples=["true"],
    )
    limits: dict[str, LimitField] = Field(
        default={},
        description=(
            "Limits by model ID; `others: deny` blocks all other models, and `derive` computes "
            "limits from an overshoot."
        ),
        examples=["{gemini-2.5-flash: {requestsPerMinute: 60}, others: deny}"],
    )
    searches_per_request: Annotated[StrictInt, Field(ge=0, le=100)] = Field(
        default=QUERIES_A_REQUEST,
        description=(
            "Assumed most queries to Google Search or Google Maps that a request makes, for the exposure: Google "
            "limits them no further. Default: 3."
        ),
        examples=["3"],
    )
    workload: tuple[WorkloadSettings, ...] = Field(
        default=(),
        description="Planned usage, one entry per model, for estimates and derived limits.",
        examples=["[{model: gemini-3.8-flash, requestsPerDay: 8000, inputTokens: 1200, outputTokens: 300}]"],
    )
    quotas: dict[fields.KeyName, QuotaSettings] = Field(
        default={},
        description="Other quotas to raise or lower, by name.",
        examples=["{more: {quotaId: GenerateRequestsPerDayPerProjectPerModel, value: 2000}}"],
    )

    @property
    def held(self) -> str:
        """The setting that keeps the project from leaving the stack; empty if it may leave."""
        if self.protect:
            return "protect: true"
        return "deletionPolicy: PREVENT" if self.deletion_policy == "PREVENT" else ""

    @property
    def services(self) -> tuple[str, ...]:
        """The services that the stack enables in the project."""
        needed = {
            GEMINI_API: True,
            API_KEYS_API: bool(self.keys),
            MONITORING_API: self.alerts.has_any or self.dashboard,
            # The guard's role in the project is created by it.
            IAM_API: self.is_guarded or any(key.has_own_account for key in self.keys.values()),
        }
        return tuple(service for service, is_needed in needed.items() if is_needed)

    @property
    def guarding(self) -> tuple[GuardSettings, BudgetSettings] | None:
        """The guard's steps and the budget that they are about; None for a free project, which spends nothing."""
        return (self.guard, self.budget) if self.guard and self.budget and self.tier == "paid" else None

    @property
    def is_guarded(self) -> bool:
        """True if the spend guard acts in the project."""
        return self.guarding is not None

    @property
    def keeps_guardrails(self) -> bool:
        """True if the project's guardrails stay at Google when it leaves the stack, as it goes on spending."""
        return self.deletion_policy == "ABANDON"

    @property
    def all_labels(self) -> dict[str, str]:
        """The labels of the created project: its own, and what it says of its data and its users."""
        said = {} if self.private_data is None else {PRIVATE_DATA_LABEL: str(self.private_data).lower()}
        where = {USERS_LABEL: "_".join(self.users).lower()} if self.users else {}
        return {**self.labels, **said, **where}


class EnvironmentRules(Settings):
    """Settings of the environment as a whole."""

    stack_label: fields.StackName | None = Field(
        default=None,
        description=(
            "Stack under whose name all was created, for a stack that has another name now: the label gemini-lz-stack, "
            "and the names at Google that hold a stack's name, keep that name. Default: this stack."
        ),
        examples=["prod"],
    )
    notification_project: fields.ExistingProject | None = Field(
        default=None,
        description=(
            "Existing project that holds the budgets' notification channels and topics, and the "
            "environment's dashboard."
        ),
        examples=["acme-seed"],
    )
    organization: fields.Organization | None = Field(
        default=None,
        description="Organization in which to create the constraint for forbidUnrestrictedKeys.",
        examples=["organizations/123456789012"],
    )
    key_constraint: fields.ConstraintName | None = Field(
        default=None,
        description="Existing constraint for forbidUnrestrictedKeys, in place of one that the stack creates.",
        examples=["custom.geminiRestrictedKeysProd"],
    )
    budget_channels: dict[fields.Email, fields.ChannelName] = Field(
        default={},
        description=(
            "Existing channels in notificationProject through which budgets and the guard notify these addresses, in "
            "place of channels that the stack creates."
        ),
        examples=["{oncall@example.com: projects/acme-seed/notificationChannels/1234567890}"],
    )
    channels: dict[fields.ChannelKey, ChannelSettings] = Field(
        default={},
        description=(
            "Notification channels that alerts refer to by name: Slack, PagerDuty, webhook, Pub/Sub, e-mail."
        ),
        examples=["{desk: {type: email, address: desk@example.com}}"],
    )
    topics: tuple[fields.TopicName, ...] = Field(
        default=(),
        description="Pub/Sub topics for budgets, created in notificationProject.",
        examples=["[spend]"],
    )
    shared_budgets: dict[fields.KeyName, SharedBudgetSettings] = Field(
        default={},
        description="Budgets over several projects, a folder or a subaccount, by name.",
        examples=["{pilot: {projects: [chat], amount: 90, currency: USD}}"],
    )
    dashboard: StrictBool = Field(
        default=False,
        description="Create a dashboard of all projects, in notificationProject.",
        examples=["true"],
    )
    account_terms: dict[fields.BillingAccount, AccountTermsSettings] = Field(
        default={},
        description="Terms of billing accounts, by account ID: discounts, contract prices, the tier.",
        examples=["{01A2B3-C4D5E6-F7A8B9: {usdRate: 0.92}}"],
    )
    guard: GuardHostSettings = Field(
        default=GuardHostSettings(),
        description="The spend guard of all projects with `guard`: where it runs, and how late it is assumed to be.",
        examples=["{region: europe-west1, email: [oncall@example.com]}"],
    )
    write_rates: WriteRatesSettings = Field(
        default=WriteRatesSettings(),
        description="Most projects, API keys and budgets to write in a time, in place of Google's own quotas.",
        examples=["{projectsPerSecond: 4}"],
    )
    after: tuple[fields.StackName, ...] = Field(
        default=(),
        description=(
            "Stacks that `gemini-lz fleet` updates before this one, and destroys after it. It finds by itself that "
            "one creates a project or a topic that another uses."
        ),
        examples=["[base]"],
    )


NOTHING_AGREED = AccountTermsSettings()
"""List prices, in US dollars."""


class Derivation(Settings):
    """A project's `limits.derive`, and the limits beside it."""

    settings: DeriveSettings
    by_hand: dict[str, Limits]


class StackFileSettings(EnvironmentRules):
    """Settings of an environment, as a stack file has them."""

    projects: dict[str, ProjectSettings] = Field(
        description="Projects, by their names in this file.",
        examples=["{chat: {projectId: acme-chat-prod, tier: free}}"],
    )
    defaults: ProjectSettings | None = Field(
        default=None,
        description=(
            "Settings that every project inherits unless it has its own; projectId, adopt and "
            "aliases cannot be inherited."
        ),
        examples=["{alerts: {email: [oncall@example.com]}}"],
    )
    parent: fields.Parent | None = Field(
        default=None,
        description="Folder or organization to create projects in.",
        examples=["folders/987654321098"],
    )
    billing_account: fields.BillingAccount | None = Field(
        default=None,
        description="Billing account that pays for the paid projects.",
        examples=["01A2B3-C4D5E6-F7A8B9"],
    )
    labels: dict[fields.LabelKey, fields.LabelValue] | None = Field(
        default=None,
        description="Labels of all created projects; a project adds its own.",
        examples=["{owner: platform}"],
    )


class EnvironmentSettings(EnvironmentRules):
    """All of an environment: one stack."""

    stack: str
    projects: dict[str, ProjectSettings]
    """With the limits that are in force: derived ones have been worked out."""
    derivations: dict[str, Derivation] = Field(default={})
    """By project, for those that have `limits.derive`."""
    unfit: dict[str, tuple[str, ...]] = Field(default={})
    """By project, why its plan does not fit what `limits.derive` allows, where that was to be kept."""

    @property
    def name_at_google(self) -> str:
        """The stack's name in labels and names at Google: its own, unless it had another when they were created."""
        return self.stack_label or self.stack

    @property
    def guarded(self) -> dict[str, ProjectSettings]:
        """The projects that the spend guard acts in, by name."""
        return {name: project for name, project in self.projects.items() if project.is_guarded}

    @property
    def guard_emails(self) -> tuple[str, ...]:
        """Addresses to notify of what the guard does: its own, else those of the projects that it guards."""
        own = self.guard.email
        of_projects = (email for project in self.guarded.values() for email in project.alerts.email)
        return tuple(dict.fromkeys(own or of_projects)) if self.guarded else ()

    def terms_of(self, account: str | None) -> AccountTermsSettings:
        """Terms of a billing account; list prices if there are none."""
        return self.account_terms.get(account or "", NOTHING_AGREED)
