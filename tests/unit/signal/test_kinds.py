"""The registry of signal kinds."""

import numpy as np
import pytest

from diffecg.errors import DiffecgError
from diffecg.signal.channel_kinds import channel_kind
from diffecg.signal.kinds import KINDS, SignalKind, register_kind, signal_kind
from diffecg.signal.lead_names import lead_name
from diffecg.signal.simulation import simulate_ecg
from diffecg.signal.units import normalise_unit, unit_ratio


@pytest.fixture
def kinds():
    """The registry, which is as before after the test."""
    before = dict(KINDS)
    yield KINDS
    KINDS.clear()
    KINDS.update(before)


def invented(**changes):
    fields = {"name": "lactate", "words": r"lac\w*", "unit": "mM", "plausible": (0.0, 30.0)}
    return SignalKind(**{**fields, "steps_per_unit": 1000, "smallest_sd": 0.01, **changes})


def test_a_registered_kind_is_recognised_before_others(kinds):
    assert channel_kind("Lactate", "mM") == "other"
    register_kind(invented())
    assert channel_kind("Lactate", "mM") == "lactate"
    assert signal_kind("lactate").unit == "mM"
    register_kind(invented(name="skin conductance", words="eda"))
    assert channel_kind("EDA", "uS") == "skin conductance"
    with pytest.raises(DiffecgError, match="a signal kind lactate already"):
        register_kind(invented())


def test_an_unknown_kind_is_an_error_that_names_the_kinds():
    with pytest.raises(DiffecgError, match=r"unknown signal kind 'pulse'; choose one of ecg, .*pressure"):
        signal_kind("pulse")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plausible": (0.0, 40.0)}, "must fit in 32767 steps of 1/1000 mM"),
        ({"plausible": (-40.0, 1.0)}, "must fit in 32767 steps"),
        ({"plausible": (3.0, 3.0)}, "must not be empty"),
        ({"steps_per_unit": 0}, "must fit"),
        ({"events": "pulses"}, "together, or neither"),
        ({"find_events": lambda *_: np.empty(0, dtype=np.int64)}, "together, or neither"),
        ({"rate_per_min": (1.0, 2.0)}, "rate_per_min is given, but no events"),
        ({"words": "lac("}, r"no regular expression \(.*unterminated"),
    ],
)
def test_a_kind_whose_fields_contradict_each_other_is_refused(changes, message):
    with pytest.raises(DiffecgError, match=message):
        invented(**changes)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_kinds_are_stated_in_canonical_units(kind):
    assert normalise_unit(kind.unit) == kind.unit
    assert unit_ratio(kind.unit, kind.unit) == 1
    low, high = kind.plausible
    assert kind.smallest_sd < high - low


def test_an_ecg_is_kept_in_microvolts_and_recognised_by_its_lead():
    ecg = signal_kind("ecg")
    assert (ecg.unit, ecg.steps_per_unit) == ("mV", 1000)
    assert not any(ecg.names(word) for word in ("ECG", "II", "V5", ""))
    assert not any(kind.names(lead) for kind in KINDS.values() for lead in ("V5", "aVR") if lead_name(lead))


def test_the_events_of_an_ecg_are_its_beats():
    simulated = simulate_ecg(20.0, 250.0)
    found = signal_kind("ecg").find_events(simulated.signal_mv, 250.0)
    assert len(found) == len(simulated.sample)
    assert np.abs(found - simulated.sample).max() <= 2
