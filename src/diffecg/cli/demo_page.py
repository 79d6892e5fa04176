"""The page of ``diffecg demo``: one file with its pictures inside."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from diffecg._version import __version__

if TYPE_CHECKING:
    from diffecg.tasks.model import Model

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

_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; color: #16213a; background: #fbfaf8; margin: 0; }
main { max-width: 1080px; margin: 0 auto; padding: 2rem 1.2rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { margin: 2.6rem 0 .3rem; font-size: 1.2rem; }
img { width: 100%; height: auto; border: 1px solid #e6dede; border-radius: 6px; background: #fff; }
pre { background: #eef1f6; padding: .7rem 1rem; border-radius: 6px; overflow-x: auto; }
.note { border-left: 4px solid #b3261e; padding: .2rem .9rem; background: #fff3f2; }
footer { margin-top: 3rem; color: #5a6275; font-size: .9rem; }
"""


def write_page(folder: Path, models: list[Model], seed: int) -> None:
    """Write ``index.html`` with the pictures that lie in ``folder``."""
    parts = []
    for name, title, text, code in _SECTIONS:
        picture = b64encode((folder / name).read_bytes()).decode()
        parts.append(
            f"<h2>{escape(title)}</h2><p>{escape(text)}</p>"
            f'<img alt="{escape(title)}" src="data:image/png;base64,{picture}">'
            f"<pre>{escape(code)}</pre>"
        )
    used = ", ".join(
        f"{model.name} ({model.config.diffusion.sampler}, {model.config.diffusion.steps} steps)"
        for model in models
    )
    (folder / "index.html").write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>diffecg demo</title><style>{_STYLE}</style></head><body><main>"
        "<h1>diffecg: three tasks, one model</h1>"
        '<p class="note">All of this is synthetic ECG. diffecg is not a medical device.</p>'
        f"{''.join(parts)}"
        f"<footer>diffecg {__version__}; {escape(used)}; seed {seed}. "
        "Trained on the MIT-BIH Arrhythmia Database (ODC-By 1.0), records of DS1 only.</footer>"
        "</main></body></html>\n"
    )
