"""Projects, the accounts that pay for them, and IAM policies."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.cloud.local_cloud import FOLDER, NEW_ACCOUNT, ORGANIZATION
from tests.cloud.properties.machine import CloudMachine, Read, small

_MANAGER = "cloudresourcemanager"
_LIMIT = 5
"""Projects that the new account may pay for."""
_IDS = tuple(f"prop-shop-{letter}" for letter in "abcdefg")
_ROLES = ("roles/viewer", "roles/editor")
ids = st.sampled_from(_IDS)


class AccountsMachine(CloudMachine):
    """No two projects of one id, none beyond the account's limit, and no policy that overwrites another unseen."""

    def __init__(self) -> None:
        super().__init__()
        self.projects: dict[str, dict[str, Any]] = {}
        """By id: state, parent and label."""
        self.numbers: dict[str, str] = {}
        self.linked: set[str] = set()
        self.roles: dict[str, str] = {}
        """The one role of a project's policy."""

    def reads(self) -> list[Read]:
        """All projects, and of each what is linked and who may what."""
        links = [("cloudbilling", f"v1/projects/{each}/billingInfo") for each in self.projects]
        account = ("cloudbilling", f"v1/billingAccounts/{NEW_ACCOUNT}/projects")
        return [(_MANAGER, "v3/projects:search"), (_MANAGER, "v1/projects"), account, *links]

    def _live(self) -> list[str]:
        return [each for each, about in self.projects.items() if about["state"] == "ACTIVE"]

    @rule(project=ids, parent=st.sampled_from((FOLDER, ORGANIZATION)))
    def create(self, project: str, parent: str) -> None:
        """A project is made once, whatever became of it since."""
        body = {"projectId": project, "parent": parent}
        if project in self.projects:
            assert self.refused(_MANAGER, "POST", "v3/projects", body)["code"] == 409
            return
        made = self.ok(_MANAGER, "POST", "v3/projects", body)
        self.projects[project] = {"state": "ACTIVE", "parent": parent}
        self.numbers[project] = made["name"].removeprefix("projects/")

    @rule(
        project=st.sampled_from(("a", "A-bad-one", "ends-with-", "1-begins", "has-google-in", "x" * 31, ""))
    )
    def create_badly(self, project: str) -> None:
        """A bad id is no project's."""
        self.refused(_MANAGER, "POST", "v3/projects", {"projectId": project, "parent": FOLDER})

    @rule(project=ids)
    def delete(self, project: str) -> None:
        """A project that is deleted has no link, and is deleted once."""
        if project not in self._live():
            self.refused(_MANAGER, "DELETE", f"v3/projects/{project}")
            return
        self.ok(_MANAGER, "DELETE", f"v3/projects/{project}")
        self.projects[project]["state"] = "DELETE_REQUESTED"
        self.linked.discard(project)

    @rule(project=ids)
    def undelete(self, project: str) -> None:
        """One in deletion comes back, without its link."""
        state = self.projects.get(project, {}).get("state")
        if state != "DELETE_REQUESTED":
            self.refused(_MANAGER, "POST", f"v3/projects/{project}:undelete", {})
            return
        self.ok(_MANAGER, "POST", f"v3/projects/{project}:undelete", {})
        self.projects[project]["state"] = "ACTIVE"

    @rule(project=ids, to=st.sampled_from((FOLDER, ORGANIZATION, "folders/1", "projects/1")))
    def move(self, project: str, to: str) -> None:
        """A project in use moves to what is there."""
        path = f"v3/projects/{project}:move"
        if project in self._live() and to in (FOLDER, ORGANIZATION):
            self.ok(_MANAGER, "POST", path, {"destinationParent": to})
            self.projects[project]["parent"] = to
        else:
            self.refused(_MANAGER, "POST", path, {"destinationParent": to})

    @rule(project=ids, known=st.booleans())
    def link(self, project: str, known: bool) -> None:
        """The account pays for so many projects, and no other account for any."""
        name = f"billingAccounts/{NEW_ACCOUNT if known else '000000-000000-000000'}"
        path = f"v1/projects/{project}/billingInfo"
        fits = len(self.linked - {project}) < _LIMIT
        if project in self._live() and known and fits:
            self.ok("cloudbilling", "PUT", path, {"billingAccountName": name})
            self.linked.add(project)
        else:
            self.refused("cloudbilling", "PUT", path, {"billingAccountName": name})

    @precondition(lambda self: self.linked)
    @rule(data=st.data())
    def unlink(self, data: st.DataObject) -> None:
        """A project without an account."""
        project = data.draw(st.sampled_from(sorted(self.linked)))
        self.ok("cloudbilling", "PUT", f"v1/projects/{project}/billingInfo", {"billingAccountName": ""})
        self.linked.discard(project)

    @rule(project=ids, role=st.sampled_from((*_ROLES, "nope")), fresh=st.booleans())
    def allow(self, project: str, role: str, fresh: bool) -> None:
        """A policy is replaced by who has read it last."""
        path = f"v3/projects/{project}"
        if project not in self._live():
            self.refused(_MANAGER, "POST", f"{path}:setIamPolicy", {"policy": {}})
            return
        etag = self.ok(_MANAGER, "POST", f"{path}:getIamPolicy", {})["etag"]
        if not fresh:
            self.ok(_MANAGER, "POST", f"{path}:setIamPolicy", {"policy": {"bindings": []}})
            self.roles[project] = ""
        policy = {"etag": etag, "bindings": [{"role": role, "members": ["user:ann@example.com"]}]}
        if fresh and role in _ROLES:
            self.ok(_MANAGER, "POST", f"{path}:setIamPolicy", {"policy": policy})
            self.roles[project] = role
        else:
            self.refused(_MANAGER, "POST", f"{path}:setIamPolicy", {"policy": policy})

    @rule(page=small)
    def walk(self, page: int) -> None:
        """Pages of any size have every project, once."""
        found = [each["projectId"] for each in self.listed(_MANAGER, "v3/projects:search", "projects", page)]
        assert found == [
            each["projectId"] for each in self.listed(_MANAGER, "v3/projects:search", "projects")
        ]
        assert sorted({*found} & {*_IDS}) == sorted(self.projects)
        assert len(found) == len({*found})

    @invariant()
    def is_as_set(self) -> None:
        """Every project is in the state that it was put in, and the account pays for those that were linked."""
        listed = {each["projectId"]: each for each in self.listed(_MANAGER, "v3/projects:search", "projects")}
        for project, about in self.projects.items():
            shown = {"state": listed[project]["state"], "parent": listed[project]["parent"]}
            assert shown == about
            assert self.ok(_MANAGER, "GET", f"v3/projects/{self.numbers[project]}") == listed[project]
        paid = self.listed("cloudbilling", f"v1/billingAccounts/{NEW_ACCOUNT}/projects", "projectBillingInfo")
        assert {each["projectId"] for each in paid} == self.linked
        assert len(paid) <= _LIMIT
        for project in self._live():
            info = self.ok("cloudbilling", "GET", f"v1/projects/{project}/billingInfo")
            assert bool(info.get("billingEnabled")) == (project in self.linked)
            policy = self.ok(_MANAGER, "POST", f"v3/projects/{project}:getIamPolicy", {})
            given = [each["role"] for each in policy.get("bindings", [])]
            assert given == [role for role in (self.roles.get(project, ""),) if role]
