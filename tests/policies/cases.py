"""Cases of each policy: facts that comply and facts that violate it. The messages are in golden/messages.txt."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.gemini.methods import full_methods
from landing_zone.policies.facts import UNKNOWN, Facts, Threshold
from landing_zone.pricing.exposure import Doors
from landing_zone.pricing.money import Money
from landing_zone.pricing.rates import Terms
from tests.policies.facts import (
    ACCOUNT,
    API,
    BUDGET,
    CAP,
    GOOD,
    KEY,
    LOCATION,
    MAPS,
    OTHER_ACCOUNT,
    PROJECT,
    SHARED,
    THRESHOLDS,
    budget,
    budgets,
    declared,
    grant,
    guarded,
    key,
    project,
    quota,
    second,
    subject,
)

MAPS_KEY: Final = replace(KEY, targets=(MAPS,), methods=())
TOPIC: Final = "projects/acme-ops/topics/budgets"
MAPS_API: Final = replace(API, service=MAPS)
BUT_CHAT: Final = {
    "envelope": 100,
    "exceptions": [{"resource": "chat", "owner": "a", "reason": "b", "expires": "2099-12-31"}],
}
EUROS: Final = Terms(currency="EUR", usd_rate=Decimal("0.9"))
TWO: Final = frozenset({"acme-chat", "acme-search"})


@dataclass(frozen=True)
class Case:
    """Facts, and the policy that judges them."""

    policy: str
    name: str
    facts: Facts
    options: dict[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.policy}: {self.name}"


def on(day: date, **changes: Any) -> Facts:
    """The project on another day."""
    return replace(project(**changes), day=day)


def located(name: Any) -> Facts:
    return replace(GOOD, locations=(replace(LOCATION, name=name),))


def argon(requests: int | None = None, tokens: int | None = None) -> dict[str, Limits]:
    return {"gemini-4-argon": Limits(requests, None, tokens)}


SHUT: Final = replace(PROJECT, limits=argon(1), doors=Doors(caches=False))
METERED: Final = replace(guarded(), projects=(SHUT,))
"""A request a minute: ten minutes touch eleven, of 1,048,576 tokens read and written at 2 and 10 dollars a million."""
TEN_MINUTES: Final = {"maxOvershoot": "138.412032"}
CACHING: Final = replace(
    METERED, projects=(replace(SHUT, limits={"gemini-3.8-flash": Limits(1)}, doors=Doors(caches=True)),)
)
FEWER: Final = replace(METERED, projects=(replace(SHUT, doors=Doors(caches=False, queries=4)),))
DISCOUNTED: Final = replace(METERED, projects=(replace(SHUT, stated=Terms(discount=Decimal("0.5"))),))


def slower(minutes: int) -> Facts:
    return replace(guarded(lag=timedelta(minutes=minutes)), projects=(SHUT,))


def unseen(**changes: Any) -> Facts:
    return replace(guarded(**changes), projects=(SHUT,))


GUARD_ROLE: dict[str, Any] = {
    "role": "geminiGuard_prod_39e779",
    "members": (),
    "permissions": ("monitoring.timeSeries.list", "serviceusage.quotas.get", "serviceusage.quotas.update"),
}
GUARD_MEMBER: dict[str, Any] = {
    "role": "projects/acme-chat/roles/geminiGuard_prod_39e779",
    "members": ("serviceAccount:gemini-guard-prod@acme-seed.iam.gserviceaccount.com",),
}


def hosted(**changes: Any) -> Facts:
    """A grant, where the owners of the policies name the guard's project."""
    return replace(grant(**changes), guard_hosts=frozenset({"acme-seed"}))


