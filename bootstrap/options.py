"""Options of the resources: order, protection, and calls that are retried while Google is not ready for them."""

import asyncio
from collections.abc import Sequence
from random import SystemRandom
from typing import Any, Final

import pulumi
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor, monitor_supports_feature

from landing_zone.google.errors import error_in
from landing_zone.printing import in_lines

_RANDOM: Final = SystemRandom()
_LONGEST_WAIT_S: Final = 30.0
_ATTEMPTS: Final = 25
"""About ten minutes."""
_hooks: dict[Any, pulumi.ErrorHook] = {}
"""One per engine, as each takes a call to it."""


def options(
    after: Sequence[pulumi.Resource],
    *,
    protect: bool = False,
    ignore: list[str] | None = None,
    provider: pulumi.ProviderResource | None = None,
) -> pulumi.ResourceOptions:
    """Options of a resource that depends on others.

    Args:
        after: the resources that it depends on.
        protect: Pulumi refuses to delete it.
        ignore: inputs that stay as they are at Google.
        provider: makes its calls; by default the one of the stack's configuration.
    """
    return pulumi.ResourceOptions(
        depends_on=list(after),
        protect=protect or None,
        ignore_changes=ignore,
        provider=provider,
        hooks=_binding(),
    )


def _binding() -> pulumi.ResourceHookBinding | None:
    """None where the CLI has no such hooks (before 3.219): a second run then does what the first could not."""
    if not monitor_supports_feature(resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS):
        return None
    engine = get_monitor()
    if engine not in _hooks:
        _hooks[engine] = pulumi.ErrorHook("gemini-landing-zone-bootstrap:refused", _refused)
    return pulumi.ResourceHookBinding(on_error=[_hooks[engine]])


async def _refused(args: pulumi.ErrorHookArgs) -> bool:
    """True to retry; otherwise reports the remedy."""
    error = error_in(args.errors[0]) if args.errors else None
    if error and len(args.errors) < _ATTEMPTS and (error.is_not_ready or error.is_of_something_new):
        wait = min(2.0 ** (len(args.errors) - 1), _LONGEST_WAIT_S)
        await asyncio.sleep(wait * _RANDOM.uniform(0.5, 1.0))
        return True
    if error and error.remedy:
        pulumi.log.error(in_lines(f"{args.type.rpartition(':')[2]} ({args.name}): {error.remedy}"))
    return False
