"""Files that a command writes into a repository: never over what somebody changed, unless asked to."""

from collections.abc import Mapping, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.text import Text

from landing_zone.cli.console import out, refuse, write_json

Force = Annotated[bool, typer.Option("--force", help="Replace files that are there and differ.")]
_STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}


def write_files(
    texts: Mapping[Path, str],
    steps: Sequence[str],
    page: str,
    *,
    force: bool,
    as_json: bool,
    left: Sequence[str] = (),
) -> NoReturn:
    """Write the files, unless one is there that differs; prints `left`, and what is left to do, and exits with 0 or 1.

    `page`: the page of `steps`. `left`: what is there of stacks that are no longer among them, with the remedy.
    """
    before = {path: path.read_text(encoding="utf-8") if path.is_file() else None for path in texts}
    states = {
        path: "new" if before[path] is None else "unchanged" if before[path] == text else "different"
        for path, text in texts.items()
    }
    refused = "different" in states.values() and not force
    if not refused:
        for path, text in texts.items():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            except OSError as error:
                refuse(f"{path} cannot be written: {error.strerror}")
    if as_json:
        files = [{"file": str(path), "state": state} for path, state in states.items()]
        found = {"written": not refused, "files": files, "next": [] if refused else [*steps]}
        write_json(found | ({"left": [*left]} if left else {}))
        raise typer.Exit(1 if refused else 0)
    for path, state in states.items():
        if state == "different":
            _print_difference(path, before[path] or "", texts[path])
        out.print(f"{path}: {state}", markup=False, soft_wrap=True)
    for each in left:
        out.print(each, markup=False, soft_wrap=True)
    if refused:
        out.print(
            "nothing was written: --force replaces what differs; --out writes elsewhere", soft_wrap=True
        )
    else:
        out.print(f"next ({page}):", soft_wrap=True)
        for step in steps:
            out.print(f"  {step}", markup=False, soft_wrap=True)
    raise typer.Exit(1 if refused else 0)


def _print_difference(path: Path, old: str, new: str) -> None:
    for line in unified_diff(old.splitlines(), new.splitlines(), str(path), f"{path} (new)", lineterm=""):
        out.print(Text(line, style=_STYLES.get(line[:1], "")), soft_wrap=True)
