"""Malformed requests, made from the descriptions of Google's methods: seeded, so that a number names a request."""

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sandbox.cloud.core.messages import ONE, REST, Method
from sandbox.cloud.services import SERVICES
from tests.cloud.fuzz import values
from tests.cloud.fuzz.furnished import PROJECT, Furnished
from tests.cloud.fuzz.mutations import MUTATIONS, Draft
from tests.cloud.inside import Request

#: Requests of each method that is served.
PER_METHOD: Final = 150


@dataclass(frozen=True)
class Case:
    """A request, and what must become of it."""

    request: Request
    mutations: tuple[str, ...]
    refused: bool
    violates: bool


Seed = tuple[str, Method, str]
"""What a request is made of: service, method, and what is drawn."""


def seeds() -> Iterator[Seed]:
    """The seed of every request, the same in each run."""
    for service in SERVICES:
        for at, (method, handler) in enumerate(service.handlers.items()):
            for number in range(PER_METHOD if handler is not None else 1):
                yield service.name, method, f"{service.name} {at} {method.id} {number}"


def made_of(world: Furnished, seed: Seed) -> Case:
    """The request of a seed."""
    service, method, drawn_by = seed
    rng = random.Random(drawn_by)  # noqa: S311 no secret
    draft = Draft(service, method, method.http_method, _path(world, method, rng))
    draft.headers |= world.request(service, "", "").headers or {}
    if service == "storage":
        known = {"project": PROJECT, "uploadType": "media", "name": "a"}
        draft.query += [
            (name, text)
            for name, text in known.items()
            if name in method.query or (name == "uploadType" and method.uploads)
        ]
    if draft.takes_json:
        drawn = values.message(draft.message, rng, 4)
        draft.body = copy.deepcopy(world.bodies.get(method.id, drawn))
    elif method.uploads:
        draft.raw = rng.choice((b"", b"x", b"{}", b"--a\r\n\r\n{}\r\n--a--", b"\xff"))
        draft.content_type = rng.choice(
            ("", "text/plain", "application/json", "multipart/related; boundary=a", "multipart/related")
        )
    every = list(MUTATIONS)
    chosen = sorted(rng.sample(every, rng.choice((1, 1, 1, 2, 3))), key=every.index)
    for name in chosen:
        MUTATIONS[name](draft, rng)
    # One change may undo what another has done: what must become of such a request is not known.
    alone = len(chosen) == 1
    return Case(draft.request(), tuple(chosen), draft.refused and alone, draft.violates and alone)


def _path(world: Furnished, method: Method, rng: random.Random) -> list[str]:
    """A path to things that are there."""
    segments: list[str] = []
    for segment in method.segments:
        if segment not in (ONE, REST):
            segments.append(segment)
            continue
        known = world.ids.get(segments[-1] if segments else "", [])
        segments.append(rng.choice(known) if known else PROJECT if segments[-1:] == ["projects"] else "x")
    return segments
