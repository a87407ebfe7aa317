"""Where commands print, and the options that several have."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

WIDE = 200
"""Columns where no terminal says how many there are: what is piped on is not cut."""
out = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Folder = Annotated[Path, typer.Option("--stacks", help="The folder of the stack files.")]