FREE: Final = project(account=None, private_data=True)
VERTEX: Final = replace(
    API, subject=subject("api", "vertex", "API aiplatform"), service="aiplatform.googleapis.com"
)
HIGH: Final = replace(CAP, amount=Decimal(600))
LINKED: Final = replace(PROJECT, ids=frozenset({"acme-chat", "urn:link"}), created=False)
NOT_FOR_GEMINI: Final = replace(
    project(account=UNKNOWN), budgets=(), not_for_gemini=frozenset({"1234567890"})
)
EXCLUDED: Final = replace(GOOD, not_for_gemini=frozenset({"1234567890"}))
UNREAD: Final = replace(project(account=UNKNOWN, unread=True, private_data=True), budgets=())
FIREBASE_KEY: Final = key(targets=("firebasevertexai.googleapis.com", MAPS), addresses=(), claimed="browser")
TOO_WIDE: Final = {
    "every IPv4 network": tuple(f"{each}.0.0.0/8" for each in range(256)),
    "two networks": ("8.0.0.0/8", "9.0.0.0/9"),
    "two networks as IPv6": ("::ffff:8.0.0.0/104", "64:ff9b::9.0.0.0/104"),
    "every IPv6 address that there is": ("2000::/3",),
    "every IPv6 network in pieces": tuple(f"{each:x}::/20" for each in range(0x2000, 0x4000, 0x10)),
    "IPv4 as IPv6": ("::ffff:0:0/96",),
    "half of IPv4 behind a translation": ("64:ff9b::/97",),
    "6to4": ("2002::/16",),
    "Teredo": ("2001::/32",),
    "with a space": (" 0.0.0.0/0", "203.0.113.7"),
    "a name": ("office",),
    "a port, a range, a wildcard, a mask, a zone and zeros": (
        "203.0.113.7:443",
        "203.0.113.7-203.0.113.9",
        "203.0.113.*",
        "203.0.113.0/255.255.255.0",
        "fe80::1%eth0",
        "203.000.113.007",
    ),
}
SERVICE_AGENT: Final = "serviceAccount:service-1234567890@gcp-sa-pubsub.iam.gserviceaccount.com"
TOO_MUCH: Final[dict[str, dict[str, Any]]] = {
    "an editor": {"role": "roles/editor"},
    "in capitals": {"role": "Roles/Owner"},
    "everybody": {"role": "roles/serviceusage.serviceUsageConsumer", "members": ("allUsers",)},
    "a domain among those that may": {
        "role": "roles/viewer",
        "members": ("domain:example.com", "user:ada@example.com"),
    },
    "Vertex AI": {"role": "roles/aiplatform.user"},
    "on a folder": {"role": "roles/resourcemanager.projectIamAdmin", "on": "folders/1"},
    "on a service account": {
        "role": "roles/iam.serviceAccountTokenCreator",
        "on": "backend@acme-chat.iam.gserviceaccount.com",
    },
    "of a service agent": {"role": "roles/firebaseml.serviceAgent"},
    "of a service agent, to a name like one": {
        "role": "roles/pubsub.serviceAgent",
        "members": ("serviceAccount:service-1234567890@acme.iam.gserviceaccount.com",),
    },
    "an editor to a service agent": {"role": "roles/editor", "members": (SERVICE_AGENT,)},
    "everybody, of a role that opens nothing": {
        "role": "roles/pubsub.publisher",
        "members": ("AllUsers", "user:ada@example.com"),
    },
    "builds, to everybody with an account": {
        "role": "roles/cloudbuild.builds.editor",
        "members": ("allAuthenticatedUsers", "user:ada@example.com"),
    },
    "secrets": {"role": "roles/secretmanager.secretAccessor"},
    "the providers of an identity pool": {"role": "roles/iam.workloadIdentityPoolAdmin"},
    "moving projects": {"role": "roles/resourcemanager.projectMover"},
    "a custom role that links projects": {
        "role": "",
        "members": (),
        "permissions": ("billing.resourceAssociations.create",),
    },
    "a policy that cannot be read": {"role": "", "members": (), "unreadable": "that is not JSON"},
    "a custom role": {"role": "projects/acme-chat/roles/reader"},
    "the definition of a custom role": {
        "role": "",
        "members": (),
        "permissions": ("resourcemanager.projects.get", "Serviceusage.services.use"),
    },
    "a key of a service account": {
        "role": "",
        "members": (),
        "on": "backend@acme-chat.iam.gserviceaccount.com",
        "credential": True,
    },
}
NOT_MUCH: Final[dict[str, dict[str, Any]]] = {
    "a role that opens nothing": {"role": "roles/pubsub.publisher"},
    "a role of Google's service agents, to one": {
        "role": "roles/pubsub.serviceAgent",
        "members": (SERVICE_AGENT,),
    },
    "a custom role that opens nothing": {
        "role": "",
        "members": (),
        "permissions": ("resourcemanager.projects.get",),
    },
    "nobody": {"role": "roles/owner", "members": ()},
}
UNLISTED: Final[dict[str, dict[str, Any]]] = {
    "a command": {},
    "its provider": {"type": "pulumi:providers:command"},
    "a dynamic one": {"type": "pulumi-python:dynamic:Resource", "package": "pulumi-python"},
    "a dynamic one in a module": {"type": "pulumi-nodejs:dynamic/keys:Key", "package": "pulumi-nodejs"},
    "another provider of Google's resources": {
        "type": "google-native:apikeys/v2:Key",
        "package": "google-native",
    },
    "a Terraform provider": {"type": "google:index/apikeysKey:ApikeysKey", "package": "google"},
    "a machine": {"type": "gcp:compute/instance:Instance", "package": "gcp"},
    "a function on the web": {"type": "gcp:cloudfunctionsv2/function:Function", "package": "gcp"},
    "a schedule that posts anywhere": {"type": "gcp:cloudscheduler/job:Job", "package": "gcp"},
    "an uptime check": {"type": "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig", "package": "gcp"},
    "a topic that transforms": {"type": "gcp:pubsub/topic:Topic", "package": "gcp"},
    "a known type by another package": {"type": "gcp:projects/apiKey:ApiKey", "package": "command"},
    "a provider's endpoint": {
        "type": "pulumi:providers:gcp",
        "package": "gcp",
        "endpoints": {"apikeysCustomEndpoint": "https://apikeys.example.com/v2/"},
    },
    "endpoints that look like Google's": {
        "type": "pulumi:providers:gcp",
        "package": "gcp",
        "endpoints": {
            "apikeysCustomEndpoint": "https://apikeys.googleapis.com@example.com/",
            "iamCustomEndpoint": "https://example.com/#.googleapis.com",
            "pubsubCustomEndpoint": "http://pubsub.googleapis.com/",
            "secretManagerCustomEndpoint": "http://127.0.0.1:9/",
            "serviceUsageCustomEndpoint": "https://localhost/",
            "storageCustomEndpoint": "https://example.com\\.googleapis.com/",
            "universeDomain": "example.com",
        },
    },
    "a plugin's address": {
        "type": "pulumi:providers:gcp",
        "package": "gcp",
        "endpoints": {"pluginDownloadURL": "github://api.github.com/someone"},
    },
}
LISTED: Final[tuple[tuple[str, Facts, dict[str, Any]], ...]] = (
    ("the package is allowed", declared(), {"packages": ["command"]}),
    ("the type is allowed", declared(), {"types": ["command:local:Command"]}),
    ("the types are allowed", declared(), {"types": ["command:local:*"]}),
    (
        "the provider of an allowed type",
        declared(type="pulumi:providers:command"),
        {"types": ["command:local:*"]},
    ),
    (
        "endpoints of Google",
        declared(
            type="pulumi:providers:gcp",
            package="gcp",
            endpoints={
                "iamCustomEndpoint": "https://iam.mtls.googleapis.com/v1/",
                "pubsubCustomEndpoint": UNKNOWN,
                "universeDomain": "googleapis.com",
            },
        ),
        {},
    ),
    (
        "an allowed host",
        declared(
            type="pulumi:providers:gcp",
            package="gcp",
            endpoints={"pluginDownloadURL": "https://plugins.example.com/gcp"},
        ),
        {"endpoints": ["plugins.example.com"]},
    ),
    (
        "this machine, if it is allowed",
        declared(
            type="pulumi:providers:gcp",
            package="gcp",
            endpoints={"storageCustomEndpoint": "http://127.0.0.1:8080/storage/"},
        ),
        {"endpoints": ["127.0.0.1"]},
    ),
)
FAILING: Final = (
    Case("paid-project-has-budget", "there is none", budgets()),
    Case("paid-project-has-budget", "it names another project", budget(projects=("acme-search",))),
    Case("paid-project-has-budget", "it counts every service", budget(services=())),
    Case("paid-project-has-budget", "it is another account's", budget(account=OTHER_ACCOUNT)),
    Case("paid-project-has-budget", "it counts only what has a label", budget(labelled=True, narrowed=True)),
    Case("paid-project-has-budget", "its days are over", budget(months=None, ends=date(2026, 11, 23))),
    Case(
        "paid-project-has-budget",
        "it begins tomorrow",
        budget(months=None, starts=date(2026, 11, 25), ends=date(2030, 1, 1)),
    ),
    Case("paid-project-has-budget", "it begins who knows when", budget(months=None, starts=UNKNOWN)),
    Case("paid-project-has-budget", "it is of another number", budget(projects=("999999999999",))),
    Case("paid-project-has-budget", "it counts a subaccount alone", budget(subaccounts=(OTHER_ACCOUNT,))),
    Case("paid-project-has-budget", "it counts another folder", budget(ancestors=("folders/1",))),
    Case("paid-project-has-budget", "it may be paid", project(account=UNKNOWN)),
    Case(
        "paid-project-has-budget",
        "the number of a link is not known",
        replace(budget(projects=("1234567890",)), projects=(LINKED,)),
    ),
    Case("budget-not-account-wide", "no filter", budget(projects=())),
    Case("budget-below-maximum", "a month", budget(amount=Decimal("100.01"))),
    Case("budget-below-maximum", "a quarter", budget(amount=Decimal("300.01"), months=Decimal(3))),
    Case("budget-below-maximum", "a year", budget(amount=Decimal(1200000), months=Decimal(12))),
    Case("budget-below-maximum", "days that do not repeat", budget(amount=Decimal(300), months=None)),
    Case("budget-below-maximum", "what the last period cost", budget(amount=None, currency=None)),
    Case("budget-below-maximum", "another currency", budget(amount=Decimal(1), currency="JPY")),
    Case("budget-below-maximum", "no currency", budget(amount=Decimal(1), currency=None)),
    Case("budgets-within-envelope", "one", budget(amount=Decimal("100.01"))),
    Case("budgets-within-envelope", "two", budgets(BUDGET, second(amount=Decimal("0.01")))),
    Case("budgets-within-envelope", "a third of a quarter's", budget(amount=Decimal(400), months=Decimal(3))),
    Case(
        "budgets-within-envelope",
        "a project has only the shared one",
        budgets(BUDGET, replace(SHARED, projects=("acme-chat", "acme-search"))),
    ),
    Case(
        "budgets-within-envelope",
        "a shared one over a folder",
        budgets(BUDGET, replace(SHARED, projects=(), narrowed=True)),
    ),
    Case("budgets-within-envelope", "a shared one over what its projects have", budgets(BUDGET, SHARED)),
    Case(
        "budgets-within-envelope",
        "others than the exempt",
        budgets(BUDGET, second(amount=Decimal(101))),
        BUT_CHAT,
    ),
    Case("budgets-within-envelope", "other currencies", budgets(BUDGET, second(currency="EUR"))),
    Case(
        "budgets-within-envelope",
        "what the last period cost",
        budgets(BUDGET, second(amount=None, currency=None)),
    ),
    Case("budgets-within-envelope", "an amount is not known", budget(amount=UNKNOWN)),
    Case("budgets-within-envelope", "a currency is not known", budget(currency=UNKNOWN)),
    Case(
        "budgets-within-envelope",
        "a shared one over what is not known",
        budgets(BUDGET, replace(SHARED, projects=UNKNOWN)),
    ),
    Case("budget-counts-credits", "all", budget(credits=("ALL",))),
    Case("budget-counts-credits", "promotions", budget(credits=("PROMOTION",))),
    Case("budget-counts-credits", "with discounts", budget(credits=("DISCOUNT", "SUBSCRIPTION_BENEFIT"))),
    Case("budget-thresholds", "none", budget(thresholds=())),
    Case("budget-thresholds", "the whole alone", budget(thresholds=(Threshold(Decimal(1)),))),
    Case("budget-thresholds", "no forecast", budget(thresholds=THRESHOLDS[:3])),
    Case("budget-thresholds", "the forecast is no spend", budget(thresholds=(THRESHOLDS[0], THRESHOLDS[3]))),
    Case("budget-thresholds", "late", budget(thresholds=THRESHOLDS[1:]), {"firstAtMost": 0.75}),
    Case("budget-thresholds", "days that do not repeat", budget(thresholds=THRESHOLDS[:2], months=None)),
    Case("budget-thresholds", "a quarter", budget(thresholds=THRESHOLDS[:3], months=Decimal(3))),
    Case("budget-notifies", "nobody", budget(notifies=False)),
    Case(
        "currency-matches",
        "others are in dollars",
        replace(budgets(BUDGET, second()), caps=(replace(CAP, currency="EUR"),)),
    ),
    Case(
        "currency-matches", "the account's is set", budget(currency="EUR"), {"currencies": {ACCOUNT: "USD"}}
    ),
    Case("currency-matches", "a currency is not known", budget(currency=UNKNOWN)),
    Case("currency-matches", "an account is not known", budget(account=UNKNOWN)),
    Case("spend-stops", "there is nothing", replace(GOOD, caps=())),
    Case("spend-stops", "another project's", replace(GOOD, caps=(replace(CAP, projects=("acme-search",)),))),
    Case("spend-stops", "another account's", replace(GOOD, caps=(replace(CAP, account=OTHER_ACCOUNT),))),
    Case(
        "spend-stops",
        "it stops nothing",
        replace(GOOD, caps=(replace(CAP, amount=Decimal(10**9)),)),
        {"maximum": 150},
    ),
    Case("spend-stops", "nothing listens", replace(budget(topic=TOPIC), caps=())),
    Case(
        "spend-stops",
        "what listens is not named",
        replace(budget(topic=TOPIC), caps=(), listeners=(TOPIC,)),
        {"guards": ["projects/acme-ops/topics/spend"]},
    ),
    Case(
        "spend-stops",
        "the named topic is of another project's budget",
        replace(budgets(BUDGET, second(topic=TOPIC)), caps=()),
        {"guards": [TOPIC]},
    ),
    Case(
        "spend-stops",
        "a topic is not known",
        replace(budget(topic=UNKNOWN), caps=(), listeners=(UNKNOWN,)),
        {"guards": [TOPIC]},
    ),
    Case("spend-stops", "a cent above twice", replace(GOOD, caps=(replace(CAP, amount=Decimal("200.01")),))),
    Case(
        "spend-stops",
        "a month's above twice a twelfth",
        replace(budget(amount=Decimal(600), months=Decimal(12)), caps=(CAP,)),
    ),
    Case("spend-stops", "its amount is not known", replace(GOOD, caps=(replace(CAP, amount=UNKNOWN),))),
    Case("spend-stops", "another number", replace(GOOD, caps=(replace(CAP, projects=("999999999999",)),))),
    Case("spend-stops", "a guard that nobody has seen act", guarded(tested=False)),
    Case("spend-stops", "a guard on a dry run", guarded(idle="is on a dry run, and changes nothing")),
    Case("spend-stops", "a guard of another project", guarded(project="acme-search")),
    Case("spend-stops", "a guard a cent above twice", guarded(amount=Decimal("200.01"))),
    Case("spend-stops", "a guard above the maximum", guarded(amount=Decimal(160)), {"maximum": 150}),
    Case("spend-stops", "a guard of which nothing is known yet", guarded(amount=UNKNOWN, currency=UNKNOWN)),
    Case("spend-stops", "a guard in euros", guarded(currency="EUR")),
    Case(
        "spend-stops",
        "a cap and a guard that stop nothing",
        replace(guarded(tested=False), caps=(replace(CAP, lifted=True),)),
    ),
    Case("spend-stops", "one too high, one lifted", replace(GOOD, caps=(HIGH, replace(CAP, lifted=True)))),
    Case("other-doors", "Vertex AI", replace(GOOD, apis=(API, VERTEX))),
    Case("other-doors", "in a paid project without Gemini", replace(GOOD, apis=(VERTEX,))),
    Case("other-doors", "elsewhere", replace(GOOD, apis=(API, replace(VERTEX, project="acme-other")))),
    Case("other-doors", "below a folder", replace(GOOD, apis=(replace(VERTEX, project="folders/1"),))),
    Case("other-doors", "somewhere", replace(GOOD, apis=(replace(VERTEX, project=UNKNOWN),))),
    Case("other-doors", "beside Gemini on the free tier", replace(project(account=None), apis=(API, VERTEX))),
    Case("other-doors", "who knows which", replace(GOOD, apis=(API, replace(VERTEX, service=UNKNOWN)))),
    Case("spend-stops", "lifted", replace(GOOD, caps=(replace(CAP, lifted=True),))),
    Case("models-limited", "tokens alone", project(limits=argon(tokens=1000))),
    Case("models-limited", "all others are open", project(others=None)),
    Case("models-limited", "a model that nobody here knows", project(unpriced=("gemini-9",))),
    Case(
        "models-limited",
        "no program opens other APIs alone",
        replace(project(others=None), apis=(MAPS_API, API)),
    ),
    Case("models-limited", "others have tokens alone", project(others=Limits(input_tokens_per_minute=10))),
    Case("private-data-stored", "of a new project", project(private_data=True)),
    Case("models-served", "gone", project(limits={"gemini-3-pro-preview": Limits(requests_per_day=1)})),
    Case(
        "models-served",
        "30 days before",
        replace(project(planned=("gemini-2.5-pro",)), day=date(2026, 11, 1)),
    ),
    Case("models-served", "further ahead", project(planned=("gemini-3.1-flash-lite",)), {"days": 200}),
    Case("exposure-within-allowance", "a cent", GOOD, {"maxOvershoot": 251.64824}),
    Case("exposure-within-allowance", "over two hours", GOOD, {"maxOvershoot": 50.0, "lag": "2h"}),
    Case("exposure-within-allowance", "with a guard, a cent", METERED, {"maxOvershoot": "138.402032"}),
    Case("exposure-within-allowance", "with a guard in an hour", slower(60), TEN_MINUTES),
    Case("exposure-within-allowance", "a guard that nobody has seen act", unseen(tested=False), TEN_MINUTES),
    Case("exposure-within-allowance", "a guard on a dry run", unseen(idle="is on a dry run"), TEN_MINUTES),
    Case("exposure-within-allowance", "a guard that does not see caches", CACHING, TEN_MINUTES),
    Case("exposure-within-allowance", "a guard that counts fewer queries", FEWER, TEN_MINUTES),
    Case("exposure-within-allowance", "a guard that counts with other prices", DISCOUNTED, TEN_MINUTES),
    Case("exposure-within-allowance", "what is derived", project(allowance=Money(Decimal(250), "USD")), {}),
    Case("exposure-within-allowance", "without limit", project(limits={}, others=None)),
    Case("exposure-within-allowance", "another currency", project(terms=EUROS)),
    Case("exposure-within-allowance", "a key that can call all", key(methods=()), {"maxOvershoot": 1e9}),
    Case(
        "exposure-within-allowance",
        "a key on every method of a service",
        key(methods=("GenerativeService.*",)),
    ),
    Case(
        "exposure-within-allowance",
        "a key on a method that is not known",
        key(methods=("FileSearchService.Make",)),
    ),
    Case("exposure-within-allowance", "others have numbers", project(others=Limits(requests_per_day=1))),
    Case("exposure-within-allowance", "a model without a price", project(unpriced=("gemini-9",))),
    Case(
        "exposure-within-allowance",
        "embeddings, which Google counts for each user",
        replace(
            project(limits={"gemini-embedding-2": Limits(requests_per_minute=1)}),
            keys=(replace(KEY, methods=full_methods(["embed"])),),
        ),
    ),
    Case(
        "exposure-within-allowance",
        "denied on the metrics of content alone",
        replace(
            project(doors=replace(PROJECT.doors, content_only=True)),
            keys=(replace(KEY, methods=full_methods(["generate", "video"])),),
        ),
    ),
    Case(
        "price-step-up",
        "not bounded",
        replace(key(methods=()), day=date(2026, 11, 30)),
        {"maxOvershoot": 1e9},
    ),
    Case("price-step-up", "30 days before", on(date(2026, 11, 1)), {"maxOvershoot": 503.30}),
    Case("price-step-up", "the day before", on(date(2026, 11, 30)), {"maxOvershoot": "251.65824"}),
    Case("quota-raise-justified", "nobody answers", quota(justification=None, contact=None)),
    Case("quota-raise-justified", "no reason", quota(justification="")),
    Case("quota-raise-justified", "over the ceiling", quota(value=1500)),
    Case(
        "quota-raise-justified",
        "over its own ceiling",
        quota(),
        {"ceiling": 1000, "ceilings": {"PredictRequestsPerDay": 100}},
    ),
    Case("quota-raise-justified", "raised by Google", quota(automatic=True, quota_id=None, value=0)),
    Case("quota-raise-justified", "no limit", quota(value=-1), {}),
    Case("key-restricted", "not at all", key(targets=())),
    Case("key-gemini-only", "maps", key(targets=(MAPS, GEMINI_API, "aiplatform.googleapis.com"))),
    Case("key-clients", "anywhere", key(addresses=())),
    Case("key-bound", "a standard key", key(service_account=None)),
    Case("key-methods", "all of the API", key(methods=())),
    Case("key-clients", "not restricted at all", key(targets=(), addresses=())),
    Case("key-clients", "web pages", key(addresses=(), claimed="browser")),
    Case("key-clients", "apps", key(addresses=(), claimed="app")),
    Case("key-clients", "every address", key(addresses=("0.0.0.0/0", "::/0", "203.0.113.7"))),
    Case("key-clients", "half of all", key(addresses=("0.0.0.0/1", "128.0.0.0/1"))),
    *(Case("key-clients", name, key(addresses=addresses)) for name, addresses in TOO_WIDE.items()),
    Case("key-clients", "of Vertex AI", key(targets=(VERTEX.service,), addresses=())),
    Case("key-clients", "of Firebase AI Logic, for web pages", FIREBASE_KEY),
    Case("key-clients", "wider than a network", key(addresses=("10.0.0.0/7", "2000::/31"))),
    Case("gemini-in-managed-projects", "not for Gemini", EXCLUDED),
    Case(
        "gemini-in-managed-projects",
        "elsewhere, and not for Gemini",
        replace(
            GOOD,
            projects=(),
            apis=(replace(API, service=UNKNOWN),),
            keys=(FIREBASE_KEY.keys[0],),
            not_for_gemini=frozenset({"acme-chat"}),
        ),
    ),
    Case("other-doors", "not for Gemini", replace(EXCLUDED, apis=(VERTEX, replace(API, service=UNKNOWN)))),
    Case("gemini-in-managed-projects", "an API", replace(GOOD, apis=(replace(API, project="acme-other"),))),
    Case("gemini-in-managed-projects", "a key", key(project="acme-other")),
    Case("gemini-in-managed-projects", "the provider's", key(project=None)),
    Case(
        "gemini-in-managed-projects", "an API somewhere", replace(GOOD, apis=(replace(API, project=UNKNOWN),))
    ),
    Case(
        "gemini-in-managed-projects",
        "some API elsewhere",
        replace(GOOD, apis=(replace(API, service=UNKNOWN, project="acme-other"),)),
    ),
    Case("gemini-in-managed-projects", "a key somewhere", key(project=UNKNOWN)),
    Case("gemini-in-managed-projects", "some key elsewhere", key(targets=UNKNOWN, project="acme-other")),
    Case("gemini-in-managed-projects", "a key of Vertex AI", key(targets=(VERTEX.service,), project="a-b-c")),
    Case("free-tier-private-data", "private", FREE),
    Case("free-tier-private-data", "it may be free", project(account=UNKNOWN, private_data=True)),
    Case("free-tier-private-data", "it may be private", project(account=None, private_data=UNKNOWN)),
    Case("free-tier-users", "it may be free", project(account=UNKNOWN, users=("DE",))),
    Case("free-tier-users", "they may be anywhere", project(account=None, users=UNKNOWN)),
    Case("free-tier-users", "in Europe", project(account=None, users=("US", "CH", "GB", "DE"))),
    Case("free-tier-users", "no country", project(account=None, users=("GERMANY", "US"))),
    Case("free-tier-users", "in the EEA", project(account=None, users=("EEA",))),
    Case("regions", "elsewhere", located("us-central1"), {"locations": ["europe", "EU"]}),
    Case(
        "regions",
        "a name that only begins like it",
        located("europe-west12"),
        {"locations": ["europe-west1"]},
    ),
    Case("regions", "users", project(users=("DE", "US", "CH"))),
    Case("protected", "not protected", project(protected=False)),
    Case("protected", "a lien on who knows what", replace(project(protected=False), liens=(UNKNOWN,))),
    *(Case("access-without-key", name, grant(**changes)) for name, changes in TOO_MUCH.items()),
    Case(
        "access-without-key",
        "a guard of another project",
        replace(grant(**GUARD_MEMBER), guard_hosts=frozenset({"acme-other"})),
    ),
    Case("access-without-key", "a guard that nobody named", grant(**GUARD_ROLE)),
    Case(
        "access-without-key",
        "more than a guard calls",
        hosted(**{**GUARD_ROLE, "permissions": (*GUARD_ROLE["permissions"], "apikeys.keys.create")}),
    ),
    Case(
        "access-without-key",
        "a guard and somebody else",
        hosted(**{**GUARD_MEMBER, "members": (*GUARD_MEMBER["members"], "user:ada@example.com")}),
    ),
    Case("access-without-key", "a role of the option", GOOD, {"roles": ["roles/Logging.viewer"]}),
    *(Case("known-resources", name, declared(**changes)) for name, changes in UNLISTED.items()),
    Case("billing-accounts", "another one", project(account=OTHER_ACCOUNT)),
    Case("billing-accounts", "a budget's", budget(account=OTHER_ACCOUNT)),
    Case("billing-accounts", "a cap's", replace(GOOD, caps=(replace(CAP, account=OTHER_ACCOUNT),))),
    Case("parents", "another one", project(parent="folders/1")),
    Case("parents", "the organization of the folder", project(parent="organizations/1")),
    Case("parents", "none", project(parent=None)),
    Case("parents", "a folder of the program", project(parent="urn:pulumi:a::b::c::d")),
    Case("adoption", "none may be", project(created=False)),
    Case("adoption", "another one may be", project(created=False), {"projects": ["acme-other"]}),
    Case("deletion-policy", "goes", project(deletion="DELETE")),
    Case("deletion-policy", "stays", project(deletion="ABANDON"), {"allowed": ["PREVENT"]}),
    Case("no-disable-on-destroy", "goes", replace(GOOD, apis=(replace(API, disable_on_destroy=True),))),
    Case("labels", "none", project(labels=None)),
    Case("labels", "empty", project(labels={"owner": "platform", "cost-centre": ""})),
)
PASSING: Final = (
    *(Case(policy, "the good project", GOOD) for policy in sorted({case.policy for case in FAILING})),
    Case("paid-project-has-budget", "free", replace(project(account=None), budgets=())),
    Case("paid-project-has-budget", "by its number", budget(projects=("1234567890",))),
    Case("paid-project-has-budget", "a shared one", budgets(replace(SHARED, projects=tuple(TWO)))),
    Case("budget-not-account-wide", "a folder", budget(projects=(), narrowed=True)),
    Case("budget-below-maximum", "a quarter", budget(amount=Decimal(300), months=Decimal(3))),
    Case("budget-below-maximum", "a year", budget(amount=Decimal(1200), months=Decimal(12))),
    Case("budget-below-maximum", "days that do not repeat", budget(months=None)),
    Case("budget-below-maximum", "no maximum", budget(amount=Decimal(10**9)), {}),
    Case("budget-below-maximum", "in euros", budget(currency="EUR"), {"maximum": 100, "currency": "EUR"}),
    Case(
        "budgets-within-envelope",
        "a quarter and a year",
        budgets(
            replace(BUDGET, amount=Decimal(150), months=Decimal(3)),
            second(amount=Decimal(600), months=Decimal(12)),
        ),
    ),
    Case(
        "budgets-within-envelope",
        "a shared one counts once",
        budgets(BUDGET, replace(SHARED, amount=Decimal(100))),
    ),
    Case(
        "budgets-within-envelope",
        "without the exempt",
        budgets(replace(BUDGET, amount=Decimal(1)), second(amount=Decimal(99))),
        BUT_CHAT,
    ),
    Case("budgets-within-envelope", "no envelope", budgets(BUDGET, second(currency="EUR")), {}),
    Case("budgets-within-envelope", "could not be read", budget(amount=UNKNOWN, unread=True)),
    Case("budget-counts-credits", "discounts", budget(credits=("DISCOUNT", "RESELLER_MARGIN"))),
    Case("budget-thresholds", "days that do not repeat", budget(thresholds=THRESHOLDS[:3], months=None)),
    Case("budget-thresholds", "earlier", budget(thresholds=(Threshold(Decimal("0.2")), *THRESHOLDS[2:]))),
    Case("currency-matches", "two accounts", budgets(BUDGET, second(account=OTHER_ACCOUNT, currency="EUR"))),
    Case("currency-matches", "could not be read", budget(currency=UNKNOWN, unread=True)),
    Case("spend-stops", "a topic that is named", replace(budget(topic=TOPIC), caps=()), {"guards": [TOPIC]}),
    Case("spend-stops", "a guard", guarded()),
    Case("spend-stops", "a guard at twice", guarded(amount=Decimal(200)), {"maximum": 200}),
    Case("spend-stops", "a guard on a dry run beside a cap", guarded(capped=True, idle="is on a dry run")),
    Case("spend-stops", "a guard beside a lifted cap", replace(guarded(), caps=(replace(CAP, lifted=True),))),
    Case("spend-stops", "a cap of at most that", GOOD, {"maximum": 150}),
    Case("spend-stops", "twice", replace(GOOD, caps=(replace(CAP, amount=Decimal(200)),))),
    Case(
        "spend-stops",
        "twice the larger one",
        replace(budgets(BUDGET, replace(SHARED, amount=Decimal(300))), caps=(HIGH,)),
    ),
    Case(
        "spend-stops", "could not be read", replace(GOOD, caps=(replace(CAP, amount=UNKNOWN, unread=True),))
    ),
    Case("other-doors", "maps", replace(GOOD, apis=(API, MAPS_API))),
    Case(
        "other-doors",
        "allowed",
        replace(GOOD, apis=(VERTEX,)),
        {"allowed": ["services/AIplatform.googleapis.com"]},
    ),
    Case("other-doors", "on the free tier", replace(project(account=None), apis=(VERTEX,))),
    Case(
        "other-doors",
        "not for Gemini, and allowed",
        replace(GOOD, apis=(VERTEX,), not_for_gemini=frozenset({"1234567890"})),
        {"allowed": ["aiplatform.googleapis.com"]},
    ),
    Case(
        "gemini-in-managed-projects",
        "not for Gemini, with maps",
        replace(EXCLUDED, apis=(MAPS_API,), keys=(MAPS_KEY,)),
    ),
    Case("spend-stops", "free", replace(project(account=None), caps=())),
    Case("spend-stops", "one of two is lifted", replace(GOOD, caps=(CAP, replace(CAP, lifted=True)))),
    Case("paid-project-has-budget", "it may be paid, but not for Gemini", NOT_FOR_GEMINI),
    Case("paid-project-has-budget", "could not be read", budget(services=UNKNOWN, unread=True)),
    Case("paid-project-has-budget", "its link could not be read", UNREAD),
    Case("paid-project-has-budget", "it begins today", budget(months=None, starts=date(2026, 11, 24))),
    Case("paid-project-has-budget", "it counts its folder", budget(ancestors=("folders/987654321098",))),
    Case(
        "paid-project-has-budget",
        "it counts a subaccount",
        replace(budget(subaccounts=(OTHER_ACCOUNT,)), projects=project(account=OTHER_ACCOUNT).projects),
    ),
    Case("models-limited", "others are limited too", project(others=Limits(requests_per_day=1))),
    Case("models-limited", "free", project(account=None, others=None)),
    Case(
        "models-served",
        "31 days before",
        replace(project(planned=("gemini-2.5-pro",)), day=date(2026, 10, 31)),
    ),
    Case("private-data-stored", "an older project", project(private_data=True, created=False)),
    Case("private-data-stored", "free", project(private_data=True, account=None)),
    Case("private-data-stored", "none", project(private_data=False)),
    Case("models-served", "shut", project(limits={"gemini-3-pro-preview": BLOCKED})),
    Case("models-served", "unknown", project(planned=("gemini-9",))),
    Case("exposure-within-allowance", "free", project(account=None, others=None)),
    Case("exposure-within-allowance", "no allowance", GOOD, {}),
    Case("exposure-within-allowance", "with a guard", METERED, TEN_MINUTES),
    # What a stack file assumes of its own guard makes it no faster.
    Case(
        "exposure-within-allowance", "with a guard that is said to be there at once", slower(0), TEN_MINUTES
    ),
    Case(
        "exposure-within-allowance",
        "denied on the metrics of content alone, and no key calls what others count",
        project(doors=replace(PROJECT.doors, content_only=True)),
    ),
    Case("exposure-within-allowance", "a wide key of another API", replace(GOOD, keys=(KEY, MAPS_KEY))),
    Case(
        "price-step-up", "not bounded, and no price changes", key(methods=()), {"maxOvershoot": 1, "days": 2}
    ),
    Case(
        "exposure-within-allowance",
        "in euros",
        project(terms=EUROS),
        {"maxOvershoot": "226.492416", "currency": "EUR"},
    ),
    Case("price-step-up", "31 days before", on(date(2026, 10, 31)), {"maxOvershoot": 251.65824}),
    Case(
        "price-step-up",
        "further than is looked",
        on(date(2026, 11, 24)),
        {"maxOvershoot": 251.65824, "days": 6},
    ),
    Case("price-step-up", "the day itself", on(date(2026, 12, 1)), {"maxOvershoot": 251.65824}),
    Case("price-step-up", "broken today", GOOD, {"maxOvershoot": 1}),
    Case("price-step-up", "no allowance", GOOD, {}),
    Case(
        "price-step-up",
        "a model that is denied",
        project(limits={"gemini-4-argon": BLOCKED}),
        {"maxOvershoot": 1},
    ),
    Case(
        "quota-raise-justified",
        "its own ceiling",
        quota(),
        {"ceiling": 1, "ceilings": {"PredictRequestsPerDay": 140}},
    ),
    Case("quota-raise-justified", "shut", quota(value=0, justification=None, contact=None)),
    Case("quota-raise-justified", "another API's", quota(service=MAPS, value=-1, justification=None)),
    Case("key-restricted", "to maps", key(targets=(MAPS,))),
    Case("key-gemini-only", "maps", key(targets=(MAPS, "places.googleapis.com"))),
    Case("key-clients", "maps", key(targets=(MAPS,), addresses=())),
    Case("key-clients", "a single address", key(addresses=("198.51.100.7", "2001:db8::1"))),
    Case("key-clients", "a network", key(addresses=("10.0.0.0/8", "2001:db8::/32"))),
    Case("key-clients", "private networks", key(addresses=("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))),
    Case("key-clients", "IPv4 in IPv6", key(addresses=("64:ff9b::203.0.113.7", "::ffff:10.0.0.0/104"))),
    Case("key-bound", "maps", key(targets=(MAPS,), service_account=None)),
    Case("key-methods", "maps", key(targets=(MAPS,), methods=())),
    Case("gemini-in-managed-projects", "by its number", key(project="1234567890")),
    Case("gemini-in-managed-projects", "maps elsewhere", key(project="acme-other", targets=(MAPS,))),
    Case("free-tier-private-data", "paid", project(private_data=True)),
    Case("free-tier-private-data", "nothing said", project(account=None, private_data=None)),
    Case("free-tier-users", "elsewhere", project(account=None, users=("US", "JP"))),
    Case("free-tier-users", "nothing said", project(account=None, users=None)),
    Case("regions", "a zone, in capitals", located("EUROPE-WEST1-B"), {"locations": ["europe-west1"]}),
    Case("regions", "a multi-region", located("EU"), {"locations": ["EU"]}),
    Case("regions", "global", located("global")),
    Case("regions", "anywhere", replace(project(users=("US",)), locations=located("us-east1").locations), {}),
    Case("protected", "by a lien", replace(project(protected=False), liens=("1234567890",))),
    Case("protected", "adopted", project(created=False, protected=False)),
    Case("protected", "cannot be said", project(protected=None)),
    *(Case("access-without-key", name, grant(**changes)) for name, changes in NOT_MUCH.items()),
    Case(
        "access-without-key",
        "a member and a role that may",
        grant(role="roles/owner"),
        {"members": ["user:ada@example.com"]},
    ),
    Case(
        "access-without-key",
        "a custom role that may",
        grant(role="projects/acme-chat/roles/reader"),
        {"customRoles": ["projects/acme-chat/roles/reader"]},
    ),
    Case("access-without-key", "a guard's role", hosted(**GUARD_ROLE)),
    Case("access-without-key", "the guard with its role", hosted(**GUARD_MEMBER)),
    *(Case("known-resources", name, facts, options) for name, facts, options in LISTED),
    Case("billing-accounts", "not set", project(account=OTHER_ACCOUNT), {}),
    Case("billing-accounts", "free", project(account=None)),
    Case("parents", "adopted", project(parent=None, created=False)),
    Case("parents", "not set", project(parent=None), {}),
    Case("adoption", "this one may be", project(created=False), {"projects": ["acme-chat"]}),
    Case("adoption", "not set", project(created=False), {}),
    Case("deletion-policy", "adopted", project(created=False, deletion="DELETE")),
    Case("deletion-policy", "allowed", project(deletion="DELETE"), {"allowed": ["DELETE"]}),
    Case("labels", "adopted", project(created=False, labels=None)),
    Case("labels", "others", project(labels={"team": "a"}), {"required": ["team"]}),
)
