"""What every component shares: its type token, and how its children are tied to it."""

from typing import Final

import pulumi

PACKAGE: Final = "gemini-landing-zone"


class Component(pulumi.ComponentResource):
    """A component of this package; its type token is `gemini-landing-zone:index:<Class>`."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(f"{PACKAGE}:index:{type(self).__name__}", name, None, opts)
        self._after = opts.depends_on if opts else None

    def child(
        self, protect: bool | None = None, secret_outputs: list[str] | None = None
    ) -> pulumi.ResourceOptions:
        """Options for one child: built fresh, so that the caller's aliases and protection do not leak into it.

        What the component waits for, its children wait for too: Pulumi itself would not record that.
        """
        return pulumi.ResourceOptions(
            parent=self, depends_on=self._after, protect=protect, additional_secret_outputs=secret_outputs
        )
