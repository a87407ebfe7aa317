"""The program: the settings of a stack file → resources → the stack's outputs."""

import pulumi
from pulumi.runtime.config import CONFIG

from bootstrap.everything import make_everything
from landing_zone.settings.bootstrap import BootstrapSettingsError, load_bootstrap_engine


async def main() -> None:
    """Register everything of the stack file."""
    try:
        settings = load_bootstrap_engine(pulumi.get_stack(), CONFIG.get())
    except BootstrapSettingsError as error:
        raise pulumi.RunError(str(error)) from None
    for name, value in make_everything(settings).items():
        pulumi.export(name, value)


pulumi.run(main)
