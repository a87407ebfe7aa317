"""Lists of settings, as the control surface and files have them: faults, times."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from sandbox.cloud.core.errors import JsonObject

_T = TypeVar("_T")


def read_list(what: str, adapter: TypeAdapter[list[_T]], entries: list[JsonObject]) -> list[_T]:
    """The settings of a list that is called `what`.

    Raises:
        ValueError: an entry has an unknown key, or a value that cannot be.
    """
    try:
        return adapter.validate_python(entries)
    except ValidationError as error:
        raise ValueError(
            "; ".join(
                f"{'.'.join(map(str, (what, *each['loc'])))}: {each['msg'].removeprefix('Value error, ')}"
                for each in error.errors()
            )
        ) from None
