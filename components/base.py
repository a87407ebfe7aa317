"""What every component shares: its type token, and how its children are tied to it."""

import copy
from collections.abc import Sequence
from typing import Any, Final

import pulumi

from components.hooks import on_error

PACKAGE: Final = "gemini-landing-zone"


class Component(pulumi.ComponentResource):
    """A component of this package; its type token is `gemini-landing-zone:index:<Class>`."""

    after: Any
    """What its children wait for: a list, or an output of one."""
    setting: str
    """Where its settings stand in a stack file, such as `projects.chat`; empty for the environment's."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None, setting: str) -> None:
        self.after = _listed(opts.depends_on) if opts else []
        self.setting = setting
        self.providers_of_children: list[pulumi.ProviderResource] = []
        own = copy.copy(opts)
        if own:
            # Not the component waits but its children: a component that depends on what failed would end the
            # program, and with it every other project.
            own.depends_on = None
        super().__init__(f"{PACKAGE}:index:{type(self).__name__}", name, None, own)

    def child(
        self,
        name: str,
        setting: str,
        *,
        after: Any = None,
        protect: bool | None = None,
        secret_outputs: list[str] | None = None,
        existing: str | None = None,
        kept: bool = False,
        replaced_first: bool | None = None,
    ) -> pulumi.ResourceOptions:
        """Options for one child: built fresh, so that the caller's aliases and protection do not leak into it.

        Args:
            name: the child's.
            setting: where its setting stands below the component's, such as `keys.backend`: an error names it.
            after: what it waits for; what the component has to wait for if left out.
            protect: Pulumi refuses to delete it.
            secret_outputs: outputs that are secrets whatever the plugin says.
            existing: the id of one to take over instead of making it.
            kept: it stays at Google when it leaves the stack.
            replaced_first: a replacement deletes the old one first: Google holds one alone.
        """
        path = ".".join(part for part in (self.setting, setting) if part)
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=self.after if after is None else after,
            protect=protect,
            additional_secret_outputs=secret_outputs,
            import_=existing,
            # What was there before the stack outlives it; so does what guards a project that outlives it.
            retain_on_delete=True if existing or kept else None,
            delete_before_replace=replaced_first,
            providers=self.providers_of_children or None,
            hooks=on_error(name, path),
        )


def _listed(resources: Any) -> Any:
    """Pulumi takes one resource, several, or an output of them."""
    if resources is None or isinstance(resources, pulumi.Output):
        return resources or []
    return list(resources) if isinstance(resources, Sequence) else [resources]
