"""What the README and the bundled models say is so."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from helpers import peak_width
from huggingface_hub import ModelCard

import diffecg
from diffecg import pretrained
from diffecg.cli.app import main
from research.docs.results_page import fill, results_page
from research.models.card_fields import card_fields

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", pretrained.names())
def test_bundled_models_are_those_of_their_cards(name):
    folder = pretrained.find(name)
    weights = (folder / "model.safetensors").read_bytes()
    assert len(weights) <= 12 * 1024**2
    card = (folder / "README.md").read_text()
    assert hashlib.sha256(weights).hexdigest() in card
    of_database = (
        ("CC BY 4.0", "Wagner", "folds") if name == "ptbxl-beat" else ("ODC-By 1.0", "Moody", "strict")
    )
    for word in (
        *of_database,
        "diffecg (train|distill)",
        "Not a medical device",
        "reference|linear|baseline",
    ):
        assert re.search(word, card), word


def test_the_fields_of_the_cards_are_those_of_models_and_reports():
    card_fields(check=True)


@pytest.mark.parametrize("name", [*pretrained.names(), pretrained.DENOISER])
def test_the_hub_reads_the_cards(name):
    card = ModelCard.load(pretrained.folder(name) / "README.md", ignore_metadata_errors=False)
    assert card.data.library_name == "diffecg"
    assert card.data.license == ("cc-by-4.0" if name == "ptbxl-beat" else "odc-by")
    assert set(card.data.datasets) <= {"mitdb", "svdb", "nstdb", "ptb-xl", "challenge-2015"}
    assert card.data.pipeline_tag == ("time-series-forecasting" if name.endswith("-strip") else None)
    results = card.data.eval_results or []
    assert bool(results) == (name != pretrained.DENOISER)
    assert card.data.model_name == (name if results else None)
    for result in results:
        # The tables of the card are made from the same reports by other functions.
        assert f"{result.metric_value:.3f}".removeprefix("0") in card.text, result.metric_name


def test_the_bundled_weights_are_small_together():
    assert sum(path.stat().st_size for path in pretrained.folder("").rglob("*.safetensors")) < 60e6


def test_reports_are_of_the_bundled_weights():
    reports = ROOT / "docs" / "reports"
    found = {}
    for path in reports.glob("*/*.json"):
        about = json.loads(path.read_text())["about"]
        models = about.get("models") or {about["synthetic"]["model"]: about["synthetic"]}
        digests = {name: model["weights_sha256"] for name, model in models.items() if "engine" not in model}
        found.update({(name, path.stem): digest for name, digest in digests.items()})
    assert {name for name, _ in found} == set(pretrained.names())
    for (name, report), digest in found.items():
        weights = (pretrained.find(name) / "model.safetensors").read_bytes()
        assert hashlib.sha256(weights).hexdigest() == digest, (name, report)
        card = (pretrained.find(name) / "README.md").read_text()
        assert (reports / f"{name}.md").read_text().split("\n\n")[1] in card


def test_the_tables_of_results_are_those_of_the_reports():
    results_page(check=True)


def test_a_changed_figure_in_a_table_of_results_is_found():
    assert "| 0.065 |" in README
    assert fill(README.replace("| 0.065 |", "| 0.064 |")) == README


def test_links_of_the_documentation_lead_somewhere():
    for page in (ROOT / "docs").rglob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert target.startswith("http") or (page.parent / target).exists(), (page.name, target)


def test_bundled_beats_look_like_their_class():
    model = diffecg.load("mitbih-beat")
    normal = model.generate("N", 24, seed=100).signal_mv[:, 0]
    wide = model.generate("V", 24, seed=100).signal_mv[:, 0]
    assert np.median(peak_width(wide)) > 1.4 * np.median(peak_width(normal))
    assert np.all(np.abs(normal).max(axis=1) < 6)


def test_the_readme_is_one_page():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len(code.strip().splitlines()) <= 14
    assert "pip install ." in "\n".join(README.splitlines()[:10])
    assert len(README.splitlines()) <= 110


def test_readme_links_and_words():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
    for word in (
        "2306.01875",
        "not affiliated",
        "Not a medical device",
        "pip install .",
        "make demo",
        "make test",
    ):
        assert word in README


def test_demo_needs_nothing_but_the_package(tmp_path, capsys, monkeypatch):
    import socket

    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the demo wants a network"))
    main(["demo", "--out", str(tmp_path / "demo")])
    main(["demo", "--out", str(tmp_path / "demo"), "--seed", "1"])
    page = Path(re.findall(r"(?m)^open (.*)$", capsys.readouterr().out)[-1])
    text = page.read_text()
    assert text.count("data:image/png;base64,") == 3
    assert "not a medical device" in text
    assert not re.search(r'(src|href)="http', text)
    assert sorted(p.name for p in page.parent.iterdir()) == [
        ".diffecg",
        "beats.png",
        "forecast.png",
        "gap.png",
        "index.html",
    ]


def test_torch_is_pinned_to_one_version():
    pins = (ROOT / "constraints.txt").read_text()
    locked = (ROOT / "requirements.lock").read_text()
    (pinned,) = re.findall(r"(?m)^torch==([\d.]+)", pins)
    assert re.findall(r"(?m)^torch==([\d.]+)", locked) == [pinned]
    assert not re.search(r"^(torchvision|torchaudio|nvidia)", pins, re.M)
