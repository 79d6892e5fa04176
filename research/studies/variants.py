"""Variants of the preset ``beat`` in the ablation, each with one setting changed."""

from __future__ import annotations

UNET = ["network.kind=unet", "training.batch=32"]
LINEAR = ["diffusion.schedule=linear", "diffusion.prediction=epsilon"]

VARIANTS: dict[str, dict[str, list[str]]] = {
    "Repetition": {
        "as the preset": [],
        "another seed": ["training.seed=1"],
    },
    "Spectrogram or raw signal": {
        "without projection": ["transform.consistent=false"],
        "no whitening": ["transform.whitening=0"],
        "raw signal": ["transform.layout=signal"],
        "STFT of 16 points, hop 4": ["transform.n_fft=16", "transform.hop=4"],
        "STFT of 64 points, hop 16": ["transform.n_fft=64", "transform.hop=16"],
    },
    "Conditions": {
        "no morphologies": ["conditions.morphologies=0"],
        "generation only, no C1 and C2": ["training.tasks=[1,0,0]"],
    },
    "Schedule and prediction": {
        "less noise in training": ["diffusion.log_sigma_mean=-1"],
        "more noise in training": ["diffusion.log_sigma_mean=0", "diffusion.log_sigma_std=1.6"],
        "flow matching, logit-normal time": [
            "diffusion.prediction=flow",
            "diffusion.log_sigma_mean=0",
            "diffusion.log_sigma_std=1",
        ],
        "cosine schedule, v": ["diffusion.schedule=cosine", "diffusion.prediction=v"],
        "linear schedule, v": ["diffusion.schedule=linear", "diffusion.prediction=v"],
        "linear schedule, noise": LINEAR,
        "linear schedule to 0.0125, noise": [*LINEAR, "diffusion.beta_last=0.0125"],
        "linear schedule to 0.04, noise": [*LINEAR, "diffusion.beta_last=0.04"],
        "linear schedule from 1e-5, noise": [*LINEAR, "diffusion.beta_first=1e-5"],
    },
    "Network and training": {
        "U-Net, frequency bins as channels": UNET,
        "U-Net, raw signal": [
            *UNET,
            "network.width=24",
            "network.multipliers=[1,2,2,4,4]",
            "transform.layout=signal",
        ],
        "U-Net, 2-D image": [*UNET, "network.width=16", "transform.layout=image"],
        "wider": ["network.width=768", "network.hidden=1152"],
        "deeper": ["network.blocks=8"],
        "dropout 0": ["network.dropout=0"],
        "dropout 0.2": ["network.dropout=0.2"],
        "batch 32": ["training.batch=32"],
        "no weight averaging": ["training.ema_half_life=1"],
        "classes at their frequencies": ["training.balance=0"],
        "classes balanced": ["training.balance=1"],
        "gain 0.1": ["training.gain_log_std=0.1"],
    },
}
"""By table and name: the settings that differ from the preset."""

UNCONDITIONAL = {
    "conditioned on labels": ["conditions.morphologies=0"],
    "without labels": ["conditions.morphologies=0", "training.label_dropout=1"],
}
"""Compared with all classes pooled; both without morphologies, which are clusters within classes."""
