"""Put a trained run into the package: weights rounded to 16 bits, settings, model card.

    python tools/bundle_model.py runs/mitbih-beat --prepare "diffecg prepare …" --train "diffecg train …"
    make report DATA=mitdb/

The second command measures the model and writes what it reaches into the card.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from diffecg.config.schema import Config
from diffecg.files import write_atomic
from diffecg.model.folder import WEIGHTS, load_model, save_model
from diffecg.training.checkpoints import read_metrics

MOST_BYTES = 12_000_000
PRETRAINED = Path(__file__).parents[1] / "src" / "diffecg" / "pretrained"

CARD = """---
license: odc-by
tags: [ecg, diffusion, synthetic-data]
---
# {name}

A conditional diffusion model of {what}, of diffecg {version}: an independent implementation of, and
beyond, DiffECG (arXiv 2306.01875), not by its authors.

**Not a medical device. Its output is synthetic and must not be used for diagnosis, for treatment, or
as evidence about any person.**

| | |
|---|---|
| Window | {length} samples at {fs:g} Hz ({seconds:.2f} s), leads: {leads} |
| Classes | {labels} |
| Tasks | generation, imputation, forecasting (shares in training {tasks}) |
| Network | {network}, {parameters:.1f} M parameters |
| Sampler | {sampler}, evaluations a sample: {steps} |
| Weights | 16-bit safetensors, {megabytes:.1f} MB, SHA-256 `{digest}` |

## Data

MIT-BIH Arrhythmia Database 1.0.0 (PhysioNet, doi:10.13026/C2F305), licence ODC-By 1.0. Moody GB, Mark
RG. The impact of the MIT-BIH Arrhythmia Database. IEEE Eng in Med and Biol 20(3):45-50 (2001).
Goldberger AL et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101(23):e215-e220 (2000).

Split `strict`: the first 48 s of every minute of each recording of de Chazal's DS1, without 201 (the same
patient as 202 in DS2) and without paced recordings. The other 12 s are validation. DS2 was never seen and
chose nothing. Class map: AAMI EC57.

## Training

```
{prepare}
{train}
```

Seed {seed}, {samples} windows (repeats included) in the last command, {minutes:.0f} minutes on one thread of
a two-core machine without GPU. Validation loss of the averaged weights: {validation:.4f}.

## What it reaches

Not measured yet: make report DATA=mitdb/

## Known limits

{limits}
"""

NETWORKS = {"unet": "U-Net over spectrogram frames", "dense": "dense, over the whole spectrogram"}

LIMITS = {
    "beat": "Half of DS1 was selected for rare events; prevalence is not clinical. F and S stand on few "
    "patients. One lead (MLII), one recorder. The window holds no RR interval, so that an S beat is "
    "known by its shape alone.",
    "strip": "Trained on two-lead Holter recordings of 21 people. A search for similar surroundings (best "
    "matches, above), from which it starts, is as near to the truth as the mean of its draws, and ahead in "
    "CRPS. Long gaps are filled a second at a time; where only two or three seconds came before, draws grow "
    "noisy and drift. Strips from nothing are far from real ones: QRS complexes are too low, and change "
    "from beat to beat.",
}


def main() -> None:
    """Read a run, write the model into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--prepare", required=True)
    parser.add_argument("--train", required=True, help="commands, one a line")
    options = parser.parse_args()
    model = load_model(options.run)
    folder = PRETRAINED / options.run.name
    folder.mkdir(exist_ok=True)
    save_model(folder, model.config, model.state_dict(), half=True)
    weights = (folder / WEIGHTS).read_bytes()
    if len(weights) > MOST_BYTES:
        raise SystemExit(f"{len(weights)} bytes are more than {MOST_BYTES}")
    last = [row for row in read_metrics(options.run) if "validation_loss" in row][-1]
    parameters = sum(p.numel() for p in model.parameters()) / 1e6
    facts = {"parameters": parameters, "weights": weights, "last": last}
    write_atomic(folder / "README.md", card(folder.name, model.config, facts, options).encode())
    print(folder)


def card(name: str, config: Config, facts: dict, options: argparse.Namespace) -> str:  # type: ignore[type-arg]
    """Return the model card."""
    from diffecg import __version__

    window, last = config.window, facts["last"]
    beat = window.kind == "beat"
    return CARD.format(
        name=name,
        version=__version__,
        what="single labelled heartbeats" if beat else "ten-second strips of any one lead",
        length=window.length,
        fs=window.fs_hz,
        seconds=window.duration_s,
        leads=", ".join(window.leads) if beat else "any, one at a time",
        labels=", ".join(config.labels) or "none",
        tasks=", ".join(f"{share:g}" for share in config.training.tasks),
        network=NETWORKS[config.network.kind],
        parameters=facts["parameters"],
        sampler=config.diffusion.sampler,
        steps=config.diffusion.steps,
        megabytes=len(facts["weights"]) / 1e6,
        digest=hashlib.sha256(facts["weights"]).hexdigest(),
        prepare=options.prepare,
        train=options.train,
        seed=config.training.seed,
        samples=int(last["samples"]),
        minutes=last["seconds"] / 60,
        validation=last["validation_loss"],
        limits=LIMITS[window.kind],
    )


if __name__ == "__main__":
    main()
