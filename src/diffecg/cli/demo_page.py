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
        "The coloured samples were masked. Sixteen draws from the posterior give a mean and a nominal "
        "90 % prediction interval; the dashed line shows the masked samples. The strip is simulated and "
        "unlike the training data.",
        'model = diffecg.load("mitbih-strip")\nimputation = model.impute(signal_mv, fs_hz=100, draws=16)',
    ),
    (
        "forecast.png",
        "Forecast: the next heartbeats",
        "The model is conditioned on the past only. Each draw is one possible continuation; the mean is "
        "smooth where the draws disagree on the time of a beat.",
        "forecast = model.forecast(past_mv, fs_hz=100, horizon_s=2.0, draws=16)",
    ),
)


def write_page(folder: Path, models: list[Model], seed: int) -> None:
    """Write ``index.html`` with the figures in ``folder``."""
    parts = ['<p class="note">All signals are synthetic. diffecg is not a medical device.</p>']
    for name, title, text, code in _SECTIONS:
        parts.append(
            f"<h2>{escape(title)}</h2><p>{escape(text)}</p>"
            f"{picture((folder / name).read_bytes(), title)}<pre>{escape(code)}</pre>"
        )
    used = ", ".join(
        f"{model.name} ({model.config.diffusion.sampler}, {model.config.diffusion.steps} steps)"
        for model in models
    )
    footer = (
        f"diffecg {__version__}; {used}; seed {seed}. "
        "Trained on the MIT-BIH Arrhythmia Database (ODC-By 1.0), recordings of DS1 only."
    )
    (folder / "index.html").write_text(page("diffecg: three tasks, one model", parts, footer))
