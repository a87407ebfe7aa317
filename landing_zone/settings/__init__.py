"""Typed settings of an environment: a stack file in, one frozen EnvironmentSettings or every mistake out."""

from landing_zone.settings.alerting import AlertSettings, ChannelSettings
from landing_zone.settings.budgets import BudgetRules, BudgetSettings, SharedBudgetSettings, Threshold
from landing_zone.settings.costs import AccountTermsSettings, DeriveSettings, RangeSettings
from landing_zone.settings.derived import DerivedLimits, in_words, work_out
from landing_zone.settings.limits_in_force import LimitsInForce, limits_in_force, opened_by_quotas
from landing_zone.settings.load import load_engine, load_file, load_project
from landing_zone.settings.problems import NAMESPACE, Problem, SettingsError
from landing_zone.settings.types import (
    OTHERS,
    EnvironmentSettings,
    KeySettings,
    ProjectSettings,
    QuotaSettings,
)

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
    "KeySettings",
    "LimitsInForce",
    "Problem",
    "ProjectSettings",
    "QuotaSettings",
    "RangeSettings",
    "SettingsError",
    "SharedBudgetSettings",
    "Threshold",
    "in_words",
    "limits_in_force",
    "load_engine",
    "load_file",
    "load_project",
    "opened_by_quotas",
    "work_out",
]
