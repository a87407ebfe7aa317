"""Every policy, in the order of the docs: budgets, spend, keys, data, care."""

from typing import Final

from landing_zone.policies.policy import Policy
from landing_zone.policies.rules import (
    budget_below_maximum,
    budget_not_account_wide,
    budget_notifies,
    budget_thresholds,
    budgets_within_envelope,
    currency_matches,
    deletion_policy,
    exposure_within_allowance,
    free_tier_private_data,
    free_tier_users,
    gemini_in_managed_projects,
    key_bound,
    key_clients,
    key_gemini_only,
    key_methods,
    key_restricted,
    labels,
    models_limited,
    no_disable_on_destroy,
    paid_project_has_budget,
    price_step_up,
    protected,
    quota_raise_justified,
    regions,
    spend_stops,
)

POLICIES: Final[tuple[Policy, ...]] = tuple(
    module.POLICY
    for module in (
        paid_project_has_budget,
        budget_not_account_wide,
        budget_below_maximum,
        budgets_within_envelope,
        budget_thresholds,
        budget_notifies,
        currency_matches,
        spend_stops,
        models_limited,
        exposure_within_allowance,
        price_step_up,
        quota_raise_justified,
        key_restricted,
        key_gemini_only,
        key_clients,
        key_bound,
        key_methods,
        gemini_in_managed_projects,
        free_tier_private_data,
        free_tier_users,
        regions,
        protected,
        deletion_policy,
        no_disable_on_destroy,
        labels,
    )
)
BY_ID: Final = {policy.id: policy for policy in POLICIES}
