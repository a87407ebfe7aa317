"""The command `gemini-lz`."""

from landing_zone.cli.app import main

__all__ = ["main"]
