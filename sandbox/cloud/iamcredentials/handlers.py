"""IAM Service Account Credentials v1, method by method."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.permissions import Need, Needs, Rule
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.iam import grants, id_tokens, identities, models
from sandbox.cloud.iam.permissions import account, denied
from sandbox.cloud.serviceusage import enablement
from sandbox.cloud.serviceusage import models as usage

handlers = Handlers()

_API: Final = "iamcredentials.googleapis.com"
_GENERATE: Final = "iamcredentials.projects.serviceAccounts.generateAccessToken"
_IDENTIFY: Final = "iamcredentials.projects.serviceAccounts.generateIdToken"
_TOKEN: Final = "iam.serviceAccounts.getAccessToken"  # noqa: S105 a permission's name
_ID_TOKEN: Final = "iam.serviceAccounts.getOpenIdToken"  # noqa: S105 a permission's name
_DELEGATION: Final = "iam.serviceAccounts.implicitDelegation"
_LONGEST: Final = timedelta(hours=1)


def _impersonating(permission: str) -> Rule:
    """The caller needs the account itself, or the first of the accounts by which it comes to that one."""

    def rule(call: Call) -> Sequence[Needs]:
        delegates = _delegates(call)
        if not delegates:
            return [(Need(permission, account(call)),)]
        return [(Need(_DELEGATION, models.resource(call.store, "-", delegates[0])),)]

    return rule


PERMISSIONS: Final[Mapping[str, Rule]] = {
    _GENERATE: _impersonating(_TOKEN),
    _IDENTIFY: _impersonating(_ID_TOKEN),
}


@handlers(_GENERATE)
def generate_access_token(call: Call) -> JsonObject:
    """A token with which its holder is the service account, for up to an hour."""
    if not call.body.get("scope"):
        raise invalid_argument("The request must have at least one scope.", "scope")
    lifetime = timedelta(seconds=float(call.body.get("lifetime", "3600s").removesuffix("s")))
    if not timedelta() < lifetime <= _LONGEST:
        raise invalid_argument(
            f"The lifetime must be above 0s and at most {_LONGEST.total_seconds():.0f}s.", "lifetime"
        )
    target = _impersonated(call, _TOKEN)
    chain = [
        call.member,
        *(f"serviceAccount:{models.require(call.store, '-', each).email}" for each in _delegates(call)),
    ]
    token, expires = identities.issue(
        call.store, f"serviceAccount:{target.email}", call.now, lifetime, [each for each in chain if each]
    )
    return {"accessToken": token, "expireTime": expires}


@handlers(_IDENTIFY)
def generate_id_token(call: Call) -> JsonObject:
    """A token that shows its holder to be the service account, to one audience."""
    audience = call.body.get("audience", "")
    if not audience:
        raise invalid_argument("The request must have an audience.", "audience")
    target = _impersonated(call, _ID_TOKEN)
    with_email = bool(call.body.get("includeEmail"))
    return {"token": id_tokens.issue(call.store, target, audience, call.now, with_email=with_email)}


def _impersonated(call: Call, wanted: str) -> models.Account:
    """The account of the path, if every account on the way to it may do what it takes.

    Raises:
        CloudError: 403, also for an account that is disabled and a project without the API; 400 for a bad name.
    """
    if call.ids[0] != "-":
        raise invalid_argument(
            "Invalid form of account ID. Write projects/-/serviceAccounts/ADDRESS_OR_UNIQUE_ID.", "name"
        )
    target = models.require(call.store, "-", call.ids[1])
    project = projects.require(call.store, target.project).number
    if not usage.is_enabled(call.store, project, _API):
        raise enablement.disabled(project, _API)
    chain = [models.require(call.store, "-", each) for each in _delegates(call)]
    for delegate, following in pairwise([*chain, target]):
        permission = wanted if following is target else _DELEGATION
        resource = models.resource(call.store, "-", following.email)
        if not grants.holds(call.store, f"serviceAccount:{delegate.email}", permission, resource):
            raise denied(call, Need(permission, resource))
    if any(each.disabled for each in (*chain, target)):
        raise denied(call, Need(wanted, target.email))
    return target


def _delegates(call: Call) -> list[str]:
    """The addresses or unique ids in `projects/-/serviceAccounts/…`."""
    return [str(name).rpartition("/")[2] for name in call.body.get("delegates", [])]
