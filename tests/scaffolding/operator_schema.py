"""What the Pulumi Kubernetes Operator 2.9 takes, as far as it is written here: read in its CRD on 2026-11-27.

Closed, unlike the CRD itself: Kubernetes drops a field that it does not know, and says nothing.
"""

from typing import Any

import jsonschema

_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_FLAG: dict[str, Any] = {"type": "boolean"}


def _closed(required: tuple[str, ...] = (), **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*required],
        "additionalProperties": False,
    }


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


_REFERENCE = _closed(
    ("type",), type={"const": "Secret"}, secret=_closed(("name", "key"), name=_TEXT, key=_TEXT)
)
_POD = _closed(
    ("containers",), containers=_list(_closed(("name",), name=_TEXT)), terminationGracePeriodSeconds=_WHOLE
)
_WORKSPACE = _closed(
    image=_TEXT,
    securityProfile={"enum": ["baseline", "restricted"]},
    resources=_closed(
        requests={"type": "object", "additionalProperties": _TEXT},
        limits={"type": "object", "additionalProperties": _TEXT},
    ),
    podTemplate=_closed(spec=_POD),
)
_SPEC = _closed(
    ("stack",),
    stack=_TEXT,
    backend=_TEXT,
    secretsProvider=_TEXT,
    projectRepo=_TEXT,
    branch=_TEXT,
    repoDir=_TEXT,
    shallow=_FLAG,
    gitAuth=_closed(accessToken=_REFERENCE, sshAuth=_closed(("sshPrivateKey",), sshPrivateKey=_REFERENCE)),
    envRefs={"type": "object", "additionalProperties": _REFERENCE},
    prerequisites=_list(
        _closed(
            ("name",), name=_TEXT, requirement=_closed(succeededWithinDuration={"pattern": r"^(\d+[hms])+$"})
        )
    ),
    serviceAccountName=_TEXT,
    useLocalStackOnly=_FLAG,
    destroyOnFinalize=_FLAG,
    preview=_FLAG,
    refresh=_FLAG,
    continueResyncOnCommitMatch=_FLAG,
    resyncFrequencySeconds={"type": "integer", "minimum": 60},
    workspaceReclaimPolicy={"enum": ["Retain", "Delete"]},
    workspaceTemplate=_closed(spec=_WORKSPACE),
    updateTemplate=_closed(spec=_closed(parallel=_WHOLE, continueOnError=_FLAG, expectNoChanges=_FLAG)),
)


def written_here(resource: dict[str, Any]) -> list[str]:
    """What is wrong with the `spec` of a Stack, by the schema above."""
    return _errors(_SPEC, resource["spec"])


def by_crd(crd: dict[str, Any], resource: dict[str, Any]) -> list[str]:
    """What is wrong with a Stack, by the operator's own CustomResourceDefinition, closed."""
    [version] = [each for each in crd["spec"]["versions"] if each["name"] == "v1"]
    return _errors(_all_closed(version["schema"]["openAPIV3Schema"]), resource)


def _errors(schema: dict[str, Any], value: Any) -> list[str]:
    found = jsonschema.Draft202012Validator(schema).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in found]


def _all_closed(schema: Any) -> Any:
    """The schema, with no property but those that it lists; `metadata` is Kubernetes' own."""
    if isinstance(schema, list):
        return [_all_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _all_closed(value) for key, value in schema.items()}
    if "properties" in schema and "additionalProperties" not in schema:
        found["additionalProperties"] = False
    return found
