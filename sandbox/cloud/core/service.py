"""The definition of a service: its API descriptions, handlers, tables and initial data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from sandbox.cloud.core.errors import CloudError, JsonObject, permission_denied
from sandbox.cloud.core.late import When
from sandbox.cloud.core.messages import Message, Method
from sandbox.cloud.core.permissions import May, Need, Rule, everything
from sandbox.cloud.core.purges import Purge
from sandbox.cloud.core.routing import Router
from sandbox.cloud.core.store import Parent, PolicyHook, ProjectHook, ServiceHook, Store
from sandbox.cloud.core.timeline import Job
from sandbox.cloud.core.times import NEVER


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller, according to the request.

    Attributes:
        key: the API key, of the URL or of the `X-Goog-Api-Key` header.
        token: the bearer token.
        user_project: the project of the `X-Goog-User-Project` header.
        address: the IP address that the call comes from.
        headers: the request's headers, by name in lower case.
        member: the caller as IAM policies name it (`user:ann@example.com`); empty for the local cloud's operator.
        own_project: the number of the project of a service account, whose calls count against it.
        behind: who acts as the service account, as JSON: the caller that got the token, then the accounts in between.
    """

    key: str
    token: str = field(repr=False)
    user_project: str
    address: str
    headers: Mapping[str, str] = field(repr=False)
    member: str = ""
    own_project: str = ""
    behind: str = ""

    @property
    def counted_project(self) -> str:
        """The project that the call counts against, id or number, unless its path names one."""
        return self.user_project or self.own_project


@dataclass(frozen=True, slots=True)
class Http:
    """The parts of a request that only handlers of data need.

    Attributes:
        base: the address of the service that the caller used, without a slash at the end.
        headers: the request's headers, by name in lower case.
        content: the body as it was sent.
        media: whether the answer is to be data (`alt=media`).
        upload_type: how the data are sent (`uploadType`): `media`, `multipart` or `resumable`.
        events: whether the answer is to be events (`alt=sse`).
    """

    base: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    media: bool = False
    upload_type: str = ""
    events: bool = False


