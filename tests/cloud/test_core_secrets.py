"""No credential of a request is in the journal, nor in what the server prints, however it is encoded."""

import base64
import html
import itertools
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.cloud.core.secrets import BLANK, blanked, target, without_secrets
from tests.cloud.local_cloud import ACCOUNT, LocalCloud

_KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
KEYS = st.one_of(
    st.text(_KEY_LETTERS, min_size=33, max_size=33).map("AIzaSy{}".format),
    st.text(_KEY_LETTERS, min_size=48, max_size=48).map("AQ.Ab{}".format),
)
AROUND = st.sampled_from(["", " ", "key: ", '{"a": "', "\n", "ä", "x"])


def _lines(text: str) -> str:
    return "\n".join(text[start : start + 76] for start in range(0, len(text), 76))


ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "half percent": lambda text: quote(text, safe="").replace("A", "%41").replace("I", "%49"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 in lines": lambda text: _lines(base64.b64encode(text.encode()).decode()),
    "base64 of URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16")).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "JSON": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"a": text})),
    "bytes": lambda text: "".join(f"\\x{byte:02X}" for byte in text.encode()),
    "HTML": lambda text: "".join(f"&#{ord(letter)};" for letter in text) + html.escape(text),
}


@given(KEYS, AROUND, AROUND, st.lists(st.sampled_from(sorted(ENCODINGS)), max_size=3), AROUND, st.data())
@settings(max_examples=150)
def test_a_key_is_found_in_every_encoding_and_place(
    key: str, before: str, after: str, encodings: list[str], outside: str, data: st.DataObject
) -> None:
    text = before + key + after
    for name in encodings:
        text = ENCODINGS[name](text)
    text = outside + text
    seen: str = data.draw(
        st.sampled_from(
            [
                blanked(text),
                json.dumps(without_secrets({"a": [{"b": text}]}), ensure_ascii=False),
                json.dumps(without_secrets({text: 1}), ensure_ascii=False),
                target(f"/v1/{quote(text, safe='')}/x", ""),
                target("/v1/x", f"a=1&b={quote_plus(text)}"),
                target("/v1/x", quote_plus(text)),
            ]
        )
    )
    assert BLANK in seen
    assert key not in seen
    if key not in text:  # a text that hides the key goes as a whole
        assert not any(part in seen for part in (text[-20:], text[-60:-20], quote_plus(text[-20:])))


@pytest.mark.parametrize("last", ["JSON", "JSON in JSON", "half percent", "HTML", "percent"])
@pytest.mark.parametrize("first", ["JSON", "bytes", "HTML"])
def test_ends_of_lines_in_other_encodings_hide_no_key(first: str, last: str) -> None:
    """An escaped key takes several lines of base64, of which each has a part of it."""
    text = "AIzaSyo8lf4nJ5bm6F7vpaCLMklDLsQaRrIGGrUab"
    for name in (first, "base64 in lines", last):
        text = ENCODINGS[name](text)
    assert blanked(text) == BLANK
    assert BLANK in target(f"/v1/{quote(text, safe='')}/x", "")


@pytest.mark.parametrize("outer", ENCODINGS)
def test_a_private_key_is_found_in_every_encoding(outer: str) -> None:
    """As in the file of a service account: in its field, in a text that has it all, and cut off."""
    begin, body = "-----BEGIN RSA PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" * 3
    pem = f"{begin}\n{_lines(body)}\n-----END RSA PRIVATE KEY-----"
    for key, inner in itertools.product((pem, pem[:90], pem.replace("RSA ", "")), ENCODINGS.values()):
        text = ENCODINGS[outer](inner(f"is {key}"))
        seen = blanked(text)
        assert BLANK in seen
        assert body[:30] not in seen
        assert seen == BLANK or key[:20] in text  # what has the key as it is keeps what is around it
    assert blanked(f"before {pem} after") == f"before {BLANK} after"
    file = {"private_key": "anything", "private_key_id": "0a1b", "client_email": "a@b.example"}
    assert without_secrets(file) == {**file, "private_key": BLANK}


@given(
    st.text("kK%6bBeEyY$", min_size=1), st.sampled_from(["key", "Key", "$key", "%6bey", "k%65y", "%256bey"])
)
def test_a_parameter_is_known_by_its_name_however_it_is_written(value: str, name: str) -> None:
    assert target("/v1/x", f"alt=json&{name}={value}zz").endswith(f"={BLANK}")


def test_what_hides_nothing_stays_as_it_was_sent() -> None:
    path = "/v1beta1/projects/1/services/generativelanguage.googleapis.com/consumerQuotaMetrics/x%2Fgenerate_content"
    assert target(path, "alt=json&pageToken=Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6&q=a%20b") == (
        f"{path}?alt=json&pageToken=Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6&q=a%20b"
    )
    body = {
        "query": "sum(rate(x[5m])) > 0.5",
        "uid": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "n": 5,
        "none": None,
    }
    assert without_secrets(body) == body
    assert blanked("x" * 20_000) == f"{'x' * 16_384}… (20000 characters)"


def test_the_journal_has_no_key_that_a_client_sent(cloud: LocalCloud) -> None:
    key = "AIzaSy" + "Kz9-_" * 6 + "abc"
    last = cloud.local("GET", "requests")["last"]
    hidden: list[Any] = [encode(key) for encode in ENCODINGS.values()]
    path = f"v1/billingAccounts/{ACCOUNT}:testIamPermissions"
    for text in hidden:
        cloud.request("cloudbilling", "POST", path, json={"permissions": [text]})
    escaped = json.dumps({"permissions": [key]}).replace("AIza", "\\u0041\\u0049za").encode()
    typed = {"content-type": "application/json"}
    cloud.request(
        "cloudbilling", "POST", f"{path}?%6bey={key}&x={quote(hidden[3])}", data=escaped, headers=typed
    )
    cloud.request("cloudbilling", "GET", f"v1/{quote(key)}", headers={"x-goog-user-project": key})
    hook = {
        "type": "webhook_tokenauth",
        "displayName": "h",
        "labels": {"url": "https://hooks.example.com/s3cret"},
    }
    cloud.request("monitoring", "POST", "v3/projects/sandbox-seed/notificationChannels", json=hook)
    unknown = cloud.request("cloudbilling", "POST", path, json={key: 1, f"a{key}": key})
    assert BLANK in unknown.text
    assert key not in unknown.text
    entries = cloud.local("GET", f"requests?after={last}")["requests"]
    assert len(entries) == len(hidden) + 4
    shown = json.dumps(entries)
    assert not [text for text in hidden if text.strip() in shown or json.dumps(text)[1:-1] in shown]
    assert not re.search(r"AIza|K(z|%7A)9|s3cret", shown)
