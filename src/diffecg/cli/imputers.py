"""The flags that choose what imputes and forecasts: the search for analogues, or a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import Parameter

from diffecg.cli.console import use_threads
from diffecg.inference.options import SamplerOptions

if TYPE_CHECKING:
    from diffecg.formats.recording import Recording
    from diffecg.inference.imputer import Imputer
    from diffecg.inference.model import Model

ECG_MODEL, MONITOR_MODEL = "mitbih-strip", "icu-strip"
"""The models where none is named: of ECG, and of other signals beside it."""
MONITOR_KINDS = {"ppg", "pressure", "respiration"}
LEAD_MODEL = "ptbxl-beat"
"""The model that reconstructs leads where none is named."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ImputerFlags(SamplerOptions):
    """The engine, and the model, sampler and device of the diffusion engine."""

    engine: Literal["diffusion", "analogues"] = "diffusion"
    """diffusion (by a model) or analogues (segments of the recording with similar surroundings, without a
    model)."""
    model: str | None = None
    """A bundled model, a model folder, or a model of the Hugging Face hub (organisation/name), for the
    diffusion engine; default: mitbih-strip, or icu-strip where PPG, pressure or respiration is named by
    --lead, or is in the recording and none is named; with --leads ptbxl-beat."""
    threads: int | None = None
    """Number of CPU threads of the model; default: chosen by PyTorch."""
    device: str = "cpu"
    """Device of the model: cpu or cuda."""
    backend: str = "torch"
    """What computes the model: torch, or onnx (ONNX Runtime, faster on one thread; the first use exports the
    network)."""

    def load(self, recording: Recording | None = None, leads: Sequence[str] = ()) -> Imputer:
        """Return the search for analogues, or the model.

        Args:
            recording: the recording to impute or forecast, whose signals choose the model where none is
                named; None: one of ECG.
            leads: the signals to impute or forecast; empty: any.

        Raises:
            DiffecgError: options of the other engine; an unknown model.
        """
        from diffecg.errors import DiffecgError

        if self.engine == "diffusion":
            return _load_model(self, self.model or default_model(recording, leads))
        given = {"model": self.model, "sampler": self.sampler, "steps": self.steps}
        for name, value in given.items():
            if value is not None:
                raise DiffecgError(
                    f"--{name} {value} is of the diffusion engine; leave it out, or --engine analogues"
                )
        from diffecg.inference.analogue_imputer import AnalogueImputer

        return AnalogueImputer()

    def load_lead_model(self) -> Model:
        """Return the model that reconstructs leads.

        Raises:
            DiffecgError: the other engine; an unknown model.
        """
        from diffecg.errors import DiffecgError
        from diffecg.inference.loading import load

        if self.engine != "diffusion":
            raise DiffecgError(
                f"--engine {self.engine} imputes gaps from the lead itself; leads are reconstructed by the "
                "diffusion engine"
            )
        use_threads(self.threads)
        return load(self.model or LEAD_MODEL, self.device, engine=self.backend).with_sampling(self)


def default_model(recording: Recording | None, leads: Sequence[str]) -> str:
    """Return the name of the model for some signals of a recording, by their kinds."""
    channels = list(() if recording is None else recording.channels)
    if recording is not None and leads:
        channels = [channels[recording.find_channel(lead)] for lead in leads]
    kinds = {channel.signal_kind for channel in channels}
    return MONITOR_MODEL if kinds & MONITOR_KINDS else ECG_MODEL


@cache
def _load_model(flags: ImputerFlags, name: str) -> Imputer:
    """Return a model on the device of the flags, with their sampler."""
    from diffecg.inference.gap_model import GapModel
    from diffecg.inference.imputer_loading import load_imputer
    from diffecg.inference.model import Model

    use_threads(flags.threads)
    imputer = load_imputer(name, flags.device, engine=flags.backend)
    return imputer.with_sampling(flags) if isinstance(imputer, Model | GapModel) else imputer


def check_recordings(recordings: Sequence[Path], command: str) -> None:
    """Check that no model is named as the first recording, as version 0.1 took it.

    Raises:
        DiffecgError: it is.
    """
    from diffecg import pretrained
    from diffecg.errors import DiffecgError

    for path in recordings[:1]:
        if (str(path) in pretrained.names() and not path.exists()) or (path / "model.safetensors").is_file():
            raise DiffecgError(
                f"{path} is a model, not a recording; give it as diffecg {command} --model {path} RECORDING"
            )
