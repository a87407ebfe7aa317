"""Typed settings of an environment: a stack file in, one frozen EnvironmentSettings or every mistake out."""

from landing_zone.settings.load import load_engine, load_file
from landing_zone.settings.problems import NAMESPACE, Problem, SettingsError
from landing_zone.settings.types import (
    AlertSettings,
    BudgetSettings,
    EnvironmentSettings,
    KeySettings,
    ModelLimit,
    ProjectSettings,
    Threshold,
)

__all__ = [
    "NAMESPACE",
    "AlertSettings",
    "BudgetSettings",
    "EnvironmentSettings",
    "KeySettings",
    "ModelLimit",
    "Problem",
    "ProjectSettings",
    "SettingsError",
    "Threshold",
    "load_engine",
    "load_file",
]
