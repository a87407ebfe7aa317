"""The billing link of a project that something else created."""

from sandbox.standins.gcp_plugin.schema import Call, Resource, Value, deletion_policy, project, text

_ACCOUNTS = "billingAccounts/"


def _account(name: Value) -> Value:
    return (name or "").removeprefix(_ACCOUNTS)


_PATH = "projects/{project}/billingInfo/"

PROJECT_INFO = Resource(
    urn_type="gcp:billing/projectInfo:ProjectInfo",
    service="cloudbilling",
    title="ProjectInfo",
    long_title="CloudBillingProjectInfo",
    fields={
        "billingAccount": text(
            required=True,
            wire="billingAccountName",
            always_sent=True,
            to_wire=lambda account: f"{_ACCOUNTS}{account}" if account else "",
            from_wire=_account,
        ),
        "project": project(),
        "deletionPolicy": deletion_policy(),
    },
    id="projects/{project}",
    import_ids=("projects/(?P<project>.+)", "(?P<project>.+)"),
    create=Call("PUT", _PATH),
    read=Call("GET", _PATH),
    update=Call("PUT", _PATH),
    # Without a body: that unlinks.
    delete=Call("PUT", _PATH),
)
