"""`gemini-lz prices`: prices of tokens, and their comparison with Google's catalogue."""

from datetime import date, datetime
from typing import Annotated, Any

import typer
from pydantic.alias_generators import to_camel
from rich.table import Table

from landing_zone.cli.console import DATE, AsJson, out, refuse, working, write_json
from landing_zone.gemini.prices import Ground, Processing
from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError
from landing_zone.google.price_catalogue import gemini_prices
from landing_zone.pricing.days import today
from landing_zone.pricing.grounding import GROUNDS, grounding_price
from landing_zone.pricing.model_ids import UnknownModelError, known_models, retirement_of
from landing_zone.pricing.money import plain
from landing_zone.pricing.rates import PRICES_FROM, has_long_context_price, price_changes, rates
from landing_zone.reports.verify import Verification, verify

app = typer.Typer(no_args_is_help=True, help="Prices of tokens. Try: gemini-lz prices list gemini-3.8-flash")
_KINDS = ("input", "cached", "audio", "output", "storage")
_OTHER_KINDS = {
    "image": ("image in", "input"),
    "video": ("video in", "input"),
    "cached_audio": ("cached audio", "cached"),
    "image_output": ("image out", "output"),
    "audio_output": ("audio out", "output"),
}
"""Columns that are shown only where their price differs from that of the kind beside them."""


def _complete_model(incomplete: str) -> list[str]:
    return [name for name in known_models() if name.startswith(incomplete)]


@app.command("list", epilog="Example: gemini-lz prices list gemini-4-argon --as-of 2026-12-01")
def show(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL", help="Default: all.", autocompletion=_complete_model),
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=DATE, help="The day. Default: today.")
    ] = None,
    processing: Annotated[Processing, typer.Option(help="How requests are processed.")] = "standard",
    as_json: AsJson = False,
) -> None:
    """List prices per million tokens in US dollars, with the dates on which they change."""
    day = as_of.date() if as_of else today()
    rows: list[dict[str, Any]] = []
    for model in models or known_models():
        try:
            lengths = (False, True) if has_long_context_price(model) else (False,)
        except UnknownModelError as error:
            refuse(str(error))
        for long in lengths:
            price = rates(model, day, processing=processing, long=long)
            retirement = retirement_of(model)
            rows.append(
                {
                    "model": model,
                    "promptOver200k": long,
                    **{kind: plain(getattr(price, kind)) for kind in _KINDS},
                    **{to_camel(kind): plain(getattr(price, kind)) for kind in _OTHER_KINDS},
                    **{f"{ground}Thousand": _grounding(model, ground, day) for ground in GROUNDS},
                    "changes": [each.isoformat() for each in price_changes(model) if each > day],
                    "shutDown": retirement.day.isoformat() if retirement else None,
                }
            )
    if as_json:
        write_json({"asOf": day.isoformat(), "source": PRICES_FROM, "prices": rows})
        return
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for name in ("model", *_KINDS, "other", "changes", "shut down"):
        table.add_column(name, justify="right" if name in _KINDS else "left", no_wrap=name == "model")
    for row in rows:
        shown = row["model"] + (" over 200k" if row["promptOver200k"] else "")
        other = [
            f"{title} {row[to_camel(kind)]}"
            for kind, (title, beside) in _OTHER_KINDS.items()
            if row[to_camel(kind)] != row[beside]
        ]
        other += [f"{each} {price}/1,000" for each in GROUNDS if (price := row[f"{each}Thousand"])]
        kinds = (row[kind] for kind in _KINDS)
        table.add_row(shown, *kinds, ", ".join(other), " ".join(row["changes"]), row["shutDown"] or "")
    out.print(table)
    out.print(f"US dollars for a million tokens ({processing}) on {day}; storage: for an hour. {PRICES_FROM}")


def _grounding(model: str, ground: Ground, day: date) -> str | None:
    price = grounding_price(model, ground, day)
    return plain(price.thousand) if price else None


@app.command("verify", epilog="Example: gemini-lz prices verify --json")
def check(as_json: AsJson = False) -> None:
    """Compare prices with the Cloud Billing catalogue, by SKU id. Exit code 1: prices differ; 2: it cannot be read."""
    try:
        with working("reading the Cloud Billing catalogue"):
            prices = gemini_prices()
    except (GoogleError, CredentialsError) as error:
        why = error.with_remedy if isinstance(error, GoogleError) else error
        refuse(f"nothing was verified: the Cloud Billing catalogue cannot be read: {why}")
    found = verify(((price.sku, price.unit, price.per_million) for price in prices), today())
    if as_json:
        shown = [each.as_json() for each in found.checked]
        write_json({"asOf": found.day.isoformat(), "skus": shown, "notKnown": found.besides})
    else:
        _print(found)
    raise typer.Exit(1 if found.differences else 0)


def _print(found: Verification) -> None:
    for each in found.differences:
        out.print(f"{each.sku}  {each.model} {each.kind}: {each.problem}", markup=False)
    same = len(found.checked) - len(found.differences)
    out.print(
        f"{same} of {len(found.checked)} prices are the catalogue's; it has {found.besides} SKUs besides"
    )
