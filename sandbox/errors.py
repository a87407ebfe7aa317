"""Errors that end a command with one message and no traceback."""


class SandboxError(Exception):
    """Something failed; the message says what, and what to do about it."""

    exit_code = 1


class PrerequisiteError(SandboxError):
    """Something that must be there before the command can start is missing, or was asked for wrongly."""

    exit_code = 2
