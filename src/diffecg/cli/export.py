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
    """Export a model of beats to an ONNX file that other programs run.

    Example: diffecg export mitbih-beat-fast --out beat.onnx

    The file of a model of beats holds everything from labels and random numbers to signals in mV:
    morphologies, network, noise levels, sampler, inverse STFT, normalisation; its metadata, the names of
    labels and leads, rate, licence and citation. ONNX Runtime runs it without diffecg and without PyTorch:
    docs/how-to/onnx.md has an example. With the noise of a seed it gives the beats of diffecg generate.

    Models of gaps (mitbih-strip, icu-strip), which need the search for analogues in the recording, and
    ecg-denoiser are not exported. Imputation by models of beats is not in the file either.

    Parameters
    ----------
    model:
        A bundled model, a model folder, or a model of the Hugging Face hub (organisation/name).
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
    from diffecg.inference.loading import load
    from diffecg.inference.onnx_export import export_model
    from diffecg.inference.options import SamplerOptions

    if out.suffix != ".onnx":
        raise DiffecgError(f"unknown suffix {out.suffix!r} of {out}; choose .onnx")
    check_output(out, force=force, is_folder=False)
    options = SamplerOptions(sampler=sampler, steps=steps)
    about = export_model(load(model), out, options=options, guidance=guidance)
    text = f"{out}: inputs {', '.join(about['inputs'])}; outputs {', '.join(about['outputs'])}"
    show({"out": str(out), **about}, text, as_json=json)
