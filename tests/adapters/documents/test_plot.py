"""The plot of one metric: its sentence is computed, its labels stand apart, and odd data does not break it."""

import struct
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.documents import Event, metric_plot
from app.adapters.documents.plot import draw
from app.adapters.documents.plot_labels import chosen, rows
from app.domain.series import Bad, MetricKind, MetricSpec, Point, Series
from tests.adapters.documents.story import SPEC, at, series

WINDOW = (at(0), at(14))
EVENTS = [Event(at(-2), "change E3", "change"), Event(at(0.5), "alert T1"), Event(at(14.5), "recovered T16", "recovered")]


def test_the_alternative_text_says_what_happened_in_numbers() -> None:
    _, alt = metric_plot(series(), SPEC, EVENTS, WINDOW)
    assert alt == (
        "error_ratio of checkout rose from 0.24 % to 31 % at 03:12 UTC, 2 min after change E3; "
        "it was back on the good side of the 5 % threshold at 03:26 UTC"
    )


def test_a_fall_is_told_as_a_fall() -> None:
    spec = MetricSpec("orders", MetricKind.RATE, "orders/min", bad=Bad.BELOW, threshold=20)
    points = tuple(Point(at(minute), 60 if minute < 0 else 4) for minute in range(-10, 10))
    _, alt = metric_plot(Series("shop", spec, points), spec, [], (at(0), at(9)))
    assert alt == (
        "orders of shop fell from 60 orders/min to 4 orders/min at 03:12 UTC; "
        "it was still below the 20 orders/min threshold at the last point"
    )


def test_no_points_give_no_picture_and_say_so() -> None:
    png, alt = metric_plot(replace(series(), points=()), SPEC, EVENTS, WINDOW)
    assert png == b""
    assert alt == "No points of error_ratio of checkout between 03:12 UTC and 03:26 UTC"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_png_is_twice_640_pixels_wide(theme: str) -> None:
    png, _ = metric_plot(series(), SPEC, EVENTS, WINDOW, "dark" if theme == "dark" else "light")
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">I", png[16:20])[0] == 1280


def test_both_themes_differ_and_the_svg_loads_nothing() -> None:
    light, dark = (draw(series(), SPEC, EVENTS, WINDOW, theme=theme, form="svg") for theme in ("light", "dark"))
    assert b"#1c1f23" in dark.lower()
    assert b"#1c1f23" not in light.lower()
    assert b"<script" not in light
    assert b"<image" not in light


@pytest.mark.parametrize("count", [1, 2])
def test_a_few_points_and_a_flat_line_are_drawn(count: int) -> None:
    spec = MetricSpec("up", MetricKind.GAUGE)
    flat = Series("shop", spec, tuple(Point(at(minute), 0.0) for minute in range(count)))
    png, alt = metric_plot(flat, spec, [Event(at(0), "alert T1")], (at(0), at(1)))
    assert png.startswith(b"\x89PNG")
    assert alt == "up of shop stayed at 0 from 03:12 UTC to 03:13 UTC"


def test_values_that_are_no_numbers_are_left_out() -> None:
    gaps = tuple(Point(at(minute), float("nan" if minute % 2 else "inf")) for minute in range(5))
    told = replace(series(), points=(*series().points, *(Point(at(30 + n), float("nan")) for n in range(3))))
    assert metric_plot(replace(series(), points=gaps), SPEC, [], WINDOW)[0] == b""
    png, alt = metric_plot(told, SPEC, [], WINDOW)
    assert png.startswith(b"\x89PNG")
    assert "rose from 0.24 % to 31 %" in alt


def test_names_with_formulas_and_foreign_letters_are_drawn_as_they_are() -> None:
    spec = replace(SPEC, name="$x^{2}$ \U0001f525 \u6f22")
    png, _ = metric_plot(Series("$\\frac", spec, series().points), spec, [Event(at(1), "$\\alert", "alert")], WINDOW)
    assert png.startswith(b"\x89PNG")


def test_only_the_most_telling_events_are_kept() -> None:
    many = [Event(at(minute), f"approved T{minute}", "approval") for minute in range(20)] + [Event(at(30), "alert T40")]
    kept = chosen(many, 9)
    assert len(kept) == 9
    assert kept[-1].label == "alert T40"


@given(st.lists(st.tuples(st.floats(0, 600), st.floats(10, 150)), min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_no_label_covers_another_and_none_leaves_the_plot(labels: list[tuple[float, float]]) -> None:
    boxes = rows([tick for tick, _ in labels], [width for _, width in labels], 620.0)
    for row in {box.row for box in boxes}:
        placed = sorted((box.left, box.right) for box in boxes if box.row == row)
        assert all(a[1] <= b[0] for a, b in pairwise(placed))
    assert all(box.right <= 620.001 or box.left == box.tick for box in boxes)
