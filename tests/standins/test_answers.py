"""Checks and differences are the official plugin's: the same defaults, failures, replacements, word for word.

`answers.json` has what the official plugin, 9.35.0, answered to each case. With OFFICIAL_GCP_PLUGIN naming that
plugin's binary, the test asks it anew and rewrites the answers.
"""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.standins.gcp_plugin.servicer import Provider
from sandbox.standins.gcp_plugin.wire import to_struct

ANSWERS = Path(__file__).parent / "answers.json"
OFFICIAL = os.environ.get("OFFICIAL_GCP_PLUGIN")

Case = dict[str, Any]
Ask = Callable[[str, Any], Any]


def request(case: Case) -> Any:
    """The case as the engine sends it."""
    urn = f"urn:pulumi:t::t::gcp:{case['type']}::res"
    if case["call"] == "Check":
        return provider_pb2.CheckRequest(
            urn=urn,
            olds=to_struct(case.get("olds", {})),
            news=to_struct(case["news"]),
            randomSeed=b"seed" * 8,
            name="res",
            autonaming=case.get("autonaming"),
        )
    return provider_pb2.DiffRequest(
        id="id",
        urn=urn,
        olds=to_struct(case["olds"]),
        old_inputs=to_struct(case["old_inputs"]),
        news=to_struct(case["news"]),
        ignoreChanges=case.get("ignore", []),
    )


def answered(ask: Ask, case: Case) -> dict[str, Any]:
    """The answer, without what is random in it and in an order of its own."""
    answer = MessageToDict(ask(case["call"], request(case)))
    if "failures" in answer:
        answer["failures"] = sorted(answer["failures"], key=lambda failure: str(failure["reason"]))
    text = re.sub(r"\bres-[0-9a-f]{7}\b", "res-RANDOM", json.dumps(answer))
    # Which of an item's properties the official plugin points at is not always the same one.
    found: dict[str, Any] = json.loads(re.sub(r"(?<=\[\d\])[.\w]*'\.\"", "'.\"", text))
    return found


def ask_standin(call: str, message: Any) -> Any:
    """Ask the stand-in's service, as gRPC would."""
    provider = Provider({})

    async def asked() -> Any:
        await provider.Configure(provider_pb2.ConfigureRequest(), None)
        return await getattr(provider, call)(message, None)

    return asyncio.run(asked())


@pytest.mark.skipif(not OFFICIAL, reason="records the official plugin's answers, where there is one")
def test_record_the_official_plugins_answers() -> None:
    environment = {
        **os.environ,
        "GOOGLE_OAUTH_ACCESS_TOKEN": "none",
        "PULUMI_GCP_SKIP_REGION_VALIDATION": "true",
    }
    with subprocess.Popen([str(OFFICIAL)], stdout=subprocess.PIPE, text=True, env=environment) as plugin:
        try:
            assert plugin.stdout
            address = f"127.0.0.1:{int(plugin.stdout.readline())}"
            service = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(address))
            service.Configure(provider_pb2.ConfigureRequest(args=to_struct({})))
            cases = json.loads(ANSWERS.read_text())
            for case in cases:
                case["answer"] = answered(lambda call, message: getattr(service, call)(message), case)
        finally:
            plugin.kill()  # it takes its time when it is only asked to end
    ANSWERS.write_text(json.dumps(cases, indent=1, sort_keys=True) + "\n")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{case['call']}-{case['type'].rpartition(':')[2]}-{number}")
        for number, case in enumerate(json.loads(ANSWERS.read_text()))
    ],
)
def test_the_answer_is_the_official_plugins(case: Case) -> None:
    assert answered(ask_standin, case) == case["answer"]
