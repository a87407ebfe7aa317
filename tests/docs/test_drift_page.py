"""docs/drift.md: what somebody changes by hand is seen, undone or taken over, under the production policies."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sandbox.engine import Engine
from tests.docs.production import Page, Production
from tests.workspace import Cloud

GEMINI = "generativelanguage.googleapis.com"
ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
PER_MINUTE = (
    f"/serviceusage/v1beta1/projects/acme-chat-prod/services/{GEMINI}/consumerQuotaMetrics/"
    f"{quote(f'{GEMINI}/generate_requests_per_model', safe='')}/limits/{quote('/min/model/project', safe='')}"
    "/consumerOverrides"
)
BUDGETS = f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets"
FLASH = (
    "        gemini-3.8-flash: {requestsPerMinute: 20, requestsPerDay: 10000, inputTokensPerMinute: 50000}\n"
)


def overrides(cloud: Cloud) -> dict[str, int]:
    """Model → its override of requests a minute on tier 1; empty text: all others."""
    listed = cloud.call("GET", PER_MINUTE)["overrides"]
    return {
        each.get("dimensions", {}).get("model", ""): int(each.get("overrideValue", "0")) for each in listed
    }


def changed_by_hand(cloud: Cloud) -> None:
    """A key opened to everybody, a limit raised, a model opened that the stack denies, a cap raised."""
    [key] = cloud.call("GET", "/apikeys/v2/projects/acme-chat-prod/locations/global/keys")["keys"]
    restrictions = {"restrictions": {"apiTargets": key["restrictions"]["apiTargets"]}}
    cloud.call("PATCH", f"/apikeys/v2/{key['name']}?updateMask=restrictions", restrictions)
    listed = cloud.call("GET", PER_MINUTE)["overrides"]
    [flash] = [each for each in listed if each.get("dimensions", {}).get("model") == "gemini-3.8-flash"]
    cloud.call("PATCH", f"/serviceusage/v1beta1/{flash['name']}?force=true", {"overrideValue": "900"})
    open_by_hand(cloud)
    [cap] = [
        each
        for each in cloud.call("GET", BUDGETS)["budgets"]
        if each["displayName"] == "acme-chat-prod Gemini API cap"
    ]
    raised: dict[str, Any] = {
        "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "9000"}},
        "spendCap": {"inputState": "CONFIGURED"},
    }
    mask = "amount,spend_cap.input_state"
    cloud.call("PATCH", f"/billingbudgets/v1/{cap['name']}?updateMask={mask}", raised)


def open_by_hand(cloud: Cloud) -> None:
    """A model that the stack denies can be called, seven times a minute."""
    body = {"overrideValue": "7", "dimensions": {"model": "gemini-3.5-flash-lite"}}
    cloud.call("POST", f"{PER_MINUTE}?force=true", body)


def as_on_the_page(printed: str) -> list[str]:
    """The lines of drift, with the time and the amounts of the page: those of a day's prices."""
    words = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "…", printed)
    words = re.sub(r"(?<=worst month ).*", "…", words)
    return [
        line.rstrip() for line in words.splitlines() if line.strip() and not line.startswith("looking for")
    ]


def test_what_somebody_changed_is_seen_undone_and_taken_over(
    tmp_path: Path, engine: Engine, cloud: Cloud
) -> None:
    page, prod = Page("drift.md"), Production(tmp_path, engine, cloud)
    look = page.command()
    prod.run(look)
    before = overrides(cloud)
    changed_by_hand(cloud)
    command, printed = page.shown()
    shown = prod.run(command, 1)
    assert as_on_the_page(shown) == as_on_the_page(printed)

    command, printed = page.shown()
    shown, lines = prod.run(command, 1), [line.rstrip() for line in printed.splitlines()]
    chat = lines[: lines.index("…")]
    found = [line.rstrip() for line in shown.splitlines()]
    # The amount is that of the prices of the day.
    month = re.compile(
        r"at worst in a month: [\d,]+\.\d\d USD, bounded by the guards, .* \(as last applied\)"
    )
    assert month.fullmatch(found[0])
    assert month.fullmatch(chat[0])
    assert found[1 : len(chat)] == chat[1:]
    assert found[-1] == lines[-1]

    preview = prod.run(page.command())
    assert "3 to update" in preview
    assert overrides(cloud)["gemini-3.5-flash-lite"] == 7
    prod.run(page.command())
    assert overrides(cloud) == before
    prod.run(look)
    prod.run(command)

    open_by_hand(cloud)
    taken = "        " + page.take("yaml").splitlines()[2].strip() + "\n"
    prod.edit(FLASH, f"{FLASH}{taken}")
    prod.run(page.command())
    assert overrides(cloud) == {**before, "gemini-3.5-flash-lite": 7}
    assert page.is_done()
    prod.run(look)
    prod.run(command)
    prod.run("pulumi preview --stack prod --policy-pack policy --expect-no-changes")
