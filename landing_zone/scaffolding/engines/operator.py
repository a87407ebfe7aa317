"""Resources for the Pulumi Kubernetes Operator 2.9 (`pulumi.com/v1`): two `Stack`s a stack, and who they run as."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from landing_zone.scaffolding.engines.fleet import PULUMI, Member, Source
from landing_zone.scaffolding.engines.names import DRIFT, resource_name

SECRET: Final = "gemini-lz"  # noqa: S105 the name of a Kubernetes Secret
"""The Secret with all that is not for files."""
ACCOUNT: Final = "gemini-lz"
"""The Kubernetes service account of updates."""
PREVIEW_ACCOUNT: Final = "gemini-lz-preview"
"""The Kubernetes service account of previews, which is to read alone."""
IMAGE: Final = f"pulumi/pulumi:{PULUMI}-nonroot"
PRUNED_BY: Final = {"app.kubernetes.io/managed-by": "gemini-lz"}
"""The label of all resources: `kubectl get stacks -l …`."""
_PARALLEL: Final = 512
"""Operations side by side: they wait for Google. As in `gemini-lz up`."""
_POLL_S: Final = 300
"""Seconds between looks for a new commit."""
_DRIFT_S: Final = 24 * 3600
"""Seconds between looks for drift."""
_FRESH: Final = "30m"
"""How recently a stack before another must have been updated; else the operator updates it first."""
_STOP_S: Final = 600
"""Seconds that an update has to end what it began, when its pod is moved."""
_RESOURCES: Final = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
"""For a stack of about 100 projects: docs/scale.md has the memory of each process."""
_CREDENTIALS: Final = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "azblob": ("AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY"),
    "https": ("PULUMI_ACCESS_TOKEN",),
}
"""A backend's scheme → the variables that it takes credentials from. gs:// goes by the service account."""


@dataclass(frozen=True)
class Cluster:
    """Where the operator runs, and with what."""

    source: Source
    backend: str
    """The URL of the state; without a password."""
    secret_backend: bool
    """The URL has a password: it comes from the Secret."""
    namespace: str
    organization: str = ""
    """Of Pulumi Cloud."""
    private: bool = True
    """Git asks for credentials."""
    account: str = ""
    """Google's service account that updates; empty: the service account itself has been granted what it needs."""
    preview_account: str = ""
    """Google's service account that reads."""


def secret_keys(members: Sequence[Member], cluster: Cluster) -> list[str]:
    """The keys that the Secret has to have, named as the variables that they are for."""
    found = [*_CREDENTIALS.get(urlsplit(cluster.backend).scheme, ())]
    if cluster.secret_backend:
        found.append("PULUMI_BACKEND_URL")
    if any(each.by_passphrase(on_pulumi_cloud=_on_pulumi_cloud(cluster)) for each in members):
        found.append("PULUMI_CONFIG_PASSPHRASE")
    if cluster.private:
        found.append("sshPrivateKey" if _by_ssh(cluster.source.repository) else "gitToken")
    return found


def accounts(cluster: Cluster) -> list[dict[str, Any]]:
    """The Kubernetes service accounts, and what the operator needs of them to talk to a workspace."""
    of_google = {ACCOUNT: cluster.account, PREVIEW_ACCOUNT: cluster.preview_account}
    return [*_service_accounts(of_google, cluster.namespace), _delegators(of_google, cluster.namespace)]


def stack_resources(member: Member, cluster: Cluster) -> list[dict[str, Any]]:
    """The `Stack` that updates a stack, and the one that looks for drift by previews."""
    name = resource_name(member.name)
    update = {
        **_spec(member, cluster),
        "serviceAccountName": ACCOUNT,
        "resyncFrequencySeconds": _POLL_S,
        # What was begun by a stack that is taken out of the fleet stays at Google.
        "destroyOnFinalize": False,
        "updateTemplate": {"spec": {"parallel": _PARALLEL, "continueOnError": True}},
    }
    if member.after:
        update["prerequisites"] = [
            {"name": resource_name(before), "requirement": {"succeededWithinDuration": _FRESH}}
            for before in member.after
        ]
    drift = {
        **_spec(member, cluster),
        "serviceAccountName": PREVIEW_ACCOUNT,
        "preview": True,
        "refresh": True,
        "continueResyncOnCommitMatch": True,
        "resyncFrequencySeconds": _DRIFT_S,
        # A difference fails the preview, which the operator's conditions and metrics show.
        "updateTemplate": {"spec": {"parallel": _PARALLEL, "expectNoChanges": True}},
        "prerequisites": [{"name": name}],
    }
    return [_stack(name, update, cluster.namespace), _stack(f"{name}{DRIFT}", drift, cluster.namespace)]


def kustomization(files: Sequence[str]) -> dict[str, Any]:
    """What `kubectl apply -k` reads."""
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": [*files]}


def _spec(member: Member, cluster: Cluster) -> dict[str, Any]:
    source = cluster.source
    found: dict[str, Any] = {
        "stack": f"{cluster.organization}/{member.name}" if cluster.organization else member.name,
        # A stack that the operator would make has another passphrase's salt than the file's.
        "useLocalStackOnly": True,
        "projectRepo": source.repository,
        "branch": source.branch,
        "shallow": True,
    }
    if source.folder:
        found["repoDir"] = source.folder
    if cluster.private and _by_ssh(source.repository):
        found["gitAuth"] = {"sshAuth": {"sshPrivateKey": _secret("sshPrivateKey")}}
    elif cluster.private:
        found["gitAuth"] = {"accessToken": _secret("gitToken")}
    if not cluster.secret_backend:
        found["backend"] = cluster.backend
    if member.secrets_provider not in ("", "default"):
        found["secretsProvider"] = member.secrets_provider
    git = ("gitToken", "sshPrivateKey")
    if variables := [each for each in secret_keys([member], cluster) if each not in git]:
        found["envRefs"] = {each: _secret(each) for each in variables}
    return {
        **found,
        "workspaceReclaimPolicy": "Delete",
        "workspaceTemplate": {
            "spec": {
                "image": IMAGE,
                "securityProfile": "restricted",
                "resources": _RESOURCES,
                "podTemplate": {
                    "spec": {"containers": [{"name": "pulumi"}], "terminationGracePeriodSeconds": _STOP_S}
                },
            }
        },
    }


def _secret(key: str) -> dict[str, Any]:
    return {"type": "Secret", "secret": {"name": SECRET, "key": key}}


def _stack(name: str, spec: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": {**PRUNED_BY}}
    return {"apiVersion": "pulumi.com/v1", "kind": "Stack", "metadata": metadata, "spec": dict(spec)}


def _service_accounts(of_google: Mapping[str, str], namespace: str) -> Iterator[dict[str, Any]]:
    for name, account in of_google.items():
        metadata: dict[str, Any] = {"name": name, "namespace": namespace, "labels": {**PRUNED_BY}}
        if account:
            metadata["annotations"] = {"iam.gke.io/gcp-service-account": account}
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _delegators(names: Iterable[str], namespace: str) -> dict[str, Any]:
    """The operator presents its token to a workspace, which asks the cluster whose it is."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"{namespace}:{ACCOUNT}:system:auth-delegator", "labels": {**PRUNED_BY}},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "system:auth-delegator",
        },
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace} for name in names],
    }


def _on_pulumi_cloud(cluster: Cluster) -> bool:
    return urlsplit(cluster.backend).scheme == "https"


def _by_ssh(repository: str) -> bool:
    return urlsplit(repository).scheme != "https"
