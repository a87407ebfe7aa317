"""Methods of the Gemini API that an API key can be narrowed to, in groups by purpose.

Source, 2026-11-26: the services of google-ai-generativelanguage 0.12.1 (v1beta and v1). It lacks BatchService, which is
from the Gemini API's reference (ai.google.dev/api/batch-mode). A refusal names a method the same way
(API_KEY_SERVICE_BLOCKED).
"""

from collections.abc import Iterable, Mapping
from typing import Final

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
_CREATE_CACHE: Final = f"{_API}.v1beta.CacheService.CreateCachedContent"


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


def can_create_caches(methods: Iterable[str] | None) -> bool:
    """True if a key that is narrowed to these groups and names can create caches; without any, it can do all."""
    found = full_methods(methods or ())
    return not found or _CREATE_CACHE in found
