"""Puts the names of events above a plot, in as many rows as it takes for none to cover another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from app.adapters.documents.plot_finding import Event

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW = 13.0  # points between two rows of labels
_GAP = 5.0  # pixels between two labels of one row, at 100 dots per inch
_RANK = {"alert": 0, "change": 1, "recovered": 2, "run": 3, "verdict": 4, "approval": 5}


class Colours(Protocol):
    """The colours of a theme that labels need."""

    @property
    def ground(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def muted(self) -> str: ...
    @property
    def anomaly(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Box:
    """Where a label stands: its tick, its left and right edge in pixels, and its row (0 lies right above the plot)."""

    tick: float
    left: float
    right: float
    row: int


def rows(ticks: Sequence[float], widths: Sequence[float], edge: float, gap: float = _GAP) -> list[Box]:
    """A box for each label so that no two overlap and no leader line runs through a label, as far as the right `edge`
    allows. `ticks` are in order of time.
    """
    placed: list[Box] = []
    for tick, width in sorted(zip(ticks, widths, strict=True), reverse=True):
        left = min(tick, edge - width)
        right = left + width
        touching = [box.row for box in placed if box.left < right + gap and left < box.right + gap]
        crossing = [box.row for box in placed if left - gap < box.tick < right + gap]
        row = max([*touching, *crossing], default=-1) + 1
        placed.append(Box(tick, left, right, row))
    return placed[::-1]


def chosen(events: Sequence[Event], most: int) -> list[Event]:
    """The `most` events that fit, the telling kinds first, in order of time; one label for things of the same name and moment."""
    unique = list(dict.fromkeys(events))
    kept = sorted(unique, key=lambda event: (_RANK.get(event.kind, 9), event.at))[:most]
    return sorted(kept, key=lambda event: event.at)


def place_events(figure: "Figure", axes: "Axes", events: Sequence[Event], palette: Colours, most: int) -> None:
    """Draws a tick and a label for each of at most `most` events and makes the figure taller to hold them."""
    shown = chosen(events, most)
    if not shown:
        return
    times = [day_number(event.at) for event in shown]
    texts = [printable(event.label[:28]) for event in shown]
    boxes = rows(
        [_pixel(axes, x) for x in times], [_width(figure, text) for text in texts], axes.bbox.x1, _GAP * figure.dpi / 100
    )
    _make_room(figure, axes, max(box.row for box in boxes) + 1)
    for event, x, text, box in zip(shown, times, texts, boxes, strict=True):
        colour = _colour(event, palette)
        height = (box.row * _ROW + 5) / 72 * figure.dpi
        axes.plot([x, x], [0, 1 + height / axes.bbox.height], transform=axes.get_xaxis_transform(), color=colour, linewidth=0.8,
                  alpha=0.7, linestyle=(0, (1, 1.5)), clip_on=False, zorder=1)  # fmt: skip
        axes.annotate(
            text, ((box.left - axes.bbox.x0) / axes.bbox.width, 1), xycoords="axes fraction", xytext=(0, box.row * _ROW + 5),
            textcoords="offset points", ha="left", va="bottom", fontsize=8, color=palette.text, annotation_clip=False,
            parse_math=False, bbox={"facecolor": palette.ground, "edgecolor": "none", "pad": 0.6}, zorder=8,
        )  # fmt: skip


def day_number(moment: datetime) -> float:
    """Days since 1970, the unit of matplotlib's time axes."""
    return moment.timestamp() / 86400


def printable(text: str) -> str:
    """`text` with characters the plot's font lacks replaced, so that no box is drawn."""
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont("DejaVu Sans"))
    return "".join(char if font.get_char_index(ord(char)) else "?" for char in text)


def _pixel(axes: "Axes", x: float) -> float:
    return float(axes.transData.transform((x, 0))[0])


def _width(figure: "Figure", text: str) -> float:
    probe = figure.text(0, 0, text, fontsize=8, parse_math=False)
    width = float(probe.get_window_extent().width)
    probe.remove()
    return width


def _make_room(figure: "Figure", axes: "Axes", count: int) -> None:
    place = axes.get_position()
    wide, high = figure.get_size_inches()
    taller = high + (count * _ROW + 4) / 72
    figure.set_size_inches(wide, taller)
    axes.set_position((place.x0, place.y0 * high / taller, place.width, place.height * high / taller))


def _colour(event: Event, palette: Colours) -> str:
    if event.kind == "recovered":
        return "#009E73"
    return palette.anomaly if event.kind == "alert" else palette.muted
