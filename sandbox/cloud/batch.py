"""Google's batches: several calls of one API in a `multipart/mixed` body, answered in the same form, one by one.

Source: https://cloud.google.com/compute/docs/api/how-tos/batch. `gcloud` sends what it does to several resources so.
"""

from collections.abc import Callable
from dataclasses import replace
from email.message import Message
from email.parser import BytesParser
from http.client import responses
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sandbox.cloud.answering import Response
from sandbox.cloud.core.errors import CloudError, invalid_argument

if TYPE_CHECKING:  # the application serves batches
    from sandbox.cloud.app import Request

PATH: Final = "/batch"
_MOST: Final = 1000
_BOUNDARY: Final = "batch_local_cloud"


def answer(batch: "Request", serve: "Callable[[Request], Response]") -> Response:
    """The answers to the calls of a batch, which `serve` gives; headers that a call lacks are the batch's."""
    try:
        parts = _parts(batch)
    except CloudError as error:
        return Response.of(error)
    answers = [_written(part.get("Content-ID", ""), serve(_call(batch, part))) for part in parts]
    content = b"".join(b"--%b\r\n%b\r\n" % (_BOUNDARY.encode(), each) for each in answers)
    content += f"--{_BOUNDARY}--\r\n".encode()
    return Response(200, content, f"multipart/mixed; boundary={_BOUNDARY}".encode())


def _parts(batch: "Request") -> list[Message]:
    kind = batch.headers.get(b"content-type", b"")
    read = BytesParser().parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + batch.body)
    parts = read.get_payload()
    if not isinstance(parts, list) or read.get_content_type() != "multipart/mixed":
        raise invalid_argument("A batch is a multipart/mixed body of calls.")
    if len(parts) > _MOST:
        raise invalid_argument(f"A batch has at most {_MOST} calls.")
    return [part for part in parts if isinstance(part, Message)]


def _call(batch: "Request", part: Message) -> "Request":
    """The call that a part has: its first line, headers and body."""
    text = part.get_payload(decode=True)
    head, _, body = (text if isinstance(text, bytes) else b"").replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    method, target = [*first.split(" "), "", ""][:2]
    own = {
        name.strip().lower().encode("latin-1"): value.strip().encode("latin-1")
        for name, _, value in (line.partition(":") for line in lines)
        if name.strip()
    }
    url = urlsplit(target)
    return replace(
        batch,
        http_method=method,
        raw_path=url.path or "/",
        query=url.query,
        headers={**batch.headers, b"content-type": b"application/json", **own},
        body=body.strip(),
    )


def _written(content_id: str, response: Response) -> bytes:
    identifier = f"<response-{content_id.strip('<>')}>" if content_id else ""
    lines = [
        "Content-Type: application/http",
        *([f"Content-ID: {identifier}"] if identifier else []),
        "",
        f"HTTP/1.1 {response.status} {responses.get(response.status, '')}",
        f"Content-Type: {response.content_type.decode()}",
        f"Content-Length: {len(response.content)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + response.content
