"""Errors whose messages are shown to the user."""

from typing import Final

from sandbox.standins.gcp_plugin.plan import Properties

_ATTEMPTS: Final = 4
"""Attempts for a request whose connection is lost; one that times out is made once."""


class PluginError(Exception):
    """A failure whose message is shown to the user unchanged."""


class ResourceError(PluginError):
    """A request for a resource failed; the message is the official plugin's."""


class NotWholeError(ResourceError):
    """The resource was created, and something after that failed: the engine keeps what there is."""

    def __init__(self, message: str, resource_id: str, properties: Properties) -> None:
        super().__init__(message)
        self.id = resource_id
        self.properties = properties


class GoneError(PluginError):
    """A resource that was created or updated is not there when it is read."""


class UnansweredError(PluginError):
    """No answer came."""

    def __init__(self, method: str, url: str, reason: str, *, lost: bool) -> None:
        """`lost`: the connection stood, and ended before the answer."""
        super().__init__(f'{method.title()} "{url}": {reason}')
        self.method = method
        self.lost = lost

    def may_repeat(self, attempts: int) -> bool:
        """True if the request can be repeated: not one that may have created something."""
        return self.lost and self.method != "POST" and attempts < _ATTEMPTS
