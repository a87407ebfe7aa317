"""Files that a grammar of malformed ones gives: each ends soon and small, with its mistakes, and obeys nobody."""

import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from landing_zone.printing import as_json, on_one_line, secret_in, without_secrets
from landing_zone.settings import SettingsError, load_engine, load_file
from landing_zone.settings.other_keys import GCP_KEYS, gcp_mistake
from sandbox.layout import ROOT
from tests.settings.grammar import COMMAND, FILES, KEY

COUNT = int(os.environ.get("MALFORMED_FILES", "150"))
"""`MALFORMED_FILES=5000` for all of them."""
NOT_THIS_MACHINE = (
    "https://evil.example", "http://127.0.0.1.evil.example", "http://localhost@evil", "http://[::ffff:8.8.8.8]", "http://127.1",
    "http://u:p@127.0.0.1/", "HTTP://127.0.0.1", "http://127.0.0.1/ ", "http://LOCALHOST/", "http://127.0.0.256/",
    "http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://127.0.0.1/?x=1", "http://127.0.0.1/#@evil", "http://0.0.0.0/",
    "http://[::]/", "http://2130706433/", "http://127.0.0.1\\@evil", "http://127.0.0.1%2eevil", "http://localhost.evil/",
    "//127.0.0.1/", "127.0.0.1", "", "http://[::1%25eth0]/", "http://127.0.0.01/", "http://127.0.0.1/\n", None,
)  # fmt: skip
SECONDS = 2
BIDI = {*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"}
OWN_LINES = re.compile(
    r"\S+/Pulumi\.x\.yaml(:\d+)?: |    \S|(at least )?\d+ mistakes? in the settings|x: \d+ projects"
    r"|and \d+ more|warning "
)


class Judge:
    """The command `validate` in a process of its own, for one file after the other."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "Pulumi.x.yaml"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.settings.judge_files"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def validate(self, content: bytes, command: str = "validate") -> dict[str, Any]:
        """The answer about a file's content."""
        self.path.write_bytes(content)
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{command} x --stacks {self.path.parent}\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    found = Judge(tmp_path_factory.mktemp("stacks"))
    yield found
    found.close()


def assert_harmless(answer: dict[str, Any]) -> None:
    """Neither a crash nor a line that somebody else than this program begins."""
    text = answer["text"]
    assert not answer["crash"], answer
    assert answer["code"] in (0, 1), text
    assert answer["seconds"] < SECONDS
    assert "Traceback" not in text
    assert KEY not in text
    assert KEY[9:] not in text
    assert len(text) < 200_000
    for line in text.split("\n"):
        assert not line or OWN_LINES.match(line), line
        assert not line.strip().startswith((COMMAND, "::"))
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in line), line
        assert not BIDI & {*line}, line
        assert "##[" not in line
        assert "##vso[" not in line


@seed(16)
@settings(max_examples=COUNT, database=None, suppress_health_check=list(HealthCheck))
@given(content=FILES)
def test_a_malformed_file_gets_its_mistakes(judge: Judge, content: bytes) -> None:
    assert_harmless(judge.validate(content))


