"""``diffecg export``: a model as ONNX."""

from __future__ import annotations

from pathlib import Path

from diffecg.cli.console import Force, Json, show
from diffecg.errors import DiffecgError


def export(
    model: str,
    /,
    *,
    out: Path,
    sampler: str | None = None,
    steps: int | None = None,
    guidance: float = 1.0,
    force: Force = False,
    json: Json = False,
) -> None:
    """Export a model of beats, or the denoiser, to an ONNX file that other programs run.

    Example: diffecg export mitbih-beat-fast --out beat.onnx

    diffecg export ecg-denoiser --out denoiser.onnx

    ONNX Runtime runs the file without diffecg and without PyTorch: docs/how-to/onnx.md has examples. Its
    metadata state names, rate, licence and citation.

    The file of a model of beats holds everything from labels and random numbers to signals in mV:
    morphologies, network, noise levels, sampler, inverse STFT, normalisation. With the noise of a seed it
    gives the beats of diffecg generate.

    That of ecg-denoiser holds everything from a noisy signal at 200 Hz, of any length, and the mask of its
    noisy samples to the clean signal and the half width of its 90 % interval. Resampling, missing samples
    and blocks of long signals (20 s of noise with 10 s on either side) are left to the caller.

    Models of gaps (mitbih-strip, icu-strip), which need the search for analogues in the recording, are not
    exported. Imputation by models of beats is not in the file either.

    Parameters
    ----------
    model:
        A bundled model, ecg-denoiser included, a model folder, or a model of the Hugging Face hub
        (organisation/name).
    out:
        File to write, with the suffix .onnx.
    sampler:
        ddpm, ddim, heun or dpm2m; default: the model's own.
    steps:
        Sampling steps; default: the model's own.
    guidance:
        Scale of classifier-free guidance; 1: none.
    """
    from diffecg.files import check_output
    from diffecg.inference.denoising import bundled_denoiser
    from diffecg.inference.loading import load
    from diffecg.inference.onnx_export import export_denoiser, export_model
    from diffecg.inference.options import SamplerOptions
    from diffecg.pretrained import DENOISER

    if out.suffix != ".onnx":
        raise DiffecgError(f"unknown suffix {out.suffix!r} of {out}; choose .onnx")
    check_output(out, force=force, is_folder=False)
    options = SamplerOptions(sampler=sampler, steps=steps)
    if model != DENOISER:
        about = export_model(load(model), out, options=options, guidance=guidance)
    elif (options, guidance) == (SamplerOptions(), 1):
        about = export_denoiser(bundled_denoiser(), out)
    else:
        raise DiffecgError(f"{model} does not sample; leave --sampler, --steps and --guidance out")
    text = f"{out}: inputs {', '.join(about['inputs'])}; outputs {', '.join(about['outputs'])}"
    show({"out": str(out), **about}, text, as_json=json)
