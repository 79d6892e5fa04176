"""Command-line text becomes typed options."""

import numpy as np
import pytest

from diffecg.cli.parsing import parse_interval, parse_noise, split_words
from diffecg.composition.noise import NoiseInterval
from diffecg.errors import DiffecgError
from diffecg.signal.masks import Interval


def test_gaps_are_pairs_of_seconds():
    assert parse_interval("12.0:12.8") == Interval(start_s=12.0, stop_s=12.8)


@pytest.mark.parametrize("text", ["12", "a:b", "1:2:3", "", "noon"])
def test_other_text_is_not_a_gap(text):
    with pytest.raises(DiffecgError, match=r"start:stop in seconds, such as 12\.0:12\.8"):
        parse_interval(text)


def test_noise_is_kind_snr_and_times():
    assert parse_noise("em:6") == NoiseInterval(kind="em", snr_db=6.0, start_s=0.0, stop_s=np.inf)
    assert parse_noise("bw:-3:60:120") == NoiseInterval(kind="bw", snr_db=-3.0, start_s=60.0, stop_s=120.0)


@pytest.mark.parametrize(
    "text", ["em", "xx:6", "em:six", "em:6:1", "em:6:9:3", "em:900", "em:6:-1:5", "em:nan", "em:6:1:nan"]
)
def test_other_text_is_not_noise(text):
    with pytest.raises(DiffecgError, match="noise"):
        parse_noise(text)


def test_words_are_separated_by_commas():
    assert split_words("flat, clipped,") == ("flat", "clipped")
