"""``diffecg export``: a network as ONNX."""

from __future__ import annotations

from pathlib import Path

from diffecg.cli.console import Force, Json, show
from diffecg.errors import DiffecgError


def export(model: str, /, *, out: Path, force: Force = False, json: Json = False) -> None:
    """Export the network of a model to ONNX.

    Example: diffecg export mitbih-beat-fast --out beat.onnx

    The batch size is free. STFT, noise schedule and sampler are not exported; docs/benchmarks/speed.md
    describes inputs and output of the network. To sample with ONNX Runtime, use the flag --engine onnx of
    generate, impute, denoise and forecast instead.

    Parameters
    ----------
    model:
        A bundled model, a model folder, or a model of the Hugging Face hub (organisation/name).
    out:
        File to write, with the suffix .onnx.
    """
    from diffecg.files import check_output
    from diffecg.inference.loading import load
    from diffecg.model.onnx import INPUTS, OUTPUT, export_onnx

    if out.suffix != ".onnx":
        raise DiffecgError(f"unknown suffix {out.suffix!r} of {out}; choose .onnx")
    check_output(out, force=force, is_folder=False)
    export_onnx(load(model).denoiser, out)
    result = {"out": str(out), "inputs": list(INPUTS), "outputs": [OUTPUT]}
    show(result, f"{out}: inputs {', '.join(INPUTS)}; output {OUTPUT}", as_json=json)
