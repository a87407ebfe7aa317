"""What the user gets to read when something fails."""

from sandbox.standins.provider.plan import Properties


class PluginError(Exception):
    """A failure that is told to the user as it is."""


class ResourceError(PluginError):
    """A request for a resource failed; the message is the official plugin's."""


class NotWholeError(ResourceError):
    """The resource was created, and something after that failed: the engine keeps what there is."""

    def __init__(self, message: str, resource_id: str, properties: Properties) -> None:
        super().__init__(message)
        self.id = resource_id
        self.properties = properties
