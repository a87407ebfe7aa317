"""The functions of Cloud Logging's query language, such as `LOG_ID("…")` and `sample(insertId, 0.1)`.

Source: https://cloud.google.com/logging/docs/view/logging-query-language#functions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2s
from ipaddress import ip_address, ip_network
from typing import Any, Final

from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.messages import camel_case

Holds = Callable[[JsonObject], bool]


def values_at(value: Any, segments: Sequence[str]) -> Iterator[Any]:
    """The values of a field; several where there is a list on the way."""
    if isinstance(value, list):
        for each in value:
            yield from values_at(each, segments)
    elif not segments:
        yield value
    elif isinstance(value, dict):
        # Names of labels and of services have dots in them.
        for count in range(len(segments), 0, -1):
            name = ".".join(segments[:count])
            found = value.get(name, value.get(camel_case(name)))
            if found is not None:
                yield from values_at(found, segments[count:])
                return


def texts(value: Any) -> Iterator[str]:
    """All texts in a value."""
    if isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str | int | float):
        yield str(value)


def anywhere(text: str) -> Holds:
    """A text that is looked for in all fields."""
    part = text.lower()
    return lambda entry: any(part in each.lower() for each in texts(entry))


def _log_id(wanted: str) -> Holds:
    return lambda entry: entry["logName"].partition("/logs/")[2] == wanted.replace("/", "%2F")


def _source(name: str) -> Holds:
    return lambda entry: entry["logName"].partition("/logs/")[0] == name


def _search(*arguments: str) -> Holds:
    *fields, text = arguments
    words = [anywhere(word) for word in text.split()]
    path = fields[0].split(".") if fields else []
    return lambda entry: all(each({"": list(values_at(entry, path))}) for each in words)


def _sample(field: str, fraction: str) -> Holds:
    share, path = float(fraction), field.split(".")
    if not 0 <= share <= 1:
        raise ValueError(fraction)

    def holds(entry: JsonObject) -> bool:
        value = next(values_at(entry, path), None)
        digest = blake2s(str(value).encode(), digest_size=4).digest()
        return value is not None and int.from_bytes(digest) < share * 2**32

    return holds


def _ip_in_net(field: str, net: str) -> Holds:
    network, path = ip_network(net, strict=False), field.split(".")

    def within(value: Any) -> bool:
        try:
            return ip_address(str(value)) in network
        except ValueError:
            return False

    return lambda entry: any(within(value) for value in values_at(entry, path))


FUNCTIONS: Final[Mapping[str, Callable[..., Holds]]] = {
    "log_id": _log_id,
    "source": _source,
    "search": _search,
    "sample": _sample,
    "ip_in_net": _ip_in_net,
}
"""By name in lower case; each takes its arguments as texts, and raises ValueError or TypeError for wrong ones."""
