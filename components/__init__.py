"""Pulumi components for governed access to the Gemini API."""

from components.environment import Environment
from components.gemini_project import GeminiProject, Shared

__all__ = ["Environment", "GeminiProject", "Shared"]
