import numpy as np
import pytest

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.inference.lead_plan import plan_leads
from diffecg.signal.limb_leads import INDEPENDENT_LEADS, STANDARD_LEADS


def plan(names, leads=("standard",)):
    recording = Recording.from_arrays(np.zeros((len(names), 500)), 100.0, channel_names=names)
    return plan_leads(recording, leads, INDEPENDENT_LEADS)


def test_all_leads_that_are_not_recorded_are_wanted():
    found = plan(["V2", "I"])
    assert found.given == {"V2": 0, "I": 1}
    assert found.wanted == tuple(lead for lead in STANDARD_LEADS if lead not in ("I", "V2"))
    assert found.exact == ()


def test_two_limb_leads_determine_the_others_exactly():
    assert plan(["III", "aVF"]).exact == ("I", "II", "aVR", "aVL")


def test_a_limb_lead_is_wanted_with_those_that_it_follows_from():
    assert plan(["I"], ["aVF", "V1"]).wanted == ("II", "aVF", "V1")
    assert plan(["I", "II"], ["aVF"]).wanted == ("aVF",)
    assert plan(["V1"], ["III"]).wanted == ("I", "II", "III")


def test_a_modified_lead_counts_as_the_standard_one_and_is_remarked():
    found = plan(["MLII", "V1", "V"])
    assert found.given == {"II": 0, "V1": 1}
    assert "MLII is taken for lead II" in found.notes[0]
    assert found.notes[1].startswith("V not used")


@pytest.mark.parametrize(
    ("names", "leads", "message"),
    [
        (["ECG"], ["standard"], "name it after its lead"),
        (["aVL"], ["standard"], "only limb lead"),
        (["I"], ["V7"], "choose standard"),
        (["I", "II"], ["II"], "has II already"),
        (list(STANDARD_LEADS), ["standard"], "without --leads"),
    ],
)
def test_what_cannot_be_reconstructed_is_refused_with_a_way_out(names, leads, message):
    with pytest.raises(DiffecgError, match=message):
        plan(names, leads)
