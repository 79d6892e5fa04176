"""Composed recordings with statements, age and sex: over HTTP, and in the page."""

import numpy as np
import pytest
from pages import FAST, loaded, show, state
from servers import serving

LEADS = "ptbxl-beat"
REQUEST = {"text": "sinus rhythm", "model": LEADS, "options": {"minutes": 0.1}}


@pytest.fixture(scope="module")
def studio():
    """A running studio with a model of one lead and one of several."""
    with serving("--model", FAST, LEADS) as started:
        yield started


def test_a_recording_is_composed_under_statements_age_and_sex(studio):
    subject = {"statement": ["CLBBB"], "age": 71, "sex": "female"}
    job, _ = studio.result("compose", **REQUEST, subject=subject)
    composed = studio("GET", f"/api/recordings/{job['result_recording']}").json()
    assert len(composed["leads"]) == 12
    request = studio("GET", f"/api/jobs/{job['id']}").json()["request"]
    assert request["subject"] == {**subject, "height": None, "weight": None}
    plain, _ = studio.result("compose", **REQUEST)
    signals = [
        np.frombuffer(studio("GET", f"/api/recordings/{one['result_recording']}/signal").content, "<f4")
        for one in (job, plain)
    ]
    assert np.abs(signals[0] - signals[1]).max() > 0.1, "the subject changes the beats"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"subject": {"statement": ["LBBB"]}}, "did you mean CLBBB (complete left bundle branch block)"),
        ({"subject": {"age": 400}}, "age 400 must be 0 to 120"),
        ({"subject": {"sex": "unknown"}}, "sex"),
        ({"subject": {"age": 60}, "model": FAST}, "need a model with several labels, such as ptbxl-beat"),
    ],
)
def test_a_subject_that_the_model_cannot_have_is_refused(studio, body, words):
    answer = studio("POST", "/api/compose", json={**REQUEST, **body})
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert "diffecg info" not in answer.json()["detail"], "the page has no command line"


@pytest.mark.studio
def test_the_page_has_the_subject_where_the_model_has_it(page):
    show(page, f"/compose?model={FAST}&text=N&minutes=0.1")
    subject = page.get_by_role("group", name="Subject")
    assert subject.is_hidden()
    show(page, "/compose?text=N&minutes=0.1&age=71&sex=female")
    loaded(page)
    assert "composed by ptbxl-beat" in page.locator("#main .status").inner_text()
    page.get_by_label("Add a statement").select_option("CLBBB")
    page.get_by_label("Add a statement").select_option("AFIB")
    assert page.get_by_label("Statements").input_value() == "CLBBB, AFIB"
    assert state(page)["statements"] == "CLBBB, AFIB"
    page.get_by_role("button", name="Copy as code").click()
    code = page.locator("dialog.code").inner_text()
    assert 'conditions={"labels": "CLBBB+AFIB", "age": 71, "sex": 1}' in code
    assert "--statement CLBBB --statement AFIB --age 71 --sex female" in code


@pytest.mark.studio
def test_an_unknown_statement_is_said_so_at_its_field(page):
    show(page, f"/compose?model={LEADS}&text=N&minutes=0.1&statements=LBBB")
    page.wait_for_selector(".error")
    assert "CLBBB (complete left bundle branch block)" in page.locator(".error").inner_text()
    assert page.get_by_label("Statements").get_attribute("aria-invalid") == "true"
