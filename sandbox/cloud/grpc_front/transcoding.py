"""Between messages and the JSON of REST: a request's path, query and body, an answer, and a refusal's details."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from google.iam.v1 import iam_policy_pb2
from google.protobuf import descriptor_pool, empty_pb2, message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.messages import camel_case
from sandbox.cloud.core.operations import CODES
from sandbox.cloud.grpc_front.methods import Rule

_PLACE: Final = re.compile(r"\{([\w.]+)\}")
#: Modules that put messages into the pool of all messages when they are imported.
IMPORTED: Final = (iam_policy_pb2, empty_pb2, error_details_pb2)


class RestCall(NamedTuple):
    """A call as REST has it; `body` is None where there is none."""

    verb: str
    path: str
    query: str
    body: bytes | None


def message_class(name: str) -> Any:
    """The class of a message, by its full name; its package must have been imported."""
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))


def rest_call(rule: Rule, request: Any) -> RestCall:
    """The REST call that a request is."""
    values: JsonObject = MessageToDict(request)
    path = _PLACE.sub(lambda found: quote(_taken(values, found[1].split(".")), safe="/"), rule.path)
    body: Any = None
    if rule.body == "*":
        body, values = values, {}
    elif rule.body:
        body = values.pop(camel_case(rule.body), {})
    content = None if body is None else json.dumps(body).encode()
    return RestCall(rule.verb, f"/{path}", urlencode(list(_flat(values, ""))), content)


def answer_of(rule: Rule, content: bytes) -> Any:
    """The message that the answer of a REST call is. Fields that the client does not know yet are left out."""
    return ParseDict(
        json.loads(content) if content else {}, message_class(rule.answer)(), ignore_unknown_fields=True
    )


def refusal_of(status: int, content: bytes) -> tuple[str, str, bytes]:
    """The code's name, the message, and the whole refusal as `google.rpc.Status`, of a REST call's answer."""
    try:
        error = json.loads(content)["error"]
        code, text, details = error["status"], error["message"], error.get("details", [])
    except (ValueError, KeyError, TypeError):
        code, text, details = "INTERNAL", f"HTTP {status}", []
    whole = Status(code=CODES.index(code), message=text)
    for detail in details:
        try:
            whole.details.append(ParseDict(detail, AnyMessage()))
        except (ParseError, TypeError):
            continue  # of a type that the client would not know either
    return code, text, whole.SerializeToString()


def _taken(values: JsonObject, path: list[str]) -> str:
    """The text at a path, which is taken out of the values."""
    for name in path[:-1]:
        values = values.get(camel_case(name), {})
    return str(values.pop(camel_case(path[-1]), ""))


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Query parameters; those of an object within have its name and a dot before theirs."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
            continue
        for each in value if isinstance(value, list) else [value]:
            yield prefix + name, str(each).lower() if isinstance(each, bool) else str(each)
