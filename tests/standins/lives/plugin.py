"""A gcp plugin, official or stand-in, spoken to as the engine does."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.cloud.endpoints import environment
from sandbox.layout import ROOT
from sandbox.standins.gcp_plugin.wire import to_struct
from tests.standins.lives.life import HOME, REGION
from tests.workspace import Cloud

#: What differs from run to run: numbers, ids and etags that Google gives, keys, and times.
_VARIABLE = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"AIza[\w-]{35}|AQ\.Ab[\w-]{48}"), "KEY"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"(notificationChannels|alertPolicies|conditions|dashboards|contacts|builds)/\d+"), r"\1/ID"),
    (re.compile(r'(etag\\*": ?\\*")[^"\\]+'), r"\1ETAG"),
    (re.compile(r"\bres([-_])[0-9a-f]{7}\b"), r"res\1RANDOM"),
    (re.compile(r"\b10000\d{7}\b"), "NUMBER"),
    (re.compile(r"\b\d{15,21}\b"), "NUMBER"),
    (re.compile(r"(http://)?127\.0\.0\.1:\d+"), "ADDRESS"),
    # Which property of an item, or of a block deep down, the official plugin points at is not always the same one.
    (re.compile(r"(?<=\[\d\])[.\w]*'\.$"), "'."),
    (re.compile(r"('res(?:\.\w+){3,})\.\w+'\.$"), r"\1'."),
)


#: What the official plugin keeps in its states and answers for itself.
_BOOKKEEPING = ("__meta", "__pulumi_raw_state_delta", "traceId")
_PATIENCE_S = 30
_LEAST_GENERATION = 10**15


def steady(value: Any) -> Any:
    """The value without what differs from run to run."""
    if isinstance(value, str):
        for pattern, word in _VARIABLE:
            value = pattern.sub(word, value)
        return value
    if isinstance(value, dict):
        return {
            steady(name): "ETAG" if name == "etag" and item else steady(item)
            for name, item in value.items()
            if name not in _BOOKKEEPING
        }
    if isinstance(value, list):
        return [steady(item) for item in value]
    is_generation = isinstance(value, int | float) and value >= _LEAST_GENERATION
    return "NUMBER" if is_generation else value


class Plugin:
    """The service of a running plugin."""

    def __init__(self, address: str) -> None:
        self._service = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(address))
        batching = json.dumps({"enableBatching": False})
        arguments = {"project": HOME, "region": REGION, "batching": batching}
        self._service.Configure(provider_pb2.ConfigureRequest(args=to_struct(arguments)))

    def ask(self, call: str, message: Any) -> tuple[Any, dict[str, Any]]:
        """The answer, and as JSON; of a refusal None, with its text and what was made in spite of it."""
        try:
            answer = getattr(self._service, call)(message, timeout=_PATIENCE_S)
        except grpc.RpcError as error:
            return None, _refusal(error)
        shown = MessageToDict(answer)
        if "failures" in shown:
            shown["failures"] = sorted(shown["failures"], key=lambda failure: str(failure["reason"]))
        return answer, shown


def _refusal(error: Any) -> dict[str, Any]:
    refusal: dict[str, Any] = {"code": error.code().name, "error": error.details()}
    for name, value in error.trailing_metadata() or ():
        if name == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                kept = provider_pb2.ErrorResourceInitFailed()
                if detail.Unpack(kept):
                    refusal["kept"] = MessageToDict(kept)
    return refusal


@contextmanager
def running(cloud: Cloud, official: str | None) -> Iterator[Plugin]:
    """The plugin against a local cloud, in a process: the official one of this path, or the stand-in."""
    command = [official] if official else [sys.executable, "-m", "sandbox.standins.gcp_plugin"]
    variables = {**os.environ, **environment(cloud.ready), "PULUMI_GCP_SKIP_REGION_VALIDATION": "true"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables, cwd=ROOT) as process:
        try:
            assert process.stdout
            yield Plugin(f"127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.kill()  # the official one takes its time when it is only asked to end
