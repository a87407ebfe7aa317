"""Methods of the Gemini API that an API key can be narrowed to, in groups by purpose.

Source, 2026-11-26: the services of google-ai-generativelanguage 0.12.1 (v1beta and v1). It lacks BatchService, which is
from the Gemini API's reference (ai.google.dev/api/batch-mode). A refusal names a method the same way
(API_KEY_SERVICE_BLOCKED).
"""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Final

from landing_zone.gemini import GEMINI_API

_API: Final = "google.ai.generativelanguage"
_STABLE: Final = frozenset(
    {
        "GenerativeService.GenerateContent",
        "GenerativeService.StreamGenerateContent",
        "GenerativeService.EmbedContent",
        "GenerativeService.BatchEmbedContents",
        "GenerativeService.CountTokens",
        "ModelService.GetModel",
        "ModelService.ListModels",
    }
)
"""Methods that v1 has too, not only v1beta."""
CREATES_CACHES: Final = frozenset(
    f"{_API}.{version}.CacheService.CreateCachedContent" for version in ("v1beta", "v1")
)
"""Below v1 too, which google-genai 3 calls for everything; the package of that version does not have it yet."""


def _full(*names: str) -> tuple[str, ...]:
    """The full names of methods in every version that has them."""
    return tuple(
        f"{_API}.{version}.{name}"
        for name in names
        for version in ("v1beta", "v1")
        if version == "v1beta" or name in _STABLE
    )


METHOD_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "generate": _full("GenerativeService.GenerateContent", "GenerativeService.StreamGenerateContent"),
    "embed": _full("GenerativeService.EmbedContent", "GenerativeService.BatchEmbedContents"),
    "countTokens": _full("GenerativeService.CountTokens"),
    "caches": _full(
        "CacheService.CreateCachedContent",
        "CacheService.GetCachedContent",
        "CacheService.ListCachedContents",
        "CacheService.UpdateCachedContent",
        "CacheService.DeleteCachedContent",
    ),
    "batch": (
        *_full("BatchService.BatchGenerateContent", "BatchService.AsyncBatchEmbedContent"),
        "google.longrunning.Operations.GetOperation",
        "google.longrunning.Operations.ListOperations",
        "google.longrunning.Operations.CancelOperation",
        "google.longrunning.Operations.DeleteOperation",
    ),
    "files": _full(
        "FileService.CreateFile",
        "FileService.GetFile",
        "FileService.ListFiles",
        "FileService.DownloadFile",
        "FileService.DeleteFile",
    ),
    # Imagen's method. The image models of Gemini answer under `generate`.
    "images": _full("PredictionService.Predict"),
    "video": (
        *_full("PredictionService.PredictLongRunning"),
        "google.longrunning.Operations.GetOperation",
    ),
    "live": _full("GenerativeService.BidiGenerateContent"),
    "models": _full("ModelService.GetModel", "ModelService.ListModels"),
}
"""A stack file's word for a purpose → the full names of its methods."""
CALLS: Final[Mapping[str, tuple[str, ...]]] = {
    group: tuple(each for each in methods if not each.startswith("google.longrunning."))
    for group, methods in METHOD_GROUPS.items()
}
"""The same without those about operations, which several groups have."""
METHODS: Final = frozenset(method for group in METHOD_GROUPS.values() for method in group)


def full_methods(methods: Iterable[str]) -> tuple[str, ...]:
    """The full names that groups and names stand for, each once, in order."""
    return tuple(dict.fromkeys(each for name in methods for each in METHOD_GROUPS.get(name, (name,))))


def grouped_methods(methods: Iterable[str]) -> tuple[str, ...]:
    """The shortest way to say these full names in a stack file: groups, then what no group has."""
    found = tuple(dict.fromkeys(methods))
    groups = tuple(name for name, group in METHOD_GROUPS.items() if set(group) <= set(found))
    covered = full_methods(groups)
    return (*groups, *(each for each in found if each not in covered))


def any_key_calls(keys: Iterable[Iterable[str]], wanted: Collection[str]) -> bool:
    """True if one of several keys can call one of the `wanted` methods, given by full name.

    `keys`: the groups and names that each is narrowed to; a key without any can call all. True without keys as well:
    nothing is known of what callers use then.
    """
    found = [full_methods(methods) for methods in keys]
    return not found or any(
        not own or any(_allows(name, method) for name in own for method in wanted) for own in found
    )


@lru_cache(maxsize=16384)
def _allows(name: str, method: str) -> bool:
    """True if a key restriction names a method: in full, by its last parts, or with `*` as the last character.

    Source: API Keys API v2, ApiTarget.methods.
    """
    name = name.removeprefix(f"{GEMINI_API}.")
    parts = method.split(".")
    endings = [".".join(parts[place:]) for place in range(len(parts))]
    if name.endswith("*"):
        return any(ending.startswith(name[:-1]) for ending in endings)
    return name in endings


_UNCOUNTED: Final = {"batch": "the Batch API", "live": "live sessions"}
_NOT_KNOWN: Final = "methods that are not known here, such as those of interactions and file search"


def uncounted_calls(methods: Iterable[str]) -> tuple[str, ...]:
    """What a key can call and no limit of a project counts, in words; empty: nothing.

    `methods`: the groups and names that the key is narrowed to; without any, it can call all. A name with `*` may stand
    for methods that are not known here.
    """
    return _uncounted(full_methods(methods))


@lru_cache(maxsize=4096)
def _uncounted(own: tuple[str, ...]) -> tuple[str, ...]:
    counted = [name for group, name in _UNCOUNTED.items() if any_key_calls([own], CALLS[group])]
    known = own and all(name[-1:] != "*" and any(_allows(name, each) for each in METHODS) for name in own)
    return (*counted, *(() if known else (_NOT_KNOWN,)))
