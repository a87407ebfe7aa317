"""The program: a stack file's settings → an environment → the stack's outputs."""

from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG

from components import Environment
from components.destination import announce
from components.sdk import settled, spare_time
from landing_zone.settings import SettingsError, load_engine


async def main() -> None:
    """Register everything of the stack file."""
    try:
        settings = load_engine(pulumi.get_stack(), CONFIG.get(), Path(__file__).parent / "stacks")
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    announce(settings, CONFIG.get(), Path(__file__).parent)
    for name, value in Environment(settings).outputs.items():
        pulumi.export(name, value)
    await settled()


spare_time()
pulumi.run(main)
