"""What each project has used of the Gemini API, by minutes: what is billed, and what Cloud Monitoring counts.

A minute of a model in a tier is one row, whatever the number of its calls, so that a million calls take no more room
than the minutes in which they were made. When the clock is set back, a new era of it begins: minutes that come again
have rows of their own, so that what was priced and what was not are never in one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from sandbox.cloud.cloudbilling.catalogue import LONG_CONTEXT, Context, Processing
from sandbox.cloud.core import local_state
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.generativelanguage import caches

Modality = Literal["TEXT", "AUDIO", "IMAGE", "VIDEO", "DOCUMENT"]
Tokens = Mapping[Modality, int]

MODALITIES: Final[tuple[Modality, ...]] = ("TEXT", "AUDIO", "IMAGE", "VIDEO", "DOCUMENT")
MINUTE: Final = timedelta(minutes=1)
RETENTION: Final = timedelta(weeks=6)
"""How long Cloud Monitoring keeps what is counted here."""
_ERA: Final = "usage-era"
_KINDS: Final = ("input", "cached", "output")
_COUNTS: Final = (
    "requests",
    "searches",
    "grounded",
    *(f"{kind}_{modality.lower()}" for kind in _KINDS for modality in MODALITIES),
)
_KEY: Final = (
    "project",
    "minute",
    "model",
    "quota_name",
    "method",
    "processing",
    "context",
    "tier",
    "thinking",
    "era",
)

SCHEMA: Final = f"""
CREATE TABLE gemini_usage (
    project TEXT NOT NULL,
    minute INTEGER NOT NULL,
    model TEXT NOT NULL,
    quota_name TEXT NOT NULL,
    method TEXT NOT NULL,
    processing TEXT NOT NULL,
    context TEXT NOT NULL,
    tier INTEGER NOT NULL,
    thinking INTEGER NOT NULL,
    era INTEGER NOT NULL,
    last REAL NOT NULL,
    {", ".join(f"{name} INTEGER NOT NULL" for name in _COUNTS)},
    PRIMARY KEY ({", ".join(_KEY)})
) WITHOUT ROWID;
CREATE INDEX gemini_usage_of_minute ON gemini_usage (minute, era);
"""
_ADD: Final = (
    f"INSERT INTO gemini_usage VALUES ({', '.join('?' * (len(_KEY) + 1 + len(_COUNTS)))}) "  # noqa: S608 names above
    "ON CONFLICT DO UPDATE SET last = max(last, excluded.last), "
    f"{', '.join(f'{name} = {name} + excluded.{name}' for name in _COUNTS)} RETURNING requests"
)
_READ: Final = (
    f"SELECT minute, model, processing, context, tier, {', '.join(f'sum({name}) AS {name}' for name in _COUNTS)} "  # noqa: S608 names above
    "FROM gemini_usage WHERE project = ? AND minute >= ? AND minute < ? AND era >= ? "
    "GROUP BY minute, model, processing, context, tier"
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a project has used of a model in a minute.

    Attributes:
        at: the minute's begin.
        model: the API's id of the model that answered.
        processing: `standard`, `batch`, `flex` or `priority`.
        context: whether its prompts were long.
        tier: of the project at that time; 0 is free.
        requests: calls that were answered; each text of a batch to embed is one.
        input: tokens read, by modality, with those from a cache.
        cached: those of `input` that a cache held.
        output: tokens written, by modality, with those of thinking.
        searches: searches that are charged: of models of 2.x requests that searched, of newer ones queries.
        cache_token_seconds: tokens in caches, times the seconds that they were there in this minute.
    """

    at: datetime
    model: str
    processing: Processing
    tier: int
    context: Context = "short"
    requests: int = 0
    input: Tokens = field(default_factory=dict)
    cached: Tokens = field(default_factory=dict)
    output: Tokens = field(default_factory=dict)
    searches: int = 0
    cache_token_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """What one call has used; `quota_name` is the quotas' name of the model that was asked for."""

    model: str
    quota_name: str
    method: str
    tier: int
    processing: Processing = "standard"
    thinking: bool = False
    requests: int = 1
    input: Tokens = field(default_factory=dict)
    cached: Tokens = field(default_factory=dict)
    output: Tokens = field(default_factory=dict)
    searches: int = 0
    grounded: int = 0

    @property
    def context(self) -> Context:
        """Whether its prompt was long."""
        return "long" if abs(total(self.input)) > LONG_CONTEXT * abs(self.requests) else "short"

    def plus(self, other: "Used") -> "Used":
        """Both, if they count in one row."""
        return replace(
            self,
            requests=self.requests + other.requests,
            input=added(self.input, other.input),
            cached=added(self.cached, other.cached),
            output=added(self.output, other.output),
            searches=self.searches + other.searches,
            grounded=self.grounded + other.grounded,
        )

    def negative(self) -> "Used":
        """What takes it back."""
        return replace(
            self,
            requests=-self.requests,
            input={modality: -count for modality, count in self.input.items()},
            cached={modality: -count for modality, count in self.cached.items()},
            output={modality: -count for modality, count in self.output.items()},
            searches=-self.searches,
            grounded=-self.grounded,
        )


