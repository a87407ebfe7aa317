"""The methods of the discovery document, and the addresses that it leaves out: sessions of uploads, and downloads."""

from dataclasses import replace
from functools import cache

from sandbox.cloud.core import discovery
from sandbox.cloud.core.messages import ONE, REST, Field, Method, PathParameter
from sandbox.cloud.core.service import Handlers

handlers = Handlers()

XML_GET = "storage.xml.get"
UPLOAD = "storage.objects.insert.upload"
SESSION = "storage.objects.insert.session"
CANCEL = "storage.objects.insert.cancel"
_UPLOAD_ID = Field("upload_id", "upload_id", "string", "TYPE_STRING")


@cache
def methods() -> tuple[Method, ...]:
    """Every method, with each of its addresses.

    A session is continued by PUT, by Go's client by POST. A download has an address of its own (`/download/…`) and,
    in the XML API, `/BUCKET/OBJECT`, where Go's client reads.
    """
    documented = discovery.methods("storage", "v1")
    by_id = {method.id: method for method in documented}
    upload = replace(
        by_id[UPLOAD],
        query={**by_id[UPLOAD].query, _UPLOAD_ID.json_name: _UPLOAD_ID},
    )
    get = by_id["storage.objects.get"]
    session = replace(upload, id=SESSION, http_method="PUT")
    xml = replace(
        get,
        id=XML_GET,
        segments=(ONE, REST),
        path_parameters=(PathParameter("bucket", 0, 1), PathParameter("object", 1, None)),
    )
    return (
        *(upload if method.id == UPLOAD else method for method in documented),
        *(replace(each, segments=("resumable", *each.segments)) for each in (upload, session)),
        session,
        replace(session, id=CANCEL, http_method="DELETE"),
        replace(get, segments=("download", *get.segments)),
        xml,
    )
