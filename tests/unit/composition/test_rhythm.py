"""The rhythm language and the timing of beats."""

import numpy as np
import pytest

from diffecg.composition.intervals import MIN_INTERVAL_S, heart_rate_oscillation
from diffecg.composition.language import parse_rhythm
from diffecg.composition.rr_statistics import load_statistics, measure
from diffecg.composition.timing import Rhythm, check_beats
from diffecg.errors import DiffecgError


@pytest.mark.parametrize(
    ("text", "beats"),
    [
        ("N*3 V", "NNNV"),
        ("N", "N"),
        ("(N*2 V)*2 S", "NNVNNVS"),
        ("((N S)*2 V)*2", "NSNSVNSNSV"),
        ("bigeminy*2 trigeminy quadrigeminy", "NVNVNNVNNNV"),
        ("couplet N triplet", "VVNVVV"),
        ("salvo of 5 N", "VVVVVN"),
        ("salvo of 2*2", "VVVV"),
        ("atrial bigeminy*2 atrial salvo of 3 F", "NSNSSSSF"),
        ("  N*2\n  sinus ", "NNN"),
    ],
)
def test_the_language_is_parsed(text, beats):
    assert "".join(parse_rhythm(text)) == beats


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "the rhythm is empty"),
        ("()", "the rhythm is empty"),
        ("N*8 bigemny", "'bigemny' at character 5"),
        ("N*8 X", "'X' at character 5"),
        ("N*", "at the end of the rhythm"),
        ("N*0", "'0' at character 3"),
        ("N*many", "'many' at character 3"),
        ("N V)", "')' at character 4"),
        ("N (V", "'(' at character 3"),
        ("* N", "'*' at character 1"),
        ("salvo 5", "'5' at character 7"),
        ("salvo of", "at the end of the rhythm"),
        ("atrial N", "'N' at character 8"),
        ("(N*1000)*1000", "'1000' at character 10"),
        ("(N*100000)*100000", "'100000' at character 12"),
        ("(" * 1200 + "N" + ")" * 1200, "nested more than 50 deep"),
        ("N*" + "9" * 5000, "from 1 to 100,000"),
    ],
)
def test_errors_give_the_position(text, place):
    with pytest.raises(DiffecgError) as refused:
        parse_rhythm(text)
    assert place in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("rate", "sdnn_ms"), [(72.0, 40.0), (50.0, 120.0), (140.0, 10.0), (60.0, 0.0)])
def test_normal_intervals_have_the_given_mean_and_deviation(rate, sdnn_ms):
    beats = Rhythm("N*8 V N*12 S N*6", rate, sdnn_ms).beats(600, seed=3)
    times, labels = np.array([t for t, _ in beats]), np.array([label for _, label in beats])
    rr = np.diff(times)
    normal = (labels[:-1] == "N") & (labels[1:] == "N")
    assert rr[normal].mean() == pytest.approx(60 / rate, rel=2e-3)
    assert 1000 * rr[normal].std() == pytest.approx(sdnn_ms, abs=0.01 * sdnn_ms + 1e-6)
    period = parse_rhythm("N*8 V N*12 S N*6")
    assert labels.tolist() == [period[i % len(period)] for i in range(len(labels))]
    assert rr.min() >= MIN_INTERVAL_S
    assert 600 - times[-1] < 3 * 60 / rate


def test_ectopic_beats_come_early_and_pauses_compensate():
    beats = Rhythm("N*9 V N*9 S", 70, 0.0).beats(3000, seed=1)
    rr = np.diff([t for t, _ in beats]) * 70 / 60
    labels = np.array([label for _, label in beats])
    known = load_statistics()
    for label in "VS":
        at = np.flatnonzero(labels[1:-1] == label) + 1
        real = np.array(known.pairs[label])
        assert {round(x, 3) for x in rr[at - 1]} <= {round(x, 3) for x in real[:, 0]}
        assert np.median(rr[at - 1]) == pytest.approx(np.median(real[:, 0]), abs=0.06)
        assert np.median(rr[at - 1]) < 0.9
        assert np.median(rr[at]) > 1.05
        together = np.round(np.stack([rr[at - 1], rr[at]], axis=1), 3)
        assert {tuple(pair) for pair in together.tolist()} <= {tuple(pair) for pair in real.tolist()}