@dataclass(frozen=True, slots=True)
class Media:
    """An answer that is not JSON: data, or nothing but a status and headers."""

    content: bytes = b""
    content_type: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A validated request, as its handler sees it.

    Attributes:
        method: the API method.
        path: each path parameter's value (`{"name": "projects/x"}`); a slash inside a segment reads `%2F` in it.
        ids: what the path's wildcards stood for, in order, decoded (`("x",)`).
        query: the method's query parameters that were given, by JSON name, with their types.
        body: the request message, by JSON names: int64 as strings, enums by name, no nulls, nothing output-only.
        store: the state, inside the request's transaction.
        now: the request's time, UTC.
        consumer: the number of the project that the call counts against, if the service derives it from the caller.
        http: the request itself.
        member: the caller as IAM policies name it; empty for the local cloud's operator.
        may: whether the caller has a permission on a resource.
        effect: how long it takes until what the call sets is in force; `timedelta.max`: that is never so.
    """

    method: Method
    path: Mapping[str, str]
    ids: tuple[str, ...]
    query: JsonObject
    body: JsonObject
    store: Store
    now: datetime
    consumer: str = ""
    http: Http = field(default_factory=Http)
    member: str = ""
    may: May = everything
    effect: timedelta = timedelta()

    @property
    def when(self) -> When:
        """When the call sets something, and when that is in force."""
        return When(self.now, NEVER if self.effect == timedelta.max else self.now + self.effect)

    @property
    def message(self) -> Message:
        """The description of the body, for update masks."""
        if self.method.body is None:
            raise LookupError(f"{self.method.id} has no body")
        return self.method.body.message()


@dataclass(frozen=True, slots=True)
class Answered:
    """A call that a service has answered for a project, be it with a refusal.

    Attributes:
        method: the API method.
        caller: who called.
        consumer: the number of the project that the call counts against.
        now: the request's time, UTC.
        code: the HTTP status of the answer.
    """

    method: Method
    caller: Caller
    consumer: str
    now: datetime
    code: int


Handler = Callable[[Call], JsonObject | Media]
HandlerT = TypeVar("HandlerT", bound=Handler)


class Handlers:
    """Handlers by method id: `@handlers("cloudbilling.projects.getBillingInfo")`."""

    def __init__(self) -> None:
        self.by_id: dict[str, Handler] = {}

    def __call__(self, *method_ids: str) -> Callable[[HandlerT], HandlerT]:
        """Register the decorated function for one or more methods."""

        def register(handler: HandlerT) -> HandlerT:
            for method_id in method_ids:
                self.by_id[method_id] = handler
            return handler

        return register


@dataclass(frozen=True, slots=True)
class Api:
    """One version of a service's API: where its methods are described, and who handles them.

    `served_as` puts the methods under another version's path: some clients ask for v1beta1 methods below `/v1/`.
    """

    methods: Callable[[], tuple[Method, ...]]
    handlers: Handlers
    served_as: str | None = None

    def bound(self) -> dict[Method, Handler | None]:
        """Every method with its handler, None where the local cloud has none.

        Raises:
            LookupError: a handler's id is no method of the API.
        """
        methods = self.methods()
        unknown = self.handlers.by_id.keys() - {method.id for method in methods}
        if unknown:
            raise LookupError(f"no such API method: {', '.join(sorted(unknown))}")
        if self.served_as is not None:
            methods = tuple(
                replace(method, segments=(self.served_as, *method.segments[1:])) for method in methods
            )
        return {method: self.handlers.by_id.get(method.id) for method in methods}


def _denied(_call: Call, _need: Need) -> CloudError:
    return permission_denied()


def _as_it_is(error: CloudError) -> CloudError:
    return error


def _shown(_call: Call, operation: JsonObject) -> JsonObject:
    return operation


@dataclass(frozen=True)
class Service:
    """A service of the local cloud.

    Attributes:
        name: its host's first label and its path prefix (`cloudbilling`).
        apis: its versions; where two describe one path, the first is served.
        schema: the SQL of its tables.
        permissions: for every method that it serves, by id, which permissions it needs.
        denied: its refusal of a caller that lacks a permission.
        parents: for each kind of resource that is at the beginning of a name, the name of what is above it.
        needs_quota_project: whether people must name the project that their calls count against.
        seed: fills its tables of an empty database, inside one transaction.
        on_project_created: called for every new project.
        on_project_deleted: called for every project that goes into deletion.
        on_policy_set: called before an IAM policy is set; it may refuse it.
        on_service_enabled: called for every API that a project gets by a call.
        refusals: its form of a refusal, if it is not that of google.rpc.
        operations: its form of a long-running operation of a call, if it is not that of google.longrunning.
        consumer: returns the number of the project that a caller's call counts against, or refuses the caller; for
            a service whose paths name no project.
        on_answered: called with each call that the service has answered for such a project.
        key_paths: beginnings of the paths that an API key opens; any other takes a token.
        max_body: bytes of the largest body of a request.
        emulated: whether Google's clients send no token to an emulator of it (`STORAGE_EMULATOR_HOST`).
        job: its timed work.
        purges: for each kind of what it deletes with `core.purges`, how that is deleted for good.
        merge_patches: whether a null in the body of a PATCH removes a field; its handlers read them in the content.
    """

    name: str
    apis: Sequence[Api]
    schema: str = ""
    permissions: Mapping[str, Rule] = field(default_factory=dict)
    denied: Callable[[Call, Need], CloudError] = _denied
    parents: Mapping[str, Parent] = field(default_factory=dict)
    needs_quota_project: bool = False
    seed: Callable[[Store, datetime], None] | None = None
    on_project_created: ProjectHook | None = None
    on_project_deleted: ProjectHook | None = None
    on_policy_set: PolicyHook | None = None
    on_service_enabled: ServiceHook | None = None
    refusals: Callable[[CloudError], CloudError] = _as_it_is
    operations: Callable[[Call, JsonObject], JsonObject] = _shown
    consumer: Callable[[Store, Method, Caller], str] | None = None
    on_answered: Callable[[Store, Answered], None] | None = None
    key_paths: tuple[str, ...] = ()
    max_body: int = 10 * 1024 * 1024
    emulated: bool = False
    job: Job | None = None
    purges: Mapping[str, Purge] = field(default_factory=dict)
    merge_patches: bool = False

    @cached_property
    def handlers(self) -> Mapping[Method, Handler | None]:
        """Every method of every version with its handler; read on the service's first request."""
        return {method: handler for api in self.apis for method, handler in api.bound().items()}

    @cached_property
    def router(self) -> Router:
        """The paths of all versions."""
        return Router(self.handlers)
