"""What every component shares: its type token, and how its children are tied to it."""

import copy
from typing import Final

import pulumi

from components.hooks import on_error

PACKAGE: Final = "gemini-landing-zone"


class Component(pulumi.ComponentResource):
    """A component of this package; its type token is `gemini-landing-zone:index:<Class>`."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None) -> None:
        self._after = opts.depends_on if opts else None
        own = copy.copy(opts)
        if own:
            # Not the component waits but its children: a component that depends on what failed would end the
            # program, and with it every other project.
            own.depends_on = None
        super().__init__(f"{PACKAGE}:index:{type(self).__name__}", name, None, own)

    def child(
        self,
        protect: bool | None = None,
        secret_outputs: list[str] | None = None,
        existing: str | None = None,
    ) -> pulumi.ResourceOptions:
        """Options for one child: built fresh, so that the caller's aliases and protection do not leak into it.

        They wait for what the component was told to wait for, and for an API that is not ready yet. `existing` is the
        id of one to take over instead of making it.
        """
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=self._after,
            protect=protect,
            additional_secret_outputs=secret_outputs,
            import_=existing,
            # What was there before the stack outlives it.
            retain_on_delete=True if existing else None,
            hooks=on_error(),
        )
