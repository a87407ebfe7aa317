"""What the pack reads in resources, those too that the stand-in for the gcp plugin does not make."""

import json
import subprocess
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from landing_zone.guarding.policy import Budget as GuardBudget
from landing_zone.guarding.policy import Policy as GuardPolicy
from landing_zone.guarding.policy import StopStep
from tests.lifecycle.policies.judged import ACCOUNT, HERE, PACK

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine sends for a value that a preview does not know."""
LATER = "Unknown.UNKNOWN"
GEMINI = "generativelanguage.googleapis.com"
FILTER: dict[str, Any] = {"projects": ["projects/1"]}
PER_MINUTE = {"limit": "%2Fmin%2Fmodel%2Fproject", "service": GEMINI, "project": "acme-chat"}
METRICS = [
    f"{GEMINI}%2F{name}"
    for name in (
        "generate_requests_per_model",
        "generate_content_paid_tier_2_requests",
        "generate_content_paid_tier_3_requests",
    )
]
FLASH = {"dimensions": {"model": "gemini-3.8-flash"}}
Given = dict[str, Any]


def a(kind: str, *, come_from: Given | None = None, given: Given | None = None, **props: Any) -> Given:
    """A resource: in a preview, with the projects that properties come from and what the program gave."""
    return {"type": f"gcp:{kind}", "props": props, "comes_from": come_from or {}, "given": given}


def made_by(package: str, kind: str, **props: Any) -> Given:
    """A resource of any type, with the package of its provider."""
    return {"type": kind, "props": props, "package": package}


def project(**props: Any) -> Given:
    return a("organizations/project:Project", **{"projectId": "acme-chat", **props})


def link(**props: Any) -> Given:
    return a("billing/projectInfo:ProjectInfo", **{"billingAccount": ACCOUNT, **props})


def budget(**props: Any) -> Given:
    return a(
        "billing/budget:Budget",
        **{
            "billingAccount": f"billingAccounts/{ACCOUNT}",
            "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "10"}},
            "budgetFilter": FILTER,
            **props,
        },
    )


def filtered(**props: Any) -> Given:
    return budget(budgetFilter={**FILTER, **props})


def costs(units: Any, **more: Any) -> Given:
    return budget(amount={"specifiedAmount": {"currencyCode": "USD", "units": units, **more}})


def notifying(**rule: Any) -> Given:
    return budget(allUpdatesRule={"disableDefaultIamRecipients": True, **rule})


def override(metric: str, value: Any, **props: Any) -> Given:
    given = {**PER_MINUTE, "metric": metric, "overrideValue": value, **props}
    return a("serviceusage/consumerQuotaOverride:ConsumerQuotaOverride", **given)


def everywhere(value: Any, **props: Any) -> list[Given]:
    return [override(metric, value, **props) for metric in METRICS]


def preference(**props: Any) -> Given:
    given = {"service": GEMINI, "parent": "projects/acme-chat", "quotaConfig": {"preferredValue": "60"}}
    return a("cloudquota/sQuotaPreference:SQuotaPreference", **{**given, **props})


def preferred(**props: Any) -> list[Given]:
    names = ("", "-PaidTier2", "-PaidTier3")
    return [
        preference(quotaId=f"GenerateRequestsPerMinutePerProjectPerModel{name}", **props) for name in names
    ]


def key(**props: Any) -> Given:
    return a("projects/apiKey:ApiKey", project="acme-chat", displayName="k", **props)


BUDGETS: list[tuple[Given, Given]] = [
    (budget(), {"account": ACCOUNT, "amount": "10", "currency": "USD", "projects": ["1"], "services": []}),
    (costs("10", nanos=500000000), {"amount": "10.5"}),
    (costs(None, nanos=1), {"amount": "0.000000001"}),
    (costs(UNKNOWN), {"amount": LATER, "currency": "USD"}),
    # What is no number is for Google to refuse.
    (costs("1,200"), {"amount": LATER}),
    (costs("NaN"), {"amount": LATER}),
    (budget(amount={"lastPeriodAmount": True}), {"amount": None, "currency": None}),
    (budget(amount=UNKNOWN), {"amount": LATER, "currency": LATER}),
    (filtered(projects=UNKNOWN), {"projects": LATER}),
    (filtered(projects=["projects/1", UNKNOWN]), {"projects": LATER}),
    (filtered(projects=["projects/1", "projects/2"]), {"projects": ["1", "2"]}),
    (filtered(services=[UNKNOWN]), {"services": LATER}),
    (filtered(labels={"team": "a"}), {"narrowed": True, "labelled": True}),
    (
        filtered(subaccounts=["billingAccounts/0A0B0C-0D0E0F-010203"]),
        {"subaccounts": ["0A0B0C-0D0E0F-010203"]},
    ),
    (filtered(subaccounts=[UNKNOWN]), {"subaccounts": LATER}),
    (filtered(resourceAncestors=["folders/1", "organizations/2"]), {"ancestors": ["folders/1"]}),
    (filtered(resourceAncestors=UNKNOWN), {"ancestors": LATER}),
    (filtered(labels=UNKNOWN), {"narrowed": LATER, "labelled": LATER}),
    (filtered(resourceAncestors=["folders/1"]), {"narrowed": True}),
    (filtered(resourceAncestors=["organizations/1"]), {"narrowed": False}),
    (filtered(subaccounts=[f"billingAccounts/{ACCOUNT}"]), {"narrowed": False}),
    (filtered(subaccounts=[UNKNOWN]), {"narrowed": LATER}),
    (budget(budgetFilter=None), {"projects": [], "narrowed": False}),
    (budget(budgetFilter=UNKNOWN), {"projects": LATER, "services": LATER, "amount": LATER}),
    (filtered(), {"credits": ["ALL"]}),
    (filtered(creditTypesTreatment="EXCLUDE_ALL_CREDITS"), {"credits": []}),
    (filtered(creditTypesTreatment=UNKNOWN), {"credits": LATER}),
    (
        filtered(creditTypesTreatment="INCLUDE_SPECIFIED_CREDITS", creditTypes=["PROMOTION"]),
        {"credits": ["PROMOTION"]},
    ),
    (
        filtered(creditTypesTreatment="INCLUDE_SPECIFIED_CREDITS", creditTypes=[UNKNOWN]),
        {"credits": LATER},
    ),
    (filtered(calendarPeriod="QUARTER"), {"months": "3"}),
    (filtered(calendarPeriod="CALENDAR_PERIOD_UNSPECIFIED"), {"months": "1"}),
    (filtered(calendarPeriod=UNKNOWN), {"amount": LATER}),
    (filtered(customPeriod=UNKNOWN), {"amount": LATER, "starts": LATER, "ends": LATER}),
    (
        filtered(customPeriod={"startDate": {"year": 2099, "month": 1, "day": 1}}),
        {"starts": "2099-01-01", "ends": None},
    ),
    (filtered(customPeriod={"startDate": {"year": 2099, "month": 1, "day": UNKNOWN}}), {"starts": LATER}),
    (
        filtered(customPeriod={"endDate": {"year": 2026, "month": 12, "day": 31}}),
        {"months": None, "ends": "2026-12-31"},
    ),
    (filtered(customPeriod={"endDate": {"year": 2026, "month": 2, "day": 30}}), {"ends": LATER}),
    (budget(thresholdRules=UNKNOWN), {"thresholds": LATER}),
    (
        budget(thresholdRules=[{"thresholdPercent": 0.1}]),
        {"thresholds": [{"share": "0.1", "forecast": False}]},
    ),
    (budget(thresholdRules=[{"thresholdPercent": 1.0, "spendBasis": UNKNOWN}]), {"thresholds": LATER}),
    (notifying(), {"notifies": False}),
    (notifying(disableDefaultIamRecipients=UNKNOWN), {"notifies": LATER}),
    (notifying(monitoringNotificationChannels=[]), {"notifies": False}),
    (notifying(monitoringNotificationChannels=[UNKNOWN]), {"notifies": True}),
    (notifying(monitoringNotificationChannels=UNKNOWN), {"notifies": LATER}),
    (notifying(pubsubTopic="projects/a/topics/b"), {"notifies": True, "topic": "projects/a/topics/b"}),
    (notifying(enableProjectLevelRecipients=True), {"notifies": True}),
    (budget(allUpdatesRule=UNKNOWN), {"notifies": LATER, "topic": LATER}),
    # What the program left to Google is unknown in a preview, and known to be left.
    (
        {**filtered(services=UNKNOWN, labels=UNKNOWN), "given": {"budgetFilter": FILTER}},
        {"services": [], "labelled": False, "narrowed": False},
    ),
    (
        {**filtered(services=UNKNOWN), "given": {"budgetFilter": {**FILTER, "services": UNKNOWN}}},
        {"services": LATER},
    ),
]
SIXTY = {"requests_per_minute": 60, "requests_per_day": None, "input_tokens_per_minute": None}
LIMITS: list[tuple[list[Given], Given]] = [
    (everywhere("60"), {"limits": {}, "others": SIXTY}),
    (everywhere("60", **FLASH), {"limits": {"gemini-3.8-flash": SIXTY}, "others": None}),
    # Another project's, another API's, one of a tier alone, none.
    (everywhere("60", project="acme-other"), {"others": None}),
    (everywhere("60", service="maps-backend.googleapis.com"), {"others": None}),
    (everywhere("60")[:2], {"others": None}),
    (everywhere("-1"), {"others": None}),
    ([*everywhere("60"), *everywhere("9")], {"others": SIXTY}),
    # It may be a limit, on all that has none.
    (everywhere(UNKNOWN), {"others": None}),
    (everywhere("ten"), {"others": None}),
    (everywhere("60", project=UNKNOWN), {"others": None}),
    ([override(UNKNOWN, "60")], {"others": None}),
    ([override(METRICS[0], "60", service=UNKNOWN)], {"others": None}),
    ([override(METRICS[0], "60", dimensions=UNKNOWN)], {"others": None}),
    ([override("monitoring.googleapis.com%2Fcalls", "60", service=UNKNOWN)], {"others": None}),
    (preferred(), {"others": SIXTY}),
    (preferred(**FLASH), {"limits": {"gemini-3.8-flash": SIXTY}}),
    (preferred(quotaConfig={"preferredValue": "1e3"}), {"others": None}),
    # Google fills the dimensions in where a program says nothing.
    ([{**each, "given": {}} for each in preferred(dimensions=UNKNOWN)], {"others": SIXTY}),
    ([preference(quotaId=UNKNOWN)], {"others": None}),
    (
        [
            {
                "type": "gemini-landing-zone:index:ProjectLimits",
                "props": {"project": "acme-chat", "others": {"requestsPerMinute": 60}},
            }
        ],
        {"others": SIXTY},
    ),
    (
        [
            {
                "type": "gemini-landing-zone:index:ProjectLimits",
                "props": {"project": "acme-chat", "limits": UNKNOWN},
            }
        ],
        {"others": None},
    ),
]
PROJECTS: list[tuple[list[Given], list[Given]]] = [
    ([project()], [{"account": None, "deletion": "PREVENT", "ids": ["acme-chat", "urn:0"]}]),
    ([project(billingAccount=UNKNOWN)], [{"account": LATER}]),
    ([project(number="1"), link(project="1")], [{"account": ACCOUNT, "ids": ["1", "acme-chat", "urn:0"]}]),
    # Which of two accounts is set last, nothing says.
    ([project(billingAccount=ACCOUNT), link(project="acme-chat", billingAccount="")], [{"account": LATER}]),
    ([project(billingAccount=ACCOUNT), link(project="acme-chat")], [{"account": ACCOUNT}]),
    ([project(folderId="folders/1", orgId="2")], [{"parent": "folders/1"}]),
    ([project(orgId="2")], [{"parent": "organizations/2"}]),
    ([project(folderId=UNKNOWN)], [{"parent": LATER}]),
    ([project()], [{"parent": None}]),
    ([project(), link(project=UNKNOWN, billingAccount="")], [{"account": LATER}]),
    ([project(), {**link(project=UNKNOWN), "comes_from": {"project": ["urn:0"]}}], [{"account": ACCOUNT}]),
    # Its own id is made from the first one's number: either may be meant.
    (
        [
            project(),
            {**project(projectId=UNKNOWN), "comes_from": {"projectId": ["urn:0"]}},
            {**link(project=UNKNOWN), "comes_from": {"project": ["urn:0"]}},
        ],
        [{"account": LATER}, {"account": LATER}],
    ),
    ([link(project="acme-there")], [{"created": False, "ids": ["acme-there", "urn:0"]}]),
    # A number in a budget is nobody's until something of Google's says whose.
    ([link(project="acme-there"), budget()], [{"ids": ["acme-there", "urn:0"]}]),
    ([link(project="1"), budget()], [{"ids": ["1", "urn:0"]}]),
    (
        [project(labels={"gemini-users": "de_uk", "gemini-private-data": UNKNOWN})],
        [{"users": ["DE", "GB"], "private_data": LATER}],
    ),
    (
        [project(labels={"gemini-users": 5, "gemini-private-data": True})],
        [{"users": ["5"], "private_data": True}],
    ),
    ([project(labels=UNKNOWN)], [{"labels": LATER, "users": LATER, "private_data": LATER}]),
]
TOPIC = "projects/acme-chat/topics/spend"
SCHEDULE = "gcp:cloudscheduler/job:Job"
FUNCTION = "https://guard-abc-uc.a.run.app/poll"
CALLER = {"serviceAccountEmail": "guard@acme-seed.iam.gserviceaccount.com"}
OTHERS: list[tuple[Given, str, Any]] = [
    (a("compute/instance:Instance", zone="us-central1-a"), "locations", [{"name": "us-central1-a"}]),
    (
        a("compute/address:Address", region="https://c.example.com/regions/us-east1"),
        "locations",
        [{"name": "us-east1"}],
    ),
    (a("storage/bucket:Bucket", location=UNKNOWN), "locations", []),
    (a("firestore/database:Database", locationId="nam5"), "locations", [{"name": "nam5"}]),
    (
        a(
            "secretmanager/secret:Secret",
            replication={"userManaged": {"replicas": [{"location": "us-east1"}, {"location": UNKNOWN}]}},
        ),
        "locations",
        [{"name": "us-east1"}],
    ),
    (a("secretmanager/secret:Secret", replication={"auto": {}}), "locations", []),
    (
        a(
            "pubsub/topic:Topic",
            messageStoragePolicy={"allowedPersistenceRegions": ["us-east1", "europe-west1"]},
        ),
        "locations",
        [{"name": "us-east1"}, {"name": "europe-west1"}],
    ),
    (a("pubsub/topic:Topic", messageStoragePolicy=UNKNOWN), "locations", []),
    (
        a("resourcemanager/lien:Lien", parent="projects/1", restrictions=["resourcemanager.projects.delete"]),
        "liens",
        ["1"],
    ),
    (a("resourcemanager/lien:Lien", parent=UNKNOWN, restrictions=UNKNOWN), "liens", [LATER]),
    (a("resourcemanager/lien:Lien", parent="projects/1", restrictions=["other"]), "liens", []),
    (a("pubsub/subscription:Subscription", topic=TOPIC), "listeners", []),
    (
        a(
            "pubsub/subscription:Subscription",
            topic=TOPIC,
            pushConfig={"pushEndpoint": "https://a.example.com"},
        ),
        "listeners",
        [TOPIC],
    ),
    (
        a(
            "pubsub/subscription:Subscription",
            topic="spend",
            project="acme-chat",
            pushConfig={"pushEndpoint": UNKNOWN},
        ),
        "listeners",
        [TOPIC],
    ),
    (
        a(
            "cloudfunctions/function:Function",
            project="acme-chat",
            eventTrigger={"eventType": "google.pubsub.topic.publish", "resource": "spend"},
        ),
        "listeners",
        [TOPIC],
    ),
    (
        a(
            "cloudfunctions/function:Function",
            project="acme-chat",
            eventTrigger={"eventType": "google.storage.object.finalize", "resource": "spend"},
        ),
        "listeners",
        [],
    ),
    (a("cloudfunctionsv2/function:Function", eventTrigger={"pubsubTopic": TOPIC}), "listeners", [TOPIC]),
    (
        a("eventarc/trigger:Trigger", transport={"pubsub": {"topic": f"//pubsub.googleapis.com/{TOPIC}"}}),
        "listeners",
        [TOPIC],
    ),
    (
        a("cloudquota/sQuotaAdjusterSettings:SQuotaAdjusterSettings", enablement="ENABLED"),
        "quotas",
        [{"automatic": True}],
    ),
    (
        a("cloudquota/sQuotaAdjusterSettings:SQuotaAdjusterSettings", enablement="DISABLED"),
        "quotas",
        [{"automatic": False}],
    ),
    (preference(quotaConfig={"preferredValue": "-1"}), "quotas", [{"value": -1, "project": "acme-chat"}]),
    (
        a("projects/apiKey:ApiKey", project="1", restrictions={"apiTargets": [{"service": UNKNOWN}]}),
        "keys",
        [{"targets": LATER, "project": "1"}],
    ),
    (
        a("projects/apiKey:ApiKey", restrictions=UNKNOWN),
        "keys",
        [{"targets": LATER, "addresses": LATER, "project": None}],
    ),
    (
        a(
            "serviceusage/v2ConsumerPolicy:V2ConsumerPolicy",
            parent="projects/acme-chat",
            enableRules=[{"services": [f"services/{GEMINI}", "services/maps-backend.googleapis.com"]}],
        ),
        "apis",
        [
            {"project": "acme-chat", "service": GEMINI},
            {"project": "acme-chat", "service": "maps-backend.googleapis.com"},
        ],
    ),
    (
        a(
            "serviceusage/v2ConsumerPolicy:V2ConsumerPolicy",
            parent="folders/1",
            enableRules=[{"services": [f"services/{GEMINI}"]}],
        ),
        "apis",
        [{"project": "folders/1", "service": GEMINI}],
    ),
    (
        a(
            "serviceusage/v2ConsumerPolicy:V2ConsumerPolicy",
            parent="projects/acme-chat",
            enableRules=[
                {"services": ["services/AIPlatform.googleapis.com.", UNKNOWN]},
                {"services": UNKNOWN},
            ],
        ),
        "apis",
        [{"service": "aiplatform.googleapis.com"}, {"service": LATER}, {"service": LATER}],
    ),
    (
        a("projects/service:Service", service=" GenerativeLanguage.googleapis.com"),
        "apis",
        [{"service": GEMINI}],
    ),
    (
        a("firebase/aiLogicConfig:AiLogicConfig", project="acme-chat"),
        "apis",
        [{"service": "firebasevertexai.googleapis.com", "project": "acme-chat"}],
    ),
    (
        a(
            "projects/apiKey:ApiKey",
            restrictions={
                "apiTargets": [
                    {"service": "services/GenerativeLanguage.googleapis.com", "methods": ["Create*"]},
                    {"service": "AIPLATFORM.googleapis.com"},
                ]
            },
        ),
        "keys",
        [{"targets": [GEMINI, "aiplatform.googleapis.com"], "methods": ["Create*"]}],
    ),
    (
        a("projects/iAMMember:IAMMember", project="acme-chat", role="roles/owner", member="user:a@b.c"),
        "grants",
        [{"on": "acme-chat", "role": "roles/owner", "members": ["user:a@b.c"]}],
    ),
    (
        a(
            "folder/iAMBinding:IAMBinding",
            folder="folders/1",
            role="roles/editor",
            members=["allUsers", UNKNOWN],
        ),
        "grants",
        [{"on": "folders/1", "role": "roles/editor", "members": LATER}],
    ),
    (
        a("organizations/iAMMember:IAMMember", orgId="2", role=UNKNOWN, member="user:a@b.c"),
        "grants",
        [{"on": "organizations/2", "role": LATER}],
    ),
    (
        a(
            "projects/iAMPolicy:IAMPolicy",
            project="acme-chat",
            policyData=json.dumps(
                {"bindings": [{"role": "roles/viewer", "members": ["domain:b.c"]}, {"role": "roles/browser"}]}
            ),
        ),
        "grants",
        [{"role": "roles/viewer", "members": ["domain:b.c"]}, {"role": "roles/browser", "members": []}],
    ),
    (a("projects/iAMPolicy:IAMPolicy", policyData=UNKNOWN), "grants", [{"role": LATER, "members": LATER}]),
    # Go compares the keys without their case.
    (
        a(
            "organizations/iAMPolicy:IAMPolicy",
            policyData='{"Bindings": [{"Role": "roles/owner", "MEMBERS": ["allUsers"]}], "etag": "a"}',
        ),
        "grants",
        [{"role": "roles/owner", "members": ["allUsers"], "unreadable": ""}],
    ),
    *(
        (a("projects/iAMPolicy:IAMPolicy", policyData=data), "grants", [{"unreadable": why}])
        for data, why in (
            ("no policy", "that is not JSON"),
            ("[" * 100_000, "that is not JSON"),
            ("[]", "without a list of bindings"),
            ('{"binding": []}', "without a list of bindings"),
            ('{"bindings": {"role": "roles/owner"}}', "without a list of bindings"),
            ('{"bindings": [], "Bindings": [{"role": "roles/owner"}]}', "that says 'Bindings' twice"),
            ('{"bindings": [{"role": 1}]}', "with a binding that is no role and list of members"),
            (
                '{"bindings": [{"role": "roles/owner", "members": "allUsers"}]}',
                "with a binding that is no role and list of members",
            ),
        )
    ),
    (a("projects/iAMPolicy:IAMPolicy", policyData='{"bindings": []}'), "grants", []),
    (
        a(
            "serviceaccount/iAMMember:IAMMember",
            serviceAccountId="projects/acme-chat/serviceAccounts/a@acme-chat.iam.gserviceaccount.com",
            role="roles/iam.serviceAccountTokenCreator",
            member="user:a@b.c",
        ),
        "grants",
        [{"on": "a@acme-chat.iam.gserviceaccount.com"}],
    ),
    (
        a("billing/accountIamMember:AccountIamMember", billingAccountId=ACCOUNT, role="roles/billing.admin"),
        "grants",
        [{"on": f"billingAccounts/{ACCOUNT}"}],
    ),
    (
        a("projects/iAMCustomRole:IAMCustomRole", roleId="r", permissions=["serviceusage.services.use"]),
        "grants",
        [{"role": "r", "members": [], "permissions": ["serviceusage.services.use"]}],
    ),
    (a("serviceaccount/key:Key", serviceAccountId="a@b.c"), "grants", [{"on": "a@b.c", "credential": True}]),
    # A role on a bucket reaches nothing but the bucket.
    (a("storage/bucketIAMMember:BucketIAMMember", role="roles/owner", member="user:a@b.c"), "grants", []),
    (made_by("gcp", "gcp:compute/instance:Instance"), "resources", [{"package": "gcp", "endpoints": {}}]),
    (made_by("gcp", "gcp:pubsub/topic:Topic"), "resources", []),
    (made_by("command", "gcp:pubsub/topic:Topic"), "resources", [{"package": "command"}]),
    (
        made_by("gcp", "gcp:pubsub/topic:Topic", messageTransforms=[{"aiInference": {"endpoint": "e"}}]),
        "resources",
        [{"type": "gcp:pubsub/topic:Topic"}],
    ),
    (
        made_by(
            "gcp", "gcp:pubsub/subscription:Subscription", pushConfig={"noWrapper": {"writeMetadata": False}}
        ),
        "resources",
        [{"type": "gcp:pubsub/subscription:Subscription"}],
    ),
    (
        made_by("gcp", "gcp:pubsub/subscription:Subscription", pushConfig={"pushEndpoint": "https://b.c"}),
        "resources",
        [],
    ),
    (
        made_by("gcp", "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"),
        "resources",
        [{"package": "gcp", "endpoints": {}}],
    ),
    (made_by("command", "command:local:Command"), "resources", [{"type": "command:local:Command"}]),
    (made_by("gemini-landing-zone", "gemini-landing-zone:index:Roster"), "resources", []),
    (made_by("pulumi", "pulumi:pulumi:StackReference"), "resources", []),
    (made_by("gcp", "gcp:cloudfunctionsv2/function:Function"), "resources", [{"package": "gcp"}]),
    (
        made_by("gcp", "gcp:cloudfunctionsv2/function:Function", eventTrigger={"pubsubTopic": TOPIC}),
        "resources",
        [],
    ),
    (
        made_by(
            "gcp",
            "gcp:cloudfunctionsv2/function:Function",
            serviceConfig={"ingressSettings": "ALLOW_INTERNAL_ONLY"},
        ),
        "resources",
        [],
    ),
    (
        made_by(
            "gcp", "gcp:cloudfunctionsv2/function:Function", serviceConfig={"ingressSettings": "ALLOW_ALL"}
        ),
        "resources",
        [{"package": "gcp"}],
    ),
    (made_by("gcp", SCHEDULE, httpTarget={"uri": UNKNOWN, "oidcToken": CALLER}), "resources", []),
    (made_by("gcp", SCHEDULE, httpTarget={"uri": FUNCTION, "oidcToken": CALLER}), "resources", []),
    (made_by("gcp", SCHEDULE, pubsubTarget={"topicName": TOPIC}), "resources", []),
    *(
        (made_by("gcp", SCHEDULE, **targets), "resources", [{"type": SCHEDULE}])
        for targets in (
            {"httpTarget": {"uri": f"https://{GEMINI}/v1/models?key=k", "oidcToken": CALLER}},
            {"httpTarget": {"uri": f"{FUNCTION}?to={GEMINI}", "oidcToken": CALLER}},
            {"httpTarget": {"uri": FUNCTION.replace("https", "http"), "oidcToken": CALLER}},
            {"httpTarget": {"uri": FUNCTION, "oauthToken": CALLER}},
            {"httpTarget": {"uri": FUNCTION}},
            {"httpTarget": {"uri": FUNCTION, "oidcToken": CALLER, "headers": {"x-goog-api-key": "k"}}},
            {"appEngineHttpTarget": {"relativeUri": "/"}},
            {},
        )
    ),
    # A component has no provider.
    ({"type": "acme:index:Team", "props": {}, "package": None}, "resources", []),
    (
        {"type": "pulumi:providers:gcp", "props": {"project": "acme-chat", "version": "10.2.0"}},
        "resources",
        [],
    ),
    (
        {
            "type": "pulumi:providers:gcp",
            "props": {"iamCustomEndpoint": UNKNOWN, "universeDomain": "example.com"},
        },
        "resources",
        [{"endpoints": {"iamCustomEndpoint": LATER, "universeDomain": "example.com"}}],
    ),
    (
        {"type": "pulumi:providers:gcp", "props": {}, "name": "default_10_2_0_github_/api.github.com/acme"},
        "resources",
        [{"endpoints": {"pluginDownloadURL": "github://api.github.com/acme"}}],
    ),
    ({"type": "pulumi:providers:terraform", "props": {}}, "resources", [{"package": "terraform"}]),
    # Components of a resource's type make nothing.
    ({**budget(), "package": None}, "budgets", []),
    ({"type": "gemini-landing-zone:index:SpendCap", "props": {}, "package": None}, "caps", []),
    (
        {"type": "gemini-landing-zone:index:SpendCap", "props": {}, "package": None},
        "resources",
        [{"type": "gemini-landing-zone:index:SpendCap", "package": ""}],
    ),
    # Nor does the provider of another package.
    (made_by("command", "gemini-landing-zone:index:SpendCap"), "caps", []),
    (
        {**a("projects/service:Service", service=GEMINI), "default_project": "acme-chat"},
        "apis",
        [{"project": "acme-chat"}],
    ),
]


def guarding(
    content: Any, *without: str, bucket: str = "acme-seed-guard-prod", keys: tuple[Given, ...] = ()
) -> list[Given]:
    """What a guard is made of, without some of its types, and what it is to do."""
    made = {
        "function": a(
            "cloudfunctionsv2/function:Function",
            project="acme-seed",
            serviceConfig={"environmentVariables": {"GUARD_BUCKET": "acme-seed-guard-prod"}},
        ),
        "schedule": a("cloudscheduler/job:Job", project="acme-seed"),
        "policy": a(
            "storage/bucketObject:BucketObject", bucket=bucket, name="policy/acme-chat.json", content=content
        ),
    }
    return [*(each for name, each in made.items() if name not in without), *keys]


def policy_of(**changes: Any) -> str:
    """What the guard's object says, as `landing_zone.guarding` writes it."""
    found = GuardPolicy(
        "prod",
        "chat",
        "acme-chat",
        "1234567890",
        "USD",
        Decimal(200),
        GuardBudget(ACCOUNT, "b", "Chat"),
        "projects/acme-seed/subscriptions/s",
        stop=StopStep(Decimal("0.5")),
    )
    return json.dumps(replace(found, **changes).as_json())


