"""The function's answers: a poll of every project, and a budget's message."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, Final
from uuid import uuid4

from guard import journal
from guard.callers import is_allowed
from guard.project import Look, Project, Run
from landing_zone.google import guard_record
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.guard_signals import signals_of
from landing_zone.google.objects import ChangedError
from landing_zone.google.rest import Google
from landing_zone.google.retrying import Retries
from landing_zone.google.transport import CONNECT_S
from landing_zone.guarding import messages
from landing_zone.guarding.as_json import UnreadableError
from landing_zone.guarding.policy import Policy
from landing_zone.printing import MOST_SHOWN, as_json

_AT_ONCE: Final = 8
_DEADLINE_S: Final = 50
"""A poll ends before the next one begins."""
_RETRIES: Final = Retries(connect_s=CONNECT_S, answer_s=15, attempts=1, fail_fast_s=0, transient_s=10)
_NOT_DONE: Final = {"dry run": " (dry run)", "intended": " (not done yet)"}
"""An act's status → what mails say of it."""
_ERRORS: Final = (GoogleError, CredentialsError, ChangedError, UnreadableError)


@dataclass(frozen=True)
class Settings:
    """What the function is deployed with."""

    bucket: str
    host: str
    """The project that it runs in."""
    callers: frozenset[str]
    audience: str = ""
    stack: str = ""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """From environment variables. Raises KeyError."""
        callers = (each.strip() for each in environment["GUARD_CALLERS"].split(","))
        return cls(
            environment["GUARD_BUCKET"],
            environment["GUARD_PROJECT"],
            frozenset(filter(None, callers)),
            environment.get("GUARD_AUDIENCE", ""),
            environment.get("GUARD_STACK", ""),
        )


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Its body."""
        return as_json(dict(self.body), indent=None)


class App:
    """The guard, as one process runs it."""

    def __init__(
        self,
        settings: Settings,
        config: GoogleConfig,
        *,
        google: Google | None = None,
        look: Look = signals_of,
        holder: str = "",
    ) -> None:
        self._settings = settings
        self._google = google or Google(config, retries=_RETRIES)
        self._look = look
        self._holder = holder or uuid4().hex
        self._policies: dict[str, tuple[int, Policy]] = {}
        """Project -> its policy's generation, and the policy."""
        self._lock = Lock()

    def answer(self, method: str, path: str, authorization: str, body: Any) -> Answer:
        """Answer a call."""
        paths: dict[str, Callable[[], Answer]] = {"/poll": self.poll, "/message": lambda: self.message(body)}
        if path.rstrip("/") not in paths:
            return Answer(404, {"error": "POST /poll or /message"})
        if method != "POST":
            return Answer(405, {"error": "POST"})
        if not is_allowed(authorization, self._settings.callers, self._settings.audience):
            journal.line(
                "WARNING", f"a call of {path} without the token of one of the guard's callers was refused"
            )
            return Answer(403, {"error": "this caller may not call the guard"})
        try:
            return paths[path.rstrip("/")]()
        except _ERRORS as error:
            journal.line("ERROR", f"{path}: {error}")
            return Answer(503, {"error": str(error)})

    def poll(self) -> Answer:
        """Look at every project. One that fails stops no other; those that the deadline leaves out have failed."""
        policies, failed = self._read_policies()
        done: dict[str, Run] = {}
        over = Event()

        def one(policy: Policy) -> None:
            if over.is_set():
                return
            try:
                done[policy.project] = self._project(policy).run()
            except Exception as error:  # whatever goes wrong in one project, the others are looked at
                failed[policy.project] = str(error) or type(error).__name__

        pool = ThreadPoolExecutor(max_workers=_AT_ONCE)
        wait([pool.submit(one, policy) for policy in policies], timeout=_DEADLINE_S)
        over.set()
        pool.shutdown(wait=False, cancel_futures=True)
        done, failed = dict(done), dict(failed)  # of what is still under way, nothing more is waited for
        for policy in policies:
            if policy.project not in done:
                failed.setdefault(policy.project, f"it was not looked at within {_DEADLINE_S} s")
        # A guard that sees only what is billed is hours late: people should hear of it as of one that does not run.
        failed |= {project: run.blind for project, run in done.items() if run.blind}
        for project, why in failed.items():
            journal.line("ERROR", f"{project}: {why}", project=project)
        unfinished = {project: run.unfinished for project, run in done.items() if run.unfinished}
        # Messages do not count as runs: they go on coming without a schedule.
        looked_at = {**done, **failed}
        self._report(
            done, {project: project not in failed and project not in unfinished for project in looked_at}
        )
        body = {"projects": len(done), "failed": failed, "unfinished": unfinished}
        return Answer(500 if failed else 200, body)

    def message(self, push: Any) -> Answer:
        """Take a budget's message. It is answered with an error only if sending it again can help."""
        read = messages.read(push)
        if read is None:
            return self._ignored("not a budget message", "")
        policies, _ = self._read_policies()
        policy = messages.policy_for(policies, read)
        if policy is None:
            return self._ignored("of another budget", read.display_name)
        run = self._project(policy).run(read)
        self._report({policy.project: run}, {})
        if run.ignored:
            return self._ignored(run.ignored, policy.project)
        return Answer(200, {"project": policy.project, "unfinished": run.unfinished})

    def _ignored(self, reason: messages.Reason, about: str) -> Answer:
        journal.line(
            "WARNING", f"a message changed nothing: it is {reason}", about=about[:MOST_SHOWN], reason=reason
        )
        settings = self._settings
        journal.write_ignored(self._google, settings.host, settings.stack, self._google.now, reason)
        return Answer(200, {"ignored": reason})

    def _project(self, policy: Policy) -> Project:
        # Each run claims for itself: one that a deadline has left behind goes on beside the next of its process.
        holder = f"{self._holder}-{uuid4().hex[:8]}"
        return Project(self._google, self._settings.bucket, policy, holder, self._look)

    def _report(self, done: Mapping[str, Run], runs: Mapping[str, bool]) -> None:
        for project, run in done.items():
            if run.unfinished:
                journal.line("ERROR", f"{project}: an act is not done yet: {run.unfinished}", project=project)
        acts = [
            (project, f"{act.step}{_NOT_DONE.get(act.status, '')}")
            for project, run in done.items()
            for act in run.unreported
        ]
        settings = self._settings
        if journal.write_metrics(self._google, settings.host, settings.stack, self._google.now, runs, acts):
            for run in done.values():
                self._mark_reported(run)

    def _mark_reported(self, run: Run) -> None:
        """Write down whose acts are in the metric. What is not written down, the next run reports once more."""
        if run.unreported:
            try:
                guard_record.update(
                    self._google,
                    self._settings.bucket,
                    run.number,
                    lambda newest: newest.reporting(run.unreported),
                )
            except _ERRORS as error:
                journal.line("WARNING", f"acts of {run.number} may be reported twice: {error}")

    def _read_policies(self) -> tuple[list[Policy], dict[str, str]]:
        """The policies, those that are unchanged from before; and the objects that cannot be read, with the reason."""
        bucket, failed = self._settings.bucket, dict[str, str]()
        listed = list(guard_record.policies(self._google, bucket))

        def read(each: tuple[str, int]) -> Policy | None:
            project, generation = each
            known = self._policies.get(project)
            if known and known[0] == generation:
                return known[1]
            try:
                return guard_record.policy_of(self._google, bucket, project)
            except _ERRORS as error:
                failed[project] = str(error)
                return None

        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            found = list(zip(listed, pool.map(read, listed), strict=True))
        with self._lock:
            self._policies = {
                project: (generation, policy) for (project, generation), policy in found if policy
            }
        return [policy for _, policy in found if policy], failed
