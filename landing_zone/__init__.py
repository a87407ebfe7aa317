"""Gemini API projects as code: settings, prices and Google clients, without Pulumi."""
