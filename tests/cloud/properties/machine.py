"""What the machines of all services have in common: a local cloud of their own, walks through pages, restarts."""

import tempfile
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.cloud.fuzz.furnished import furnish
from tests.cloud.inside import InsideCloud
from tests.cloud.local_cloud import ACCOUNT, FOLDER

#: Where each machine's state is; it is gone when the process ends.
_FOLDER = tempfile.TemporaryDirectory(prefix="properties-")
Read = tuple[str, str]
"""Service and path of a GET."""


@cache
def _template() -> Path:
    """The state of a local cloud with one of each thing in it."""
    file = Path(_FOLDER.name) / "template.db"
    furnish(file).cloud.close()
    return file


class CloudMachine(RuleBasedStateMachine):
    """A local cloud with one of each thing in it, or an empty one at a time; a restart changes no `reads`.

    One whose clock is to move by days begins empty: what is furnished has work to do in every minute.
    """

    calls: ClassVar[int] = 0
    empty_at: ClassVar[datetime | None] = None

    def __init__(self) -> None:
        super().__init__()
        file = Path(_FOLDER.name) / "state.db"
        file.unlink(missing_ok=True)
        if self.empty_at is not None:
            self.cloud = InsideCloud(file, begin=self.empty_at)
        else:
            self.cloud = InsideCloud.copy_of(_template(), file)

    def teardown(self) -> None:
        """Close the state."""
        self.cloud.close()

    def begin_with(self, project: str, *apis: str) -> None:
        """In an empty cloud, make a project that is paid for and has APIs."""
        self.ok("cloudresourcemanager", "POST", "v3/projects", {"projectId": project, "parent": FOLDER})
        link = {"billingAccountName": f"billingAccounts/{ACCOUNT}"}
        self.ok("cloudbilling", "PUT", f"v1/projects/{project}/billingInfo", link)
        for api in apis:
            self.ok("serviceusage", "POST", f"v1/projects/{project}/services/{api}.googleapis.com:enable", {})

    def reads(self) -> list[Read]:
        """What a restart must not change."""
        raise NotImplementedError

    def call(
        self, service: str, verb: str, path: str, body: Any = None, **query: Any
    ) -> tuple[int, dict[str, Any]]:
        """A call, whose answer is in Google's shape."""
        CloudMachine.calls += 1
        return self.cloud.call(service, verb, path, body, **query)

    def ok(self, service: str, verb: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """A call that must be taken; the result of an operation, which is done at once."""
        status, answer = self.call(service, verb, path, body, **query)
        assert status == 200, answer
        if "done" in answer and "name" in answer:
            assert "error" not in answer, answer
            return dict(answer["response"])
        return answer

    def refused(self, service: str, verb: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """A call that must be refused, and that changes nothing."""
        before = [self.call(service, "GET", path) for service, path in self.reads()]
        status, answer = self.call(service, verb, path, body, **query)
        assert 400 <= status < 500, (verb, path, body, answer)
        assert before == [self.call(service, "GET", path) for service, path in self.reads()], (
            verb,
            path,
            body,
        )
        return dict(answer["error"])

    def listed(
        self, service: str, path: str, items: str, page: int = 0, size: str = "pageSize", **query: Any
    ) -> list[dict[str, Any]]:
        """All items of a listing, in pages of a size."""
        found: list[dict[str, Any]] = []
        token: dict[str, Any] = {}
        while True:
            answer = self.ok(service, "GET", path, None, **query, **({size: page} if page else {}), **token)
            here = answer.get(items, [])
            assert not page or len(here) <= page
            found += here
            if not answer.get("nextPageToken"):
                return found
            assert here, "a page with nothing on it, and more to come"
            token = {"pageToken": answer["nextPageToken"]}

    @rule()
    def restart(self) -> None:
        """A restart changes no answer."""
        before = [self.call(service, "GET", path) for service, path in self.reads()]
        self.cloud.restart()
        assert before == [self.call(service, "GET", path) for service, path in self.reads()]


small = st.integers(1, 3)
"""How many there are on a page."""