def added(left: Tokens, right: Tokens) -> dict[Modality, int]:
    """The tokens of both by modality, without those that are none."""
    return {
        modality: count
        for modality in MODALITIES
        if (count := left.get(modality, 0) + right.get(modality, 0))
    }


def add(store: Store, project: str, now: datetime, used: Used) -> int:
    """Count a call of a project (by number); returns how many the minute has of its kind."""
    minute = int(now.timestamp()) // 60 * 60
    tokens = [
        kind.get(modality, 0) for kind in (used.input, used.cached, used.output) for modality in MODALITIES
    ]
    row = store.rows(
        _ADD,
        *(
            project,
            minute,
            used.model,
            used.quota_name,
            used.method,
            used.processing,
            used.context,
            used.tier,
            used.thinking,
            _era(store),
        ),
        now.timestamp(),
        *(used.requests, used.searches, used.grounded, *tokens),
    )[0]
    if row["requests"] == used.requests:  # the first of its minute
        oldest = minute - int(RETENTION.total_seconds())
        store.run("DELETE FROM gemini_usage WHERE project = ? AND minute < ?", project, oldest)
    return int(row["requests"])


def _era(store: Store) -> int:
    era: int | None = store.memo.get((_ERA,))
    if era is None:
        era = store.memo[_ERA,] = int(local_state.get(store, _ERA, 0))
    return era


def begin_era(store: Store) -> None:
    """The clock is set back: what is used from now on is kept apart from what was used at these times before."""
    local_state.put(store, _ERA, _era(store) + 1)
    del store.memo[_ERA,]


def between(
    store: Store, project_number: str, after: datetime, until: datetime, *, this_era: bool = False
) -> list[Usage]:
    """The minutes that begin at `after` or later and before `until`, oldest first; `this_era`: as the clock is now.

    With whole minutes, the first of them being the last of the reading before, nothing is read twice or missed, as long
    as the last minute is over.
    """
    found = {
        (row["minute"], row["model"], row["processing"], row["context"], row["tier"]): _usage(row)
        for row in store.rows(
            _READ, project_number, after.timestamp(), until.timestamp(), _era(store) if this_era else 0
        )
    }
    for minute, model, tier, seconds in caches.kept(store, project_number, after, until):
        key = minute, model, "standard", "short", tier
        known = found.get(key) or Usage(datetime.fromtimestamp(minute, UTC), model, "standard", tier)
        found[key] = replace(known, cache_token_seconds=known.cache_token_seconds + seconds)
    return [found[key] for key in sorted(found)]


def _usage(row: Row) -> Usage:
    return Usage(
        at=datetime.fromtimestamp(row["minute"], UTC),
        model=row["model"],
        processing=row["processing"],
        context=row["context"],
        tier=row["tier"],
        requests=row["requests"],
        input=tokens_of(row, "input"),
        cached=tokens_of(row, "cached"),
        output=tokens_of(row, "output"),
        searches=row["searches"],
    )


def next_over(store: Store, since: datetime) -> datetime | None:
    """When the first minute with calls in it, or hour with caches in it, that begins at `since` or later is over.

    Calls of this era.
    """
    minute = store.value(
        "SELECT min(minute) FROM gemini_usage WHERE minute >= ? AND era = ?",
        since.timestamp(),
        _era(store),
    )
    used = datetime.fromtimestamp(minute, UTC) + MINUTE if minute is not None else None
    kept = caches.first_minute(store, since)
    hour = kept.replace(minute=0) + timedelta(hours=1) if kept is not None else None
    return min((each for each in (used, hour) if each is not None), default=None)


def users_between(store: Store, after: datetime, until: datetime) -> list[str]:
    """The numbers of the projects that have used anything in the minutes that `between` reads, in order."""
    rows = store.rows(
        "SELECT DISTINCT project FROM gemini_usage WHERE minute >= ? AND minute < ?",
        after.timestamp(),
        until.timestamp(),
    )
    return sorted({row["project"] for row in rows} | caches.keepers(store, after, until))


def rows_between(store: Store, project: str, after: datetime, until: datetime) -> list[Row]:
    """The rows of the minutes that have a moment after one and until another in them."""
    return store.rows(
        "SELECT * FROM gemini_usage WHERE project = ? AND minute > ? AND minute <= ? ORDER BY minute",
        project,
        after.timestamp() - 60,
        until.timestamp(),
    )


def tokens_of(row: Row, kind: str) -> dict[Modality, int]:
    """The tokens of a row by modality, without those that are none; `kind` is input, cached or output."""
    return {modality: count for modality in MODALITIES if (count := row[f"{kind}_{modality.lower()}"])}


def total(tokens: Tokens) -> int:
    """The tokens of all modalities."""
    return sum(tokens.values())
