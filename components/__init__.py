"""Pulumi components for governed access to the Gemini API."""

from components.environment import Environment, GeminiProject

__all__ = ["Environment", "GeminiProject"]
