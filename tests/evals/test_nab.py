"""The benchmark's scorer agrees with its definition, and the detector with the number it is known for."""

import numpy as np
import pytest

from app.analysis.novelty import Detector
from tests.evals.nab import DATA, curve, detections, load, thresholds_of

WINDOWS = [(200, 299), (600, 699)]


def score_of(*rows: int) -> float:
    scores = np.zeros(1000)
    scores[list(rows)] = 0.5
    return float(curve([detections(scores.tolist(), WINDOWS)], np.array([0.5]), "standard")[0])


def test_silence_is_zero_perfection_is_a_hundred_and_a_false_alarm_costs_its_weight() -> None:
    assert score_of() == 0
    assert score_of(200, 600) == pytest.approx(100)
    assert score_of(200, 250, 299, 600, 640) == pytest.approx(100)
    assert score_of(200, 600, 160) == pytest.approx(100 - 100 * 0.11 / 4)
    assert score_of(200, 600, 999) == pytest.approx(100 - 100 * 0.11 / 4, abs=0.1)
    assert score_of(10, 200, 600) == pytest.approx(100)
    assert 50 < score_of(200, 690) < 95


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="the benchmark's series are not beside the project")
def test_one_setting_scores_well_on_all_series_of_the_benchmark_at_hand() -> None:
    found = [detections(Detector().score(each.times, each.values), each.windows) for each in load()]
    thresholds = thresholds_of(found)
    assert curve(found, thresholds, "standard").max() > 72
    assert curve(found, thresholds, "low FP").max() > 66
