"""Cloud Monitoring's messages about missing and wrong fields, and rules that several resources share."""

import re
from typing import Any, Final

from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument
from sandbox.cloud.core.times import seconds

_LABEL_KEY: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE: Final = re.compile(r"[a-z0-9_-]{0,63}")
_MAX_LABELS: Final = 64


def missing(field: str) -> CloudError:
    """400: a field that must be there."""
    return invalid_argument(f"Request was missing field {field}")


def invalid(field: str, value: Any, why: str) -> CloudError:
    """400: a value that a field cannot have."""
    return invalid_argument(f'Field {field} had an invalid value of "{value}": {why}')


def check_display_name(resource: JsonObject, field: str) -> None:
    """A display name's length.

    Raises:
        CloudError: 400 INVALID_ARGUMENT.
    """
    name = resource.get("displayName", "")
    if len(name) > 512:
        raise invalid(field, name, "must be at most 512 characters.")


def check_user_labels(resource: JsonObject, field: str) -> None:
    """The labels that users give for their own order.

    Raises:
        CloudError: 400 INVALID_ARGUMENT.
    """
    labels = resource.get("userLabels", {})
    if len(labels) > _MAX_LABELS:
        raise invalid_argument(f"Field {field} can contain up to {_MAX_LABELS} entries.")
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key):
            raise invalid(
                field,
                key,
                "a key is up to 63 lowercase letters, digits, underscores and dashes, a letter first.",
            )
        if not _LABEL_VALUE.fullmatch(value):
            raise invalid(
                f"{field}[{key}]",
                value,
                "a value is up to 63 lowercase letters, digits, underscores and dashes.",
            )


def check_filter(text: str, field: str, words: tuple[str, ...]) -> None:
    """A filter of time series: it restricts each of `words` (`metric.type`).

    Raises:
        CloudError: 400 INVALID_ARGUMENT.
    """
    if len(text) > 2048:
        raise invalid(field, text, "must be at most 2048 characters.")
    for word in words:
        if word not in text:
            raise invalid(field, text, f'must specify a restriction on "{word}" in the filter.')


def check_aggregation(aggregation: JsonObject, field: str) -> None:
    """Check the alignment of points and the combination of series.

    Raises:
        CloudError: 400 INVALID_ARGUMENT.
    """
    aligned = aggregation.get("perSeriesAligner", "ALIGN_NONE") != "ALIGN_NONE"
    period = aggregation.get("alignmentPeriod", "0s")
    if aligned and seconds(period) < 60:
        raise invalid(f"{field}.alignment_period", period, "must be at least 60 seconds.")
    if not aligned and aggregation.get("crossSeriesReducer", "REDUCE_NONE") != "REDUCE_NONE":
        raise invalid(
            f"{field}.cross_series_reducer",
            aggregation["crossSeriesReducer"],
            "a per-series aligner must be specified with it.",
        )
