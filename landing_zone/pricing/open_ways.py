"""Ways to spend that are open to a project's callers and that limits and prices do not bound.

A project with one of them has no worst case: what is computed from its limits would be less than the truth.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from landing_zone.gemini.limits import Limits
from landing_zone.gemini.methods import CALLS, any_key_calls, uncounted_calls
from landing_zone.gemini.models import counter_of

_OTHER_CALLS: Final = tuple(each for group in ("embed", "images", "video") for each in CALLS[group])
_NARROW: Final = "methods: [generate, countTokens]"
_SHOWN: Final = 3
"""Keys named in a remedy; of more, it says how many."""


@dataclass(frozen=True)
class OpenWay:
    """A way to spend without a bound."""

    what: str
    """The way, and why nothing bounds it."""
    remedy: str
    """What to write in the stack file."""
    elsewhere: str = ""
    """Remedy in a program of one's own, where that is another."""

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


def open_ways(
    keys: Mapping[str, Collection[str]],
    limits: Mapping[str, Limits],
    others: Limits | None,
    unpriced: Collection[str] = (),
    *,
    content_only: bool = False,
) -> Iterator[OpenWay]:
    """The ways that a project's keys and limits leave open.

    Models that nothing limits are not among them: `exposure_of` has no bound for them.

    Args:
        keys: a key's name -> the methods that it is narrowed to, as groups or full names; empty: all.
        limits: by model id.
        others: limits of every other model; None: no limit.
        unpriced: models that can be called and have no price here.
        content_only: others are denied on the metrics of content alone.
    """
    yield from _calls(keys)
    if content_only and any_key_calls(keys.values(), _OTHER_CALLS):
        yield OpenWay(
            "embeddings and videos: the metrics that count them have no limit of 0 for all models",
            "write others: deny under limits, or leave embed, images and video out of the methods of each key",
            "set a limit of 0 for all models on every metric that counts models, or restrict each key to the methods "
            "GenerateContent, StreamGenerateContent and CountTokens",
        )
    if others is not None and others.bounds_requests and not others.blocks:
        yield OpenWay(
            "every other model: limits of others are for the content models that are known here; new ones, embeddings "
            "and videos are open",
            "write others: deny under limits",
            "set a limit of 0 for all other models on every metric that counts models",
        )
    if any_key_calls(keys.values(), CALLS["embed"]):
        for model, own in limits.items():
            if counter_of(model) == "embeddings" and own.bounds_requests and not own.blocks:
                yield OpenWay(
                    f"{model}: on tier 1 Google counts its calls for each user, and a caller can name any number of "
                    "users",
                    f"write {model}: {{requestsPerMinute: 0}}, or leave embed out of the methods of each key",
                    f"limit {model} to 0, or leave EmbedContent out of the methods of each key",
                )
    for model in unpriced:
        yield OpenWay(
            f"{model}: it can be called, and no price of it is known here",
            f"take out the quota that opens {model}, or use a newer gemini-landing-zone",
        )


def _calls(keys: Mapping[str, Collection[str]]) -> Iterator[OpenWay]:
    """Calls that no limit counts."""
    wide = {name: calls for name, methods in keys.items() if (calls := uncounted_calls(methods))}
    if not wide and keys:
        return
    every = dict.fromkeys(each for calls in wide.values() or [uncounted_calls(())] for each in calls)
    *first, last = every
    what = f"{', '.join(first)} and {last}" if first else last
    names = list(wide) if len(wide) <= _SHOWN else [*list(wide)[:_SHOWN], f"{len(wide) - _SHOWN} more"]
    yield OpenWay(
        f"calls of {what}: no limit counts them",
        f"write {_NARROW} on {'keys' if len(wide) > 1 else 'key'} {', '.join(names)}"
        if wide
        else f"write a key with {_NARROW}: without a key in the file, callers can use every method",
        f"{'restrict each key' if wide else 'have callers use keys that are restricted'} to the methods "
        "GenerateContent, StreamGenerateContent and CountTokens",
    )
