"""Typed settings of an environment: a stack file in, one frozen EnvironmentSettings or every mistake out."""

from landing_zone.settings.alerting import AlertSettings, ChannelSettings
from landing_zone.settings.budgets import BudgetRules, BudgetSettings, SharedBudgetSettings, Threshold
from landing_zone.settings.derived_limits import DerivedLimits, derive_limits, format_lag
from landing_zone.settings.guard import GuardHostSettings, GuardSettings
from landing_zone.settings.limits_in_force import LimitsInForce, limits_in_force, opened_by_quotas
from landing_zone.settings.load import load_engine, load_file, load_project
from landing_zone.settings.problems import NAMESPACE, Problem, SettingsError
from landing_zone.settings.terms import AccountTermsSettings
from landing_zone.settings.types import (
    OTHERS,
    EnvironmentSettings,
    KeySettings,
    ProjectSettings,
    QuotaSettings,
)
from landing_zone.settings.workload import DeriveSettings, RangeSettings
from landing_zone.settings.write_rates import WriteRatesSettings

__all__ = [
    "NAMESPACE",
    "OTHERS",
    "AccountTermsSettings",
    "AlertSettings",
    "BudgetRules",
    "BudgetSettings",
    "ChannelSettings",
    "DeriveSettings",
    "DerivedLimits",
    "EnvironmentSettings",
    "GuardHostSettings",
    "GuardSettings",
    "KeySettings",
    "LimitsInForce",
    "Problem",
    "ProjectSettings",
    "QuotaSettings",
    "RangeSettings",
    "SettingsError",
    "SharedBudgetSettings",
    "Threshold",
    "WriteRatesSettings",
    "derive_limits",
    "format_lag",
    "limits_in_force",
    "load_engine",
    "load_file",
    "load_project",
    "opened_by_quotas",
]
