"""Base class of the components: type token, and options of their children."""

import copy
from collections.abc import Sequence
from typing import Any, Final

import pulumi

from components.hooks import hook_binding
from landing_zone.names import STACK_LABEL, stack_label

PACKAGE: Final = "gemini-landing-zone"


class Component(pulumi.ComponentResource):
    """A component of this package; its type token is `gemini-landing-zone:index:<Class>`."""

    after: Any
    """Resources that its children depend on: a list, or an output of one."""
    setting: str
    """Path of its settings in a stack file, such as `projects.chat`; empty for the environment's."""
    stack_label: str | None = None
    """Name of the stack in the label of its resources, as `stackLabel` says; None: this stack's."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None, setting: str) -> None:
        self.after = _listed(opts.depends_on) if opts else []
        self.setting = setting
        self.providers_of_children: list[pulumi.ProviderResource] = []
        own = copy.copy(opts)
        if own:
            # The children depend on these resources, not the component: a component that depends on a failed
            # resource ends the program, and with it every other project.
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
        counted: bool = False,
        ignored: Sequence[str] = (),
    ) -> pulumi.ResourceOptions:
        """Options for one child, without the caller's aliases and protection.

        Args:
            name: the child's name.
            setting: path of its setting below the component's, such as `keys.backend`; error messages have it.
            after: resources that it depends on; by default those of the component.
            protect: Pulumi refuses to delete it.
            secret_outputs: outputs that are always secrets.
            existing: the id of an existing resource to take over instead of creating one.
            kept: it stays at Google when it leaves the stack.
            replaced_first: a replacement deletes the old resource first, as Google allows only one; False: last,
                whatever the plugin does by itself.
            ignored: inputs that others may change: an update leaves them as they are.
            counted: Google has a quota on its writes, which it keeps to (`components/turns.py`).
        """
        path = ".".join(part for part in (self.setting, setting) if part)
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=self.after if after is None else after,
            protect=protect,
            additional_secret_outputs=secret_outputs,
            import_=existing,
            # Resources that existed before the stack outlive it, and so do the guardrails of a project that does.
            retain_on_delete=True if existing or kept else None,
            delete_before_replace=replaced_first,
            providers=self.providers_of_children or None,
            ignore_changes=list(ignored) or None,
            hooks=hook_binding(name, path, counted=counted),
        )

    @property
    def labels(self) -> dict[str, str]:
        """The label by which what a killed run created is known as the stack's."""
        return {STACK_LABEL: stack_label(pulumi.get_project(), self.stack_label or pulumi.get_stack())}


def _listed(resources: Any) -> Any:
    """Convert `depends_on`, which is one resource, several, or an output of them."""
    if resources is None or isinstance(resources, pulumi.Output):
        return resources or []
    return list(resources) if isinstance(resources, Sequence) else [resources]
