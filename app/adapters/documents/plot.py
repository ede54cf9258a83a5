"""Draws one metric over an incident: what it did, where the limit is, and what happened when."""

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from app.adapters.documents.amounts import axis_number, axis_unit, clock_time
from app.adapters.documents.plot_finding import Event, Window, course, finding, measured
from app.adapters.documents.plot_labels import day_number, place_events, printable
from app.adapters.documents.safe_text import one_line
from app.domain.series import MetricSpec, Series
from app.domain.wording import amount

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Theme = Literal["light", "dark"]
Form = Literal["png", "svg"]
SERIES, ANOMALY, RECOVERED, NORMAL = "#0072B2", "#D55E00", "#009E73", "#999999"
_LEFT = 50  # pixels kept for the numbers of the value axis
_DRAWING = threading.Lock()  # matplotlib's font and text caches are shared by all figures and not made for threads


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme. `bright` is the series' own blue, lifted on dark ground to keep its contrast."""

    ground: str
    text: str
    muted: str
    line: str
    bright: str
    anomaly: str
    shade: float


PALETTES = {
    "light": Palette("#FFFFFF", "#1D1F21", "#5C6066", "#E3E3DF", SERIES, ANOMALY, 0.07),
    "dark": Palette("#1C1F23", "#E8E8E6", "#A3A8AE", "#33383E", "#56B4E9", "#E8843C", 0.14),
}


def metric_plot(
    series: Series, spec: MetricSpec, events: Sequence[Event], window: Window, theme: Theme = "light"
) -> tuple[bytes, str]:
    """A PNG, 1280 pixels wide for a width of 640, and the sentence that says what it shows."""
    return draw(series, spec, events, window, theme=theme), finding(series, spec, events, window)


def draw(
    series: Series,
    spec: MetricSpec,
    events: Sequence[Event],
    window: Window,
    *,
    theme: Theme = "light",
    form: Form = "png",
    width: int = 640,
) -> bytes:
    """The picture as PNG or SVG, `width` CSS pixels wide; bytes are empty if the series has no points."""
    series = measured(series)
    if not series.points:
        return b""
    with _DRAWING:
        figure = _figure(series, spec, events, window, PALETTES[theme], width)
        out = io.BytesIO()
        metadata = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
        figure.savefig(out, format=form, facecolor=PALETTES[theme].ground, metadata=metadata)
        return out.getvalue()


def _figure(series: Series, spec: MetricSpec, events: Sequence[Event], window: Window, palette: Palette, width: int) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = 260 if width >= 500 else 240
    figure = Figure(figsize=(width / 100, height / 100), dpi=200)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((_LEFT / width, 38 / height, 1 - (_LEFT + 14) / width, 1 - 66 / height))
    _scales(axes, series, spec, window, palette, narrow=width < 500)
    _curve(axes, series, spec, palette)
    _incident(axes, window, palette)
    _threshold(axes, spec, palette)
    _worst(axes, series, spec, window, palette)
    within = [event for event in events if _left_edge(series) <= event.at <= _right_edge(series)]
    place_events(figure, axes, within, palette, most=9 if width >= 500 else 5)
    top = 1 - 0.08 / figure.get_size_inches()[1]
    figure.text(
        _LEFT / width, top, _title(series, spec), ha="left", va="top", fontsize=9, color=palette.text,
        fontweight="bold", parse_math=False,
    )  # fmt: skip
    return figure


def _left_edge(series: Series) -> datetime:
    return series.points[0].at


def _right_edge(series: Series) -> datetime:
    return max(series.points[-1].at, series.points[0].at + timedelta(seconds=1))


def _title(series: Series, spec: MetricSpec) -> str:
    unit = axis_unit(spec.unit)
    name = printable(f"{one_line(spec.name, 40)} of {one_line(series.service, 30)}")
    return f"{name} ({printable(one_line(unit, 20))})" if unit else name


def _scales(axes: "Axes", series: Series, spec: MetricSpec, window: Window, palette: Palette, *, narrow: bool) -> None:
    import matplotlib.dates
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    values = [point.value for point in series.points] + ([spec.threshold] if spec.threshold is not None else [])
    low, high = min(values), max(values)
    floor = 0.0 if low >= 0 else low - 0.08 * (high - low)
    dates: Any = matplotlib.dates  # its functions carry no types
    axes.set_ylim(floor, high + 0.18 * ((high - floor) or 1.0))
    axes.set_xlim(day_number(_left_edge(series)), day_number(_right_edge(series)))
    days = (_right_edge(series) - _left_edge(series)).total_seconds() / 86400
    locator = dates.AutoDateLocator(minticks=3, maxticks=5 if narrow else 8)
    formatter = dates.DateFormatter("%H:%M" if days < 1 else "%d %b %H:%M")
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: axis_number(value, spec.unit)))
    axes.set_xlabel(f"UTC, {window[0]:%d %b %Y}", fontsize=8, color=palette.muted, labelpad=4, loc="left", parse_math=False)
    axes.tick_params(colors=palette.muted, labelsize=8, length=3, width=0.6)
    axes.grid(axis="y", color=palette.line, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_facecolor(palette.ground)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(palette.line)


def _curve(axes: "Axes", series: Series, spec: MetricSpec, palette: Palette) -> None:
    times = [day_number(point.at) for point in series.points]
    values = [point.value for point in series.points]
    axes.plot(times, values, color=palette.bright, linewidth=1.6, marker="o" if len(values) == 1 else "", zorder=3)
    bad = [value if spec.is_bad(value) else float("nan") for value in values]
    axes.plot(times, bad, color=palette.anomaly, linewidth=2.0, marker="", zorder=4)


def _incident(axes: "Axes", window: Window, palette: Palette) -> None:
    axes.axvspan(day_number(window[0]), day_number(window[1]), color=palette.anomaly, alpha=palette.shade, linewidth=0, zorder=0)


def _threshold(axes: "Axes", spec: MetricSpec, palette: Palette) -> None:
    if spec.threshold is None:
        return
    axes.axhline(spec.threshold, color=palette.muted, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
    axes.annotate(
        printable(f"threshold {amount(spec.threshold, spec.unit)}"), (1, spec.threshold), xycoords=("axes fraction", "data"),
        xytext=(-2, 3), textcoords="offset points", ha="right", va="bottom", fontsize=8, color=palette.muted, parse_math=False,
        bbox={"facecolor": palette.ground, "edgecolor": "none", "pad": 0.8, "alpha": 0.8}, zorder=5,
    )  # fmt: skip


def _worst(axes: "Axes", series: Series, spec: MetricSpec, window: Window, palette: Palette) -> None:
    seen = course(series, spec, window)
    if seen is None or seen.worst.value == seen.normal:
        return
    x = day_number(seen.worst.at)
    left, right = axes.get_xlim()
    is_late = x > left + 0.7 * (right - left)
    axes.plot([x], [seen.worst.value], marker="o", markersize=4, color=palette.anomaly, zorder=6)
    axes.annotate(
        printable(f"{amount(seen.worst.value, spec.unit)} at {clock_time(seen.worst.at)}"), (x, seen.worst.value),
        xytext=(-6 if is_late else 6, 4 if seen.went_up else -11), textcoords="offset points",
        ha="right" if is_late else "left", fontsize=8, fontweight="bold", color=palette.anomaly, parse_math=False, zorder=7,
        bbox={"facecolor": palette.ground, "edgecolor": "none", "pad": 0.8, "alpha": 0.75},
    )  # fmt: skip
