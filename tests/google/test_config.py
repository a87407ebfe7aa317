"""Credentials and addresses that a provider's inputs name: no files, and no plain http to other machines."""

import json
from pathlib import Path

import pytest

from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import NoAnswerError
from landing_zone.google.rest import Google
from provider.package import wrong_inputs

ABROAD = (
    "http://evil.example/",
    "http://127.0.0.1@evil.example/",
    "http://127.1/",
    "http://x.localhost/",
    "HTTP://8.8.8.8/",
)
HERE = ("http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/")


def test_only_the_environment_names_files(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("ya29.of-the-operator")
    assert GoogleConfig.read({"accessToken": str(path)}, {}).open_credentials().token == str(path)
    named = GoogleConfig.read({}, {"GOOGLE_OAUTH_ACCESS_TOKEN": str(path)})
    assert named.open_credentials().token == "ya29.of-the-operator"
    path.write_text(
        json.dumps({"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"})
    )
    assert GoogleConfig.read({}, {"GOOGLE_CREDENTIALS": str(path)}).open_credentials()
    with pytest.raises(CredentialsError, match="only GOOGLE_CREDENTIALS may name a file"):
        GoogleConfig.read({"credentials": str(path)}, {}).open_credentials()


@pytest.mark.parametrize("kind", ["external_account", "impersonated_service_account", "gdch_service_account"])
def test_inputs_have_no_credentials_that_name_files_or_addresses(kind: str) -> None:
    given = json.dumps(
        {"type": kind, "token_url": "https://evil.example", "credential_source": {"file": "/etc/passwd"}}
    )
    with pytest.raises(CredentialsError, match="others name files, commands and addresses"):
        GoogleConfig.read({"credentials": given}, {}).open_credentials()


@pytest.mark.parametrize("address", ABROAD)
def test_no_credentials_go_over_http_to_another_machine(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    google = Google(GoogleConfig.read({"accessToken": "x", "apikeysCustomEndpoint": address}, {}))
    monkeypatch.setattr(google, "_send", lambda *_: pytest.fail("sent"))
    with pytest.raises(NoAnswerError, match="credentials over http") as caught:
        google.call("apikeys", "GET", "projects/p/locations/global/keys")
    assert "https://" in caught.value.remedy


@pytest.mark.parametrize(
    ("address", "refused"), [*((each, True) for each in ABROAD), *((each, False) for each in HERE)]
)
def test_the_provider_refuses_such_an_input(address: str, refused: bool) -> None:
    assert bool(wrong_inputs({"apikeysCustomEndpoint": address})) == refused
