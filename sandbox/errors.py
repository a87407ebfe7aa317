"""Errors that end a command with one message and no traceback."""


class SandboxError(Exception):
    """A step failed; the message has the reason and the remedy."""

    exit_code = 1


class PrerequisiteError(SandboxError):
    """A prerequisite of the command is missing, or an option has a wrong value."""

    exit_code = 2


class UnreachableError(SandboxError):
    """A server that has to answer cannot be reached, so that the question is open."""

    exit_code = 3
