"""Google's rules for dashboards, and the form in which Google gives them back."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import combinations
from typing import Any, Final

from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.messages import Field, Message
from sandbox.cloud.monitoring.fields import check_aggregation, check_filter, invalid, missing

_LAYOUTS: Final = ("gridLayout", "mosaicLayout", "rowLayout", "columnLayout")
_SOURCES: Final = (
    "timeSeriesFilter",
    "timeSeriesFilterRatio",
    "timeSeriesQueryLanguage",
    "prometheusQuery",
    "opsAnalyticsQuery",
    "traceQuery",
)
#: What a widget has besides its content.
_ABOUT: Final = frozenset({"title", "id", "visibilityCondition", "timeRange"})
#: Widgets that lie below the tiles that they group.
_GROUPS: Final = frozenset({"collapsibleGroup", "singleViewGroup"})
_MAX_COLUMNS: Final = 48
_SHORTEST: Final = "60s"
_DEFAULT_ENUM_ENDS: Final = "_UNSPECIFIED"


def made(name: str, body: JsonObject, message: Message) -> JsonObject:
    """The dashboard of a request as Google keeps it: with its name and etag, and what Google fills in.

    Raises:
        CloudError: 400 INVALID_ARGUMENT.
    """
    if not body.get("displayName"):
        raise missing("dashboard.display_name")
    layouts = [layout for layout in _LAYOUTS if layout in body]
    if len(layouts) > 1:
        raise invalid_argument(
            f"Invalid value (oneof), oneof field 'layout' is already set. Cannot set '{layouts[1]}'",
            "dashboard",
        )
    if "mosaicLayout" in body:
        _check_mosaic(body["mosaicLayout"])
    for widget, field in _widgets(body):
        _check_widget(widget, field)
    content = {key: value for key, value in body.items() if key not in ("name", "etag")}
    kept = _without_zeros(message, content)
    etag = sha256(repr(sorted(kept.items())).encode()).hexdigest()[:32]
    return {**kept, "name": name, "etag": etag}


def _check_mosaic(layout: JsonObject) -> None:
    columns = layout.get("columns", 0)
    if not 1 <= columns <= _MAX_COLUMNS:
        raise invalid(
            "dashboard.mosaic_layout.columns", columns, f"must be between 1 and {_MAX_COLUMNS}, inclusive."
        )
    for index, tile in enumerate(layout.get("tiles", [])):
        field = f"dashboard.mosaic_layout.tiles[{index}]"
        for name, spelled, least in (
            ("width", "width", 1),
            ("height", "height", 1),
            ("xPos", "x_pos", 0),
            ("yPos", "y_pos", 0),
        ):
            if tile.get(name, 0) < least:
                raise invalid(f"{field}.{spelled}", tile.get(name, 0), f"must be at least {least}.")
        if tile.get("xPos", 0) + tile["width"] > columns:
            raise invalid(
                f"{field}.width",
                tile["width"],
                f"the tile must be within the {columns} columns of the layout.",
            )
        if "widget" not in tile:
            raise missing(f"{field}.widget")
    solid = [
        (index, tile)
        for index, tile in enumerate(layout.get("tiles", []))
        if not tile["widget"].keys() & _GROUPS
    ]
    for (first, left), (second, right) in combinations(solid, 2):
        if _overlap(left, right, "xPos", "width") and _overlap(left, right, "yPos", "height"):
            raise invalid_argument(
                f"Field dashboard.mosaic_layout.tiles[{second}] had an invalid value: it overlaps tiles[{first}]."
            )


def _overlap(left: JsonObject, right: JsonObject, position: str, size: str) -> bool:
    start, other = left.get(position, 0), right.get(position, 0)
    return bool(start < other + right[size] and other < start + left[size])


def _widgets(body: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    """Every widget, with its place."""
    for index, widget in enumerate(body.get("gridLayout", {}).get("widgets", [])):
        yield widget, f"dashboard.grid_layout.widgets[{index}]"
    for index, tile in enumerate(body.get("mosaicLayout", {}).get("tiles", [])):
        yield tile["widget"], f"dashboard.mosaic_layout.tiles[{index}].widget"
    for layout, spelled, parts in (
        ("rowLayout", "row_layout", "rows"),
        ("columnLayout", "column_layout", "columns"),
    ):
        for at, part in enumerate(body.get(layout, {}).get(parts, [])):
            for index, widget in enumerate(part.get("widgets", [])):
                yield widget, f"dashboard.{spelled}.{parts}[{at}].widgets[{index}]"


def _check_widget(widget: JsonObject, field: str) -> None:
    contents = widget.keys() - _ABOUT
    if len(contents) > 1:
        name = max(contents)
        raise invalid_argument(
            f"Invalid value (oneof), oneof field 'content' is already set. Cannot set '{name}'", field
        )
    if "xyChart" in widget:
        _check_data_sets(widget["xyChart"], f"{field}.xy_chart")
        for data_set in widget["xyChart"]["dataSets"]:
            data_set.setdefault("targetAxis", "Y1")  # as Google fills it in
        for index, threshold in enumerate(widget["xyChart"].get("thresholds", [])):
            for name in threshold.keys() & {"color", "direction"}:
                where = f"{field}.xy_chart.thresholds[{index}].{name}"
                raise invalid(where, threshold[name], f"{name} is not allowed in an XyChart.")
    if "timeSeriesTable" in widget:
        _check_data_sets(widget["timeSeriesTable"], f"{field}.time_series_table")
    if "scorecard" in widget:
        _check_query(widget["scorecard"], f"{field}.scorecard")
        for index, threshold in enumerate(widget["scorecard"].get("thresholds", [])):
            if "targetAxis" in threshold:
                where = f"{field}.scorecard.thresholds[{index}].target_axis"
                raise invalid(where, threshold["targetAxis"], "target_axis is not allowed in a Scorecard.")


def _check_data_sets(chart: JsonObject, field: str) -> None:
    if not chart.get("dataSets"):
        raise missing(f"{field}.data_sets")
    for index, data_set in enumerate(chart["dataSets"]):
        _check_query(data_set, f"{field}.data_sets[{index}]")


def _check_query(owner: JsonObject, field: str) -> None:
    query = owner.get("timeSeriesQuery", {})
    where = f"{field}.time_series_query"
    sources = [source for source in _SOURCES if query.get(source)]
    if not sources:
        raise missing(where)
    if len(sources) > 1:
        raise invalid_argument(
            f"Invalid value (oneof), oneof field 'source' is already set. Cannot set '{sources[1]}'", where
        )
    ratio = query.get("timeSeriesFilterRatio", {})
    for part, spelled in (
        (query.get("timeSeriesFilter"), "time_series_filter"),
        (ratio.get("numerator"), "time_series_filter_ratio.numerator"),
        (ratio.get("denominator"), "time_series_filter_ratio.denominator"),
    ):
        if part is not None:
            check_filter(part.get("filter", ""), f"{where}.{spelled}.filter", ("metric.type",))
            # Google takes the period of a chart's points from its width, if none is given.
            aggregation = {"alignmentPeriod": _SHORTEST, **part.get("aggregation", {})}
            check_aggregation(aggregation, f"{where}.{spelled}.aggregation")


def _without_zeros(message: Message, value: JsonObject) -> JsonObject:
    """A message without what is its type's default: Google's JSON never has it."""
    kept: JsonObject = {}
    for name, item in value.items():
        field = message.fields[name]
        if field.message is not None and not field.is_map:
            below = field.message()
            kept[name] = (
                [_without_zeros(below, each) for each in item]
                if field.repeated
                else _without_zeros(below, item)
            )
        else:
            kept[name] = item
        if _is_default(field, kept[name]):
            del kept[name]
    return kept


def _is_default(field: Field, value: Any) -> bool:
    if field.repeated or field.is_map:
        return not value
    if field.kind == "enum":
        return bool(value.endswith(_DEFAULT_ENUM_ENDS))
    return field.kind not in ("message", "struct", "any", "duration") and value in (0, "0", "", False)
