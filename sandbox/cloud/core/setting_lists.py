"""Lists of settings, as the control surface and files have them: faults, times; and the calls that each is for."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.messages import Method
from sandbox.cloud.core.service import Service

_T = TypeVar("_T", bound="CallSetting")


class CallSetting(BaseModel):
    """A setting for the calls that match."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)

    method: str = ""
    """The id of an API method, or how it begins, such as `apikeys` or `cloudbilling.projects`, `*` for anything in it,
    as in `*.list`; empty for any."""
    about: str = ""
    """A regular expression that path, query or body has somewhere, such as a project's id or number."""

    @field_validator("about")
    @classmethod
    def _pattern(cls, value: str) -> str:
        try:
            re.compile(value.encode())
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return value

    def names(self, method: Method) -> bool:
        """True if `method` is one that the setting is for."""
        return not self.method or fnmatchcase(f"{method.id}.", f"{self.method}.*")

    def matches(self, method: Method, path: str, query: str, body: bytes) -> bool:
        """True if it is for such a call."""
        return self.names(method) and (
            not self.about or re.search(self.about.encode(), f"{path}?{query}\n".encode() + body) is not None
        )


def read_list(
    what: str, adapter: TypeAdapter[list[_T]], entries: list[JsonObject], services: Collection[Service]
) -> list[_T]:
    """The settings of a list that is called `what`; `services`: those of the local cloud.

    Raises:
        ValueError: an entry has an unknown key, a value that cannot be, or names no method.
    """
    try:
        found = adapter.validate_python(entries)
    except ValidationError as error:
        raise ValueError(
            "; ".join(
                f"{'.'.join(map(str, (what, *each['loc'])))}: {each['msg'].removeprefix('Value error, ')}"
                for each in error.errors()
            )
        ) from None
    for number, each in enumerate(found):
        # Its own service first: the descriptions of the others are then not read for it.
        first = each.method.partition(".")[0]
        own_first = sorted(services, key=lambda service: service.name != first)
        if each.method and not any(
            each.names(method) for service in own_first for method in service.handlers
        ):
            known = {method.id for service in services for method in service.handlers}
            near = get_close_matches(each.method, sorted(known), n=1)
            raise ValueError(
                f"{what}.{number}.method: the local cloud has no method {each.method!r}"
                f"{f'; did you mean {near[0]!r}?' if near else ''}"
            )
    return found
