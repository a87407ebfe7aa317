"""Pulumi components for governed access to the Gemini API."""

from components.environment import Environment, GeminiProject, Shared

__all__ = ["Environment", "GeminiProject", "Shared"]
