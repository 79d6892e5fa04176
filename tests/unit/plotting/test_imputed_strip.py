"""The figure of an imputed signal: levels of signals that have them, and other signals at the same times."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from diffecg.plotting.signals import Companion, ImputedStrip, imputed_strip

FS_HZ = 100.0


def strip(unit, companions=(), level=90.0):
    signal = level + 30 * np.sin(np.arange(700) / 10)
    observed = np.ones(700, dtype=bool)
    observed[300:400] = False
    return ImputedStrip(
        signal=signal,
        lower=signal - 5,
        upper=signal + 5,
        observed=observed,
        fs_hz=FS_HZ,
        unit=unit,
        companions=companions,
    )


def level_texts(axis):
    return [text.get_text() for text in axis.texts]


def test_pressure_has_levels_and_an_ecg_has_none():
    (pressure,) = imputed_strip(strip("mmHg"), "ABP").axes
    levels = np.array(level_texts(pressure), dtype=float)
    assert len(levels) >= 2
    assert np.ptp(np.diff(levels)) == 0
    assert set(levels % (levels[1] - levels[0])) == {0.0}
    assert pressure.get_ylim()[0] <= levels.min() < levels.max() <= pressure.get_ylim()[1]
    (ecg,) = imputed_strip(strip("mV", level=0.0), "II").axes
    assert level_texts(ecg) == []


@pytest.mark.parametrize("zoom", [1.0, 2.0])
def test_companions_are_below_the_strip_at_the_same_times(zoom):
    gap = np.where(np.arange(700) < 350, np.nan, 1.0)
    companions = [Companion(name="II", signal=np.arange(700.0)), Companion(name="PLETH", signal=gap)]
    figure = imputed_strip(strip("mmHg", companions), "ABP", zoom=zoom)
    above, *below = figure.axes
    assert [level_texts(axis) for axis in below] == [["II"], ["PLETH"]]
    boxes = [axis.get_position() for axis in (above, *below)]
    for upper, lower in zip(boxes, boxes[1:], strict=False):
        assert lower.y1 <= upper.y0
        assert (lower.x0, lower.x1) == (upper.x0, upper.x1)
    assert boxes[-1].y0 > 0
    assert all(axis.get_xlim() == above.get_xlim() for axis in below)
    assert np.allclose(below[0].lines[0].get_xdata(), np.arange(700) / FS_HZ)
    with_none = imputed_strip(strip("mmHg"), "ABP", zoom=zoom)
    heights = [one.axes[0].get_position().height * one.get_figheight() for one in (figure, with_none)]
    assert heights[0] == pytest.approx(heights[1]), "the scale of the strip is the same"


@pytest.mark.parametrize("seconds", [4, 7])
@pytest.mark.parametrize("zoom", [1.0, 2.0])
def test_the_legend_and_the_scale_of_the_paper_do_not_overlap(seconds, zoom):
    whole = strip("mV", level=0.0)
    short = [values[: seconds * 100] for values in (whole.signal, whole.lower, whole.upper, whole.observed)]
    signal, lower, upper, observed = short
    figure = imputed_strip(
        replace(
            whole,
            signal=signal,
            lower=lower,
            upper=upper,
            observed=observed,
            truth=signal,
            mean=signal,
            draws=[signal],
        ),
        "II",
        zoom=zoom,
    )
    renderer = FigureCanvasAgg(figure).get_renderer()
    legend = figure.axes[0].get_legend().get_window_extent(renderer)
    (scale,) = [text for text in figure.texts if "mm/s" in text.get_text()]
    box = scale.get_window_extent(renderer)
    assert not legend.overlaps(box)
    assert legend.x0 >= 0
    assert box.y0 >= 0
