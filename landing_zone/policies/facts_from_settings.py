"""Facts from the settings of a stack file."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.methods import full_methods
from landing_zone.names import key_account_email, key_id
from landing_zone.policies.environments import NO_FILE, Environments
from landing_zone.policies.facts import (
    KEYS,
    MONTHS,
    PREFERENCES,
    Api,
    Budget,
    Cap,
    Declared,
    Facts,
    Guard,
    Key,
    Project,
    Quota,
    Subject,
    Threshold,
    names_within,
    narrows,
    project_names,
)
from landing_zone.policies.guards import guard_of
from landing_zone.policies.known_types import PROVIDER, is_address
from landing_zone.pricing.exposure import USUAL_DOORS
from landing_zone.pricing.money import Money
from landing_zone.reports.billing_terms import billing_terms
from landing_zone.reports.guard_plan import guard_policies
from landing_zone.settings import BudgetRules, EnvironmentSettings, ProjectSettings, limits_in_force
from landing_zone.settings.doors import doors_of


def facts_of(
    settings: EnvironmentSettings,
    day: date,
    environments: Environments = NO_FILE,
    gcp: Mapping[str, str] = MappingProxyType({}),
) -> Facts:
    """All facts from the settings, on a day.

    Args:
        settings: of the stack.
        day: on which they hold.
        environments: what the owner of the policies says of accounts.
        gcp: keys of the `gcp` provider in the stack file, such as `gcp:iamCustomEndpoint`, and their text.
    """
    found = {
        name: _project(name, project, settings, environments) for name, project in settings.projects.items()
    }
    own = settings.projects.items()
    ids = {name: project.project_id for name, project in own}
    return Facts(
        day,
        projects=tuple(found.values()),
        budgets=(
            *(_budget(name, each, (each.project_id,)) for name, each in own if each.budget),
            *_shared(settings, ids),
        ),
        caps=tuple(_cap(name, each) for name, each in own if each.budget and each.budget.spend_cap),
        guards=tuple(_guards(settings, day, environments)),
        keys=tuple(key for name, each in own for key in _keys(name, each)),
        apis=tuple(_api(name, each) for name, each in own),
        quotas=tuple(quota for name, each in own for quota in _quotas(name, each)),
        resources=tuple(_addresses(gcp)),
        not_for_gemini=frozenset(environments.not_for_gemini),
        guard_hosts=frozenset(environments.guard_hosts),
    )


def _addresses(gcp: Mapping[str, str]) -> Iterator[Declared]:
    """The `gcp` provider with each address that the stack file gives it."""
    for key, value in gcp.items():
        name = key.rpartition(":")[2]
        if is_address(name):
            subject = Subject("resource", key, "provider gcp", path=(key,))
            yield Declared(subject, f"{PROVIDER}gcp", "gcp", {name: value})


def _project(
    name: str, project: ProjectSettings, settings: EnvironmentSettings, environments: Environments
) -> Project:
    subject = Subject(
        "project",
        name,
        f"project {project.project_id}",
        project_names([project.project_id]),
        ("projects", name),
    )
    currency = project.budget.currency if project.budget else None
    terms = environments.prices_of(project.billing_account, currency)
    derivation = settings.derivations.get(name)
    found = limits_in_force(project, environments.terms_of(project.billing_account))
    doors = doors_of(project, found)
    return Project(
        subject,
        ids=frozenset({project.project_id}),
        account=project.billing_account if project.tier == "paid" else None,
        parent=None if project.adopt else project.parent,
        created=not project.adopt,
        labels=None if project.adopt else project.all_labels,
        deletion=None if project.adopt else project.deletion_policy,
        protected=project.protect,
        private_data=project.private_data,
        users=project.users,
        limits=found.models,
        others=found.others,
        tier_limits=environments.tier_limits_of(project.billing_account),
        unpriced=found.unpriced,
        terms=terms,
        stated=billing_terms(project, settings),
        # Fewer queries than is usual are the author's to state, and nothing of Google's enforces them.
        doors=replace(doors, queries=max(doors.queries, USUAL_DOORS.queries)),
        planned=tuple(entry.model for entry in project.workload),
        allowance=Money(derivation.settings.max_overshoot, terms.currency) if derivation else None,
    )


def _budget(name: str, project: ProjectSettings, counted: tuple[str, ...]) -> Budget:
    budget = project.budget
    assert budget  # noqa: S101 the caller checks
    subject = Subject(
        "budget",
        name,
        f"budget of {project.project_id}",
        project_names([project.project_id]),
        ("projects", name, "budget"),
    )
    return _rules(subject, budget, project.billing_account or "", counted)


def _shared(settings: EnvironmentSettings, ids: dict[str, str]) -> Iterator[Budget]:
    for name, budget in settings.shared_budgets.items():
        # Google's name for it is not known here, and its name in the stack file is the author's.
        subject = Subject("budget", f"shared-{name}", f"shared budget {name}", path=("sharedBudgets", name))
        yield _rules(
            subject,
            budget,
            budget.billing_account or "",
            tuple(ids[project] for project in budget.projects),
            ancestors=budget.ancestors,
        )


def _rules(
    subject: Subject,
    budget: BudgetRules,
    account: str,
    counted: tuple[str, ...],
    *,
    ancestors: tuple[str, ...] = (),
) -> Budget:
    period = budget.period.calendar or ("MONTH" if budget.period.start is None else None)
    return Budget(
        subject,
        account,
        budget.amount,
        budget.currency,
        counted,
        budget.services,
        narrows(bool(budget.label), ancestors, budget.subaccounts, account),
        tuple(Threshold(rule.share, rule.basis == "FORECASTED_SPEND") for rule in budget.thresholds),
        # The settings refuse a budget without recipients.
        notifies=True,
        months=MONTHS[period] if period else None,
        starts=budget.period.start,
        ends=budget.period.end,
        subaccounts=budget.subaccounts,
        ancestors=tuple(each for each in ancestors if not each.startswith("organizations/")),
        topic=budget.topic,
        labelled=bool(budget.label),
        credits=tuple(kind.removeprefix("INCLUDE_") for kind in budget.credits if kind != "EXCLUDE_ALL"),
    )


def _cap(name: str, project: ProjectSettings) -> Cap:
    budget = project.budget
    assert budget  # noqa: S101 the caller checks
    subject = Subject(
        "cap",
        name,
        f"spend cap of {project.project_id}",
        project_names([project.project_id]),
        ("projects", name, "budget", "spendCap"),
    )
    return Cap(
        subject,
        project.billing_account or "",
        budget.cap_amount,
        budget.currency,
        (project.project_id,),
        lifted=budget.spend_cap is not None and budget.spend_cap.lifted,
    )


def _guards(settings: EnvironmentSettings, day: date, environments: Environments) -> Iterator[Guard]:
    for name, policy in guard_policies(settings, day).items():
        project = settings.projects[name]
        subject = Subject(
            "guard",
            f"{name}--guard",
            f"guard of {project.project_id}",
            project_names([project.project_id]),
            ("projects", name, "guard"),
        )
        yield guard_of(policy, subject, settings.notification_project or "", environments.guard_hosts)


def _keys(name: str, project: ProjectSettings) -> Iterator[Key]:
    for key, settings in project.keys.items():
        label = f"key {key} of {project.project_id}"
        own_id = settings.existing or key_id(key, settings.service_account, standard=settings.standard)
        yield Key(
            Subject(
                "key",
                f"{name}--{key}",
                label,
                names_within([project.project_id], KEYS, own_id),
                ("projects", name, "keys", key),
            ),
            project.project_id,
            (GEMINI_API,),
            settings.allowed_ips,
            key_account_email(project.project_id, key)
            if settings.has_own_account
            else settings.service_account,
            "browser"
            if settings.allowed_referrers
            else "app"
            if settings.android_apps or settings.ios_bundle_ids
            else None,
            methods=full_methods(settings.methods),
        )


def _api(name: str, project: ProjectSettings) -> Api:
    service = f"{name}-{GEMINI_API.partition('.')[0]}"
    label = f"API {GEMINI_API} of {project.project_id}"
    subject = Subject("api", service, label, project_names([project.project_id]), ("projects", name))
    return Api(subject, project.project_id, GEMINI_API)


def _quotas(name: str, project: ProjectSettings) -> Iterator[Quota]:
    for key, quota in project.quotas.items():
        if quota.quota_id is None:
            # An override only lowers a quota.
            continue
        label = f"quota {key} of {project.project_id}"
        yield Quota(
            Subject(
                "quota",
                f"{name}--{key}",
                label,
                names_within([project.project_id], PREFERENCES, key),
                ("projects", name, "quotas", key),
            ),
            project.project_id,
            quota.service,
            quota.quota_id,
            quota.value,
            quota.justification,
            quota.contact_email,
        )