def test_the_same_seed_gives_the_same_beats():
    rhythm = Rhythm("like:208")
    assert rhythm.beats(60, seed=4) == rhythm.beats(60, seed=4)
    assert rhythm.beats(60, seed=4) != rhythm.beats(60, seed=5)


def test_a_random_rhythm_resembles_its_record():
    beats = Rhythm("like:119").beats(3600, seed=0)
    labels = [label for _, label in beats]
    follows = load_statistics("119").follows
    real = sum(sum(found.values()) for two, found in follows.items() if two[1] == "V")
    total = sum(sum(found.values()) for found in follows.values())
    assert labels.count("V") / len(labels) == pytest.approx(real / total, abs=0.05)
    assert not set(labels) - {"N", "V"}
    assert "VV" not in "".join(labels) or "VV" in follows


def test_the_heart_rate_oscillates_with_respiration():
    deviation = heart_rate_oscillation(600, 0.3, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(deviation)) ** 2
    hz = np.fft.rfftfreq(len(deviation), 0.25)
    low, high = (power[abs(hz - f) < 0.05].sum() for f in (0.1, 0.3))
    assert low / high == pytest.approx(0.5, rel=0.01)
    assert (low + high) / power.sum() > 0.999
    assert deviation.std() == pytest.approx(1)


def test_statistics_of_a_known_rhythm():
    rr = [1.0] * 12 + [0.6, 1.4] + [1.0] * 12 + [0.5, 0.4, 1.3] + [1.0] * 12
    labels = ["N"] * 13 + ["V"] + ["N"] * 13 + ["S", "S"] + ["N"] * 13
    found = measure([np.cumsum([0.0, *rr])], [labels])
    assert found.pairs == {"V": [[0.6, 1.4]]}
    assert found.runs == {"S": [0.4]}
    assert found.heart_rate == 60
    assert found.sdnn_ms == 0
    assert found.follows["NV"] == {"N": 1}
    assert found.follows["SS"] == {"N": 1}
    with pytest.raises(DiffecgError, match="no two consecutive beats are normal"):
        measure([np.array([0.0, 1.0])], [["V", "V"]])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"heart_rate": 10.0}, "heart rate 10 beats per minute must be between 20 and 250"),
        ({"heart_rate": float("nan")}, "heart rate nan"),
        ({"sdnn_ms": -1.0}, "SDNN -1 ms"),
        ({"respiration_hz": 0.0}, "respiration 0 Hz"),
    ],
)
def test_settings_out_of_range_are_refused(settings, words):
    with pytest.raises(DiffecgError, match=words):
        Rhythm("N", **settings).beats(10)


def test_invalid_lengths_and_unknown_records_are_refused():
    for length in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(DiffecgError, match="must be above 0"):
            Rhythm("N").beats(length)
    with pytest.raises(DiffecgError, match="no RR statistics of record '100'"):
        Rhythm("like:100").beats(10)  # 100 is in DS2, from which nothing is measured


def test_beats_that_are_too_close_are_refused():
    check_beats([(0.5, "N"), (0.7, "V")])
    with pytest.raises(
        DiffecgError, match=r"the beat V at 0.650 s follows the previous one after 0.150 s; .* 0.2 s"
    ):
        check_beats([(0.5, "N"), (0.65, "V")])
    with pytest.raises(DiffecgError, match="the shortest interval"):
        check_beats([(1.5, "N"), (0.65, "V")])


def test_the_shipped_statistics_are_reproduced(mitdb):
    from diffecg.datasets.label_maps import AAMI
    from diffecg.formats.wfdb_annotations import read_beats

    beats, classes = read_beats(mitdb / "119"), AAMI
    labels = np.array([classes.get(symbol, "?") for symbol in beats.symbol])
    kept = np.isin(labels, list("NSVF"))
    assert (
        measure([beats.sample[kept] / 360], [labels[kept].tolist()]).heart_rate
        == load_statistics("119").heart_rate
    )
