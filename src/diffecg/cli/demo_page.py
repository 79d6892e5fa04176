"""The page of ``diffecg demo``: one file with its pictures inside."""

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
        "Every trace is a heartbeat that nobody had. The label was given, the beat was drawn.",
        'model = diffecg.load("mitbih-beat")\nbeats = model.generate(label="V", count=256, seed=0)',
    ),
    (
        "gap.png",
        "Impute: a gap with its uncertainty",
        "The stretch in colour was hidden. Sixteen draws give a mean and a band that should hold nine "
        "tenths of them; the dashed line is what was hidden. The strip is simulated, "
        "wave by wave, and like no recording that the model has seen.",
        'model = diffecg.load("mitbih-strip")\nfilled = model.impute(signal_mv, fs_hz=100, draws=16)',
    ),
    (
        "forecast.png",
        "Forecast: the next heartbeats",
        "Only the past was shown. Every draw is one way in which it may go on; their mean blurs where "
        "they do not agree on its time.",
        "ahead = model.forecast(past_mv, fs_hz=100, horizon_s=2.0, draws=16)",
    ),
)


def write_page(folder: Path, models: list[Model], seed: int) -> None:
    """Write ``index.html`` with the pictures that lie in ``folder``."""
    parts = ['<p class="note">All of this is synthetic ECG. diffecg is not a medical device.</p>']
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
