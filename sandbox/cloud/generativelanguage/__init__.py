"""The Gemini API: models that answer with a canned text, and the quotas that bind their callers."""

from functools import partial

from sandbox.cloud.core.protobuf import methods
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.generativelanguage import models, requests
from sandbox.cloud.generativelanguage.access import consumer
from sandbox.cloud.generativelanguage.handlers import generation, information

SERVICE = Service(
    name="generativelanguage",
    apis=tuple(
        Api(
            partial(methods, f"google.ai.generativelanguage_{version}", service, "generativelanguage"),
            handlers,
        )
        for version in ("v1beta", "v1")
        for service, handlers in (("ModelService", information), ("GenerativeService", generation))
    ),
    schema=models.SCHEMA + requests.SCHEMA,
    consumer=consumer,
    on_answered=requests.record,
    key_paths=("/",),
    max_body=20 * 1024 * 1024,
)
