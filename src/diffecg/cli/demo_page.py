"""The page of ``diffecg demo``: one HTML file with embedded figures."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from diffecg._version import __version__
from diffecg.evaluation.html import page, picture

if TYPE_CHECKING:
    from diffecg.inference.model import Model

_SECTIONS = (
    (
        "beats.png",
        "Generate: labelled heartbeats",
        "Every trace is a synthetic beat. The model is conditioned on the label.",
        'model = diffecg.load("mitbih-beat")\nbeats = model.generate(label="V", count=256, seed=0)',
    ),
    (
        "gap.png",
        "Impute: a gap with its uncertainty",
        "The coloured samples were masked. Each of the sixteen draws starts from a segment of the recording "
        "with similar surroundings; an ECG that represents them is written. The shaded 90 % prediction "
        "interval is calibrated on real recordings; the dashed line shows the masked samples. The recording "
        "is simulated.",
        'imputer = diffecg.load_imputer("mitbih-strip")\nimputation = imputer.impute(signal_mv, fs_hz=250)',
    ),
    (
        "forecast.png",
        "Forecast: the next heartbeats",
        "Only the past is used. Each draw is one possible continuation; their mean is smooth where they "
        "disagree on the time of a beat.",
        "forecast = imputer.forecast(past_mv, fs_hz=250, horizon_s=2.0)",
    ),
)


def write_page(folder: Path, model: Model, seed: int) -> None:
    """Write ``index.html`` with the figures in ``folder``."""
    parts = ['<p class="note">All signals are synthetic. diffecg is not a medical device.</p>']
    for name, title, text, code in _SECTIONS:
        parts.append(
            f"<h2>{escape(title)}</h2><p>{escape(text)}</p>"
            f"{picture((folder / name).read_bytes(), title)}<pre>{escape(code)}</pre>"
        )
    diffusion = model.config.diffusion
    used = f"beats by {model.name} ({diffusion.sampler}, {diffusion.steps} steps)"
    footer = (
        f"diffecg {__version__}; {used}; seed {seed}. "
        "Trained on the MIT-BIH Arrhythmia Database (ODC-By 1.0), recordings of DS1 only."
    )
    (folder / "index.html").write_text(page("diffecg: three tasks", parts, footer))