STOPPED = {"project": "acme-chat", "host": "acme-seed", "amount": "100", "currency": "USD", "idle": ""}
BY_KEYS = policy_of(stop=StopStep(Decimal(1), "keys"), accounts=("a@acme-chat.iam.gserviceaccount.com",))
GUARDS: list[tuple[list[Given], list[Given]]] = [
    (guarding(policy_of()), [{**STOPPED, "lag": "0:10:00", "queries": 3, "tested": False}]),
    (guarding(policy_of(stop=None)), [{"amount": None, "idle": "has no stop"}]),
    (guarding(policy_of(dry_run=True)), [{"idle": "is on a dry run, and changes nothing"}]),
    (guarding(UNKNOWN), [{**STOPPED, "amount": LATER, "currency": LATER}]),
    # Nothing runs it, or it reads elsewhere, or what it reads is of another project or no policy.
    (guarding(policy_of(), "function"), []),
    (guarding(policy_of(), "schedule"), []),
    (guarding(policy_of(), bucket="acme-other"), []),
    (guarding(policy_of(project="acme-search")), []),
    (guarding("{"), []),
    (guarding('{"version": 99}'), []),
    (
        guarding(BY_KEYS, keys=(key(serviceAccountEmail="a@acme-chat.iam.gserviceaccount.com"),)),
        [{"amount": "200", "idle": ""}],
    ),
    (
        guarding(BY_KEYS, keys=(key(serviceAccountEmail="b@acme-chat.iam.gserviceaccount.com"),)),
        [{"idle": "stops keys by the service accounts that it knows, and none of key k"}],
    ),
]
STACKS = [
    *(resources for resources, _ in GUARDS),
    *([resource] for resource, _ in BUDGETS),
    *([project(), *resources] for resources, _ in LIMITS),
    *(resources for resources, _ in PROJECTS),
    *([resource] for resource, _, _ in OTHERS),
]
EXPECTED: list[tuple[str, Any]] = [
    *(("guards", expected) for _, expected in GUARDS),
    *(("budgets", [expected]) for _, expected in BUDGETS),
    *(("projects", [expected]) for _, expected in LIMITS),
    *(("projects", expected) for _, expected in PROJECTS),
    *((group, expected) for _, group, expected in OTHERS),
]


@pytest.fixture(scope="module")
def facts() -> list[Given]:
    """What the pack's own Python reads in each of the stacks."""
    given = [
        [{"name": f"r{number}", "urn": f"urn:{number}", **resource} for number, resource in enumerate(stack)]
        for stack in STACKS
    ]
    run = subprocess.run(
        [PACK / ".venv" / "bin" / "python", HERE / "read.py"],
        env={"PYTHONPATH": str(PACK)},
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found: list[Given] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("number", range(len(STACKS)))
def test_what_resources_say(facts: list[Given], number: int) -> None:
    group, expected = EXPECTED[number]
    found = facts[number][group]
    assert [
        {name: each[name] for name in wanted} if isinstance(wanted, dict) else each
        for each, wanted in zip(found, expected, strict=True)
    ] == expected, STACKS[number]
