"""Chance that repeats: a number from the seed of the run and from what it is for, whatever was drawn before."""

from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from sandbox.cloud.core import local_state
from sandbox.cloud.core.store import Store

_KEY: Final = "seed"


def seed(store: Store) -> int:
    """The seed of the run; 0 unless one was set."""
    return int(local_state.get(store, _KEY, 0))


def set_seed(store: Store, value: int) -> None:
    """Set the seed: what was drawn before stays as it is."""
    local_state.put(store, _KEY, value)


def share(store: Store, *purpose: object) -> float:
    """A number from 0 to less than 1."""
    return int.from_bytes(_digest(store, purpose)[:7]) / 2**56


def between(store: Store, least: timedelta, most: timedelta, *purpose: object) -> timedelta:
    """A duration, in whole seconds."""
    return least + timedelta(seconds=int((most - least).total_seconds() * share(store, *purpose)))


def uuid(store: Store, *purpose: object) -> str:
    """A random UUID."""
    return str(UUID(bytes=_digest(store, purpose)[:16], version=4))


def _digest(store: Store, purpose: tuple[object, ...]) -> bytes:
    return sha256("\n".join(map(str, (seed(store), *purpose))).encode()).digest()
