"""64 clients at once, while updates raise and lower a project's limit and the guard throttles and stops.

What was admitted is read from the local cloud's journal: each call with the moment by its clock, in the order in which
they were served, and between them the calls that have changed the limit.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from guard.app import App, Settings
from landing_zone.google import objects
from landing_zone.google.config import GoogleConfig
from landing_zone.google.quota_overrides import list_limits
from landing_zone.google.rest import Google
from landing_zone.guarding.policy import Budget
from landing_zone.names import guard_policy_object
from tests.cloud.gemini_load import CALLERS, Target
from tests.cloud.test_generativelanguage import PROMPT
from tests.guard.test_function import CALLER, token
from tests.guard.world import ACCOUNT, BUCKET, POLICY, SUBSCRIPTION, push
from tests.workspace import Cloud, Workspace

PROJECT, MODEL = "acme-crowded", "gemini-2.5-flash-lite"
MINUTE: Final = timedelta(minutes=1)
STACK_FILE: Final = f"""\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: {ACCOUNT}
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:projects:
    crowd:
      projectId: {PROJECT}
      tier: paid
      deletionPolicy: DELETE
      keys: {{app: {{}}}}
      budget: {{amount: 1000, currency: USD}}
      limits: {{{MODEL}: {{requestsPerMinute: 40}}, others: deny}}
"""
#: What binds a paid project of tier 1.
METRIC: Final = "generativelanguage.googleapis.com/generate_requests_per_model"
UNIT: Final = "1/min/{project}/{model}"


@dataclass(frozen=True)
class Admitted:
    """A call that was answered: when, of how many in the minute before it, under which limit."""

    at: datetime
    count: int
    limit: int


def admitted(journal: Iterable[Mapping[str, Any]]) -> tuple[list[Admitted], Counter[int]]:
    """The calls that were answered, and limit → how many were refused under it, from the requests in their order."""
    found: list[Admitted] = []
    recent: deque[datetime] = deque()
    refused: Counter[int] = Counter()
    limit = -1
    for entry in journal:
        if "importConsumerOverrides" in entry["path"] and entry["status"] == 200:
            for each in entry["body"]["inlineSource"]["overrides"]:
                about = (each["metric"], each["unit"], each.get("dimensions"))
                if about == (METRIC, UNIT, {"model": MODEL}):
                    limit = int(each.get("overrideValue", 0))
        elif f"{MODEL}:generateContent" in entry["path"]:
            if entry["status"] != 200:
                refused[limit] += 1
                continue
            at = datetime.fromisoformat(entry["time"])
            while recent and recent[0] <= at - MINUTE:
                recent.popleft()
            recent.append(at)
            found.append(Admitted(at, len(recent), limit))
    return found, refused


@dataclass
class Crowd:
    """The clients, which call while something else is done."""

    cloud: Cloud
    target: Target

    def call(self) -> None:
        """Call once each, at once."""
        self.target.ask(MODEL, PROMPT, calls=CALLERS)

    def pass_minute(self) -> None:
        """Let a minute pass in which everybody calls all the time."""
        for _ in range(6):
            self.cloud.call("PUT", "/_local/clock", {"advanceSeconds": 11})
            self.call()

    def around(self, change: Callable[[], object]) -> None:
        """Call before, while and after something changes."""
        self.pass_minute()
        with ThreadPoolExecutor(1) as pool:
            changing = pool.submit(change)
            while not changing.done():
                self.cloud.call("PUT", "/_local/clock", {"advanceSeconds": 4})
                self.call()
                wait([changing], timeout=0.2)
            changing.result()
        self.pass_minute()


def test_no_call_is_ever_above_the_limit_in_force(workspace: Workspace) -> None:
    cloud = workspace.cloud
    cloud.call("PUT", "/_local/clock", {"hold": True})
    workspace.write(STACK_FILE)
    workspace.up()
    made = workspace.outputs(secrets=True)["crowd"]
    address = f"http://127.0.0.1:{cloud.ready['services']['generativelanguage']}"
    crowd = Crowd(cloud, Target(address, made["keys"]["app"]))

    def limited(value: int) -> None:
        text = workspace.stack_file.read_text()
        now = f"requestsPerMinute: {value}}}"
        workspace.stack_file.write_text(
            text.replace("requestsPerMinute: 40}", now).replace("requestsPerMinute: 90}", now)
        )
        workspace.up()

    crowd.around(lambda: limited(90))
    crowd.around(lambda: limited(20))

    message = guarded(workspace, str(made["number"]))
    crowd.around(lambda: message(800))
    crowd.around(lambda: message(1000))

    calls, refused = admitted(cloud.requests())
    assert [each for each in calls if each.count > each.limit] == []
    # Under each limit some were answered, as many as it allows, and some were refused.
    most = {
        limit: max(each.count for each in calls if each.limit == limit)
        for limit in {each.limit for each in calls}
    }
    assert most == {40: 40, 90: 90, 20: 20, 5: 5}
    assert {limit for limit, count in refused.items() if count >= CALLERS} == {*most, 0}
    in_force = {
        each.bucket(MODEL).value
        for each in list_limits(google_of(workspace), PROJECT)
        if (each.metric, each.unit) == (METRIC, UNIT)
    }
    assert in_force == {0}


def google_of(workspace: Workspace) -> Google:
    """A client of the workspace's cloud."""
    return Google(GoogleConfig.read({}, workspace.environment))


def guarded(workspace: Workspace, number: str) -> Callable[[int], object]:
    """A guard of the project, at work: it is sent what the project has cost."""
    google = google_of(workspace)
    workspace.cloud.call("POST", "/storage/storage/v1/b?project=sandbox-seed", {"name": BUCKET})
    budget = Budget(ACCOUNT, "b-1", "chat budget")
    policy = replace(
        POLICY,
        rate=None,
        project=PROJECT,
        number=number,
        accounts=(),
        budget=budget,
        subscription=SUBSCRIPTION,
    )
    objects.write(google, BUCKET, guard_policy_object(PROJECT), policy.as_json(), objects.ABSENT)
    app = App(Settings(BUCKET, "sandbox-seed", frozenset([CALLER]), stack="prod"), google.config)

    def message(cost: int) -> object:
        now = datetime.fromisoformat(workspace.cloud.call("GET", "/_local/clock")["now"])
        start = f"{now:%Y-%m}-01T{'07' if now.month in range(4, 12) else '08'}:00:00Z"
        answer = app.answer("POST", "/message", token(), push(cost, now, costIntervalStart=start))
        assert answer.status == 200, answer.text
        return answer

    assert app.answer("POST", "/poll", token(), None).status == 200
    return message