@pytest.mark.parametrize(
    "command", ["estimate", "exposure", "limits", "report --json", "policy check --format junit"]
)
def test_other_commands_refuse_the_same(judge: Judge, command: str) -> None:
    project = f"    {json.dumps(COMMAND)}: {{tier: {KEY}}}\n"
    content = f"config:\n  gemini-landing-zone:projects:\n{project}  gcp:accessToken: x\n"
    answer = judge.validate(content.encode(), command)
    assert answer["code"] == 1
    for piece in ("an API key stands here", "chooses the credentials"):
        assert piece in answer["text"]
    assert KEY not in answer["text"]
    assert not any(line.strip().startswith("::") for line in answer["text"].split("\n"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("environment: [acme/prod]", "Pulumi ESC"),
        ("environment: {values: {pulumiConfig: {gcp:accessToken: x}}}", "Pulumi ESC"),
        ("secretsprovider: azurekeyvault://evil.example", "none of the places"),
        ("secretsprovider: awskms://alias/x?endpoint=https://evil.example", "none of the places"),
        ("secretprovider: passphrase", "did you mean secretsprovider"),
        ("<<: {config: {gcp:accessToken: x}}", "Pulumi knows no"),
        ("config: {gcp:accessToken: x}", "stands here twice"),
        ("!!binary Y29uZmln: {gcp:accessToken: x}", "a key with a tag"),
    ],
)
def test_keys_at_the_top_are_pulumis_own(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    lab = "config:\n  gemini-landing-zone:projects: {lab: {projectId: acme-lab-dev, tier: free}}\n"
    path.write_text(f"{lab}secretsprovider: gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k\n")
    assert load_file("x", path).projects
    path.write_text(f"{lab}{line}\n")
    with pytest.raises(SettingsError, match=reason) as caught:
        load_file("x", path)
    assert {problem.line for problem in caught.value.problems} == {3}


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: os.mkfifo(path)], ids=["folder", "pipe"])
def test_what_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    make(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_file("x", path)


@pytest.mark.parametrize("url", NOT_THIS_MACHINE)
def test_only_this_machine_is_an_address(url: object) -> None:
    assert gcp_mistake("iamCustomEndpoint", url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8440/", "http://localhost", "http://[::1]:80/v1/", "https://127.9.9.9/x/"]
)
def test_this_machine_is_an_address(url: str) -> None:
    assert not gcp_mistake("iamCustomEndpoint", url)


def test_what_pulumi_yaml_configures_is_the_operators(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    config = {
        "gemini-landing-zone:projects": '{"lab": {"projectId": "acme-lab-dev", "tier": "free"}}',
        "gcp:accessToken": "x",
    }
    with pytest.raises(SettingsError, match="chooses the credentials"):
        load_engine("x", config, tmp_path / "stacks")
    (tmp_path / "Pulumi.yaml").write_text(
        "name: gemini-landing-zone\nconfig: {'gcp:accessToken': {value: x}}\n"
    )
    assert load_engine("x", config, tmp_path / "stacks").projects


def test_the_page_lists_the_keys_that_are_allowed() -> None:
    listed = re.findall(r"^\| `gcp:(\w+)` \| (.+) \|$", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    assert dict(listed) == GCP_KEYS


@pytest.mark.parametrize(
    "pasted",
    [
        KEY,
        f"https://x.example/v1?key={KEY}&alt=json",
        quote(f"https://x.example/?key={KEY}", safe=""),
        "".join(f"%{ord(char):02X}" for char in KEY),
        f"'{KEY[:9]}' + \"{KEY[9:]}\"",
        f"{KEY[:9]}\n      {KEY[9:]}",
        "AQ.Ab8RN6" + "x7" * 20,
        "ya29." + "a0Q" * 20,
        "-----BEGIN PRIVATE KEY-----\nMIIEvQ" + "A1b2" * 20 + "\n-----END PRIVATE KEY-----\n",
        "https://hooks.slack.com/services/T000/B000/abcdefgh",
        "xoxb-1234567890-abcdefgh",
        *(
            f"{sign}AQ.Ab8RN6{'x7' * 20}"
            for sign in ("KEY=", "/", "-", "+", "_", ":", "k%3D", "k%253D", "key", "\\n")
        ),
        "xoxb%3Dxoxb-1234567890-abcdefgh",
        "https://HOOKS.slack.com/services/T000/B000/abcdefgh",
        "HTTPS://hooks.slack.com:443/services/T000/B000/abcdefgh",
        "http://hooks.slack.com./services/T000/B000/abcdefgh",
        "https://hooks.slack-gov.com/services/T000/B000/abcdefgh",
        "hooks.slack.com/services/T000/B000/abcdefgh",
        quote("https://hooks.slack.com/services/T000/B000/abcdefgh", safe=""),
        r"https:\/\/hooks.slack.com\/services\/T000\/abcdefgh",
        "https://ptb.discord.com/api/v10/webhooks/1/abcdefgh",
        "https://acme.webhook.office.com/webhookb2/abcdefgh",
        "https://prod-1.westeurope.logic.azure.com:443/workflows/abcdefgh/triggers/manual/paths/invoke?sig=x",
        "https://x.1.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/abcdefgh",
    ],
)
def test_a_secret_is_taken_out_of_every_text(pasted: str) -> None:
    for text in (f"a {pasted} b", repr(pasted), json.dumps({"a": pasted})):
        assert secret_in(text)
        for piece in (KEY[9:], KEY[9:20], "x7x7", "a0Qa0Q", "A1b2", "abcdefgh", "%51%37"):
            assert piece not in without_secrets(text)
            assert piece not in as_json({"k": [text]})


@pytest.mark.parametrize(
    "text",
    [
        "AIza are old keys, which we had in the years before bound ones came",
        "FAQ. " + "words " * 20,
        "see FAQ.what-people-ask-of-the-landing-zone and logic.azure.com",
        "https://hooks.slack.com.example.com/services/T000/B000/abcdefgh",
    ],
)
def test_prose_is_no_secret(text: str) -> None:
    assert without_secrets(text) == text


NONCE, CIPHER = "Q7xQ7xQ7xQ7xQ7xQ", f"{KEY}Q"


@pytest.mark.parametrize(
    ("lines", "mistaken"),
    [
        # What Pulumi encrypts, in which a key may stand by chance.
        ([f"  x:a: {{secure: v1:{NONCE}:{CIPHER}Q7==}}"], []),
        (["  x:a:", "    secure: >-", f"      v1:{NONCE}:{CIPHER}"], []),
        ([f"  x:a: {{secure: AAABA{KEY}Q7x=}}"], []),
        (["encryptedkey: " + f"{KEY}Q" * 4], []),
        ([f"encryptionsalt: v1:Q7xQ7xQ7xQ7=:v1:{NONCE}:{CIPHER}"], []),
        # What people write there.
        ([f"  x:a: {{secure: {KEY}}}"], [3]),
        ([f"  x:a: {{secure: [{KEY}]}}"], [3]),
        ([f"  x:a: {{secure: 'v1:{KEY}'}}"], [3]),
        ([f"  # the secure key of the chat is {KEY}"], [3]),
        ([f"  # secure: {KEY}", f"encryptionsalt: {KEY}"], [3, 4]),
    ],
)
def test_only_what_pulumi_encrypted_is_no_secret(
    tmp_path: Path, lines: list[str], mistaken: list[int]
) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(
        "config:\n  gemini-landing-zone:projects: {lab: {projectId: acme-lab-dev, tier: free}}\n"
        + "\n".join(lines)
    )
    found = []
    try:
        load_file("x", path)
    except SettingsError as error:
        found = [problem.line for problem in error.problems if "an API key stands" in problem.reason]
    assert found == mistaken


@given(st.text(alphabet=st.characters(), max_size=40) | st.sampled_from(["::x", " ::x", "a##[b", "\n::x"]))
def test_a_text_on_a_line_stays_there(text: str) -> None:
    shown = on_one_line(text)
    assert len(shown.splitlines()) <= 1
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown
    assert json.loads(as_json(text)) == without_secrets(text)
