"""Label maps: which label a window has under the annotations at its R peak.

A code is the symbol of a beat, such as ``V``, or a rhythm, which begins with a parenthesis as in the field
``aux_note`` of WFDB annotations: ``(AFIB``. A rhythm is in effect until the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from diffecg.choices import choices
from diffecg.datasets.label_map_files import read_codes
from diffecg.datasets.labels import UNKNOWN, sort_labels
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import BEAT_SYMBOLS, RHYTHM, Beats, beats_of, rhythms_at
from diffecg.formats.recording import Recording

RHYTHMS = ("N", "AFIB", "AFL", "B", "T", "SVTA", "VT", "VFL", "BII", "NOD", "P", "PREX", "SBR", "IVR", "AB")
"""The rhythms of the MIT-BIH databases: sinus rhythm, atrial fibrillation and flutter, ventricular bigeminy
and trigeminy, supraventricular and ventricular tachycardia, ventricular flutter, second-degree block, nodal
rhythm, paced rhythm, pre-excitation, sinus bradycardia, idioventricular rhythm, atrial bigeminy."""
LABEL_MAP, LABEL_MAP_CODES = "label_map", "label_map_codes"
"""Keys of the provenance: name of the label map; and, if it is from a file, the label of each code."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelMap(Mapping[str, str]):
    """The label of each annotation code; codes that are not in the map are labelled ``?``.

    Raises:
        DiffecgError: some codes are beats, and others rhythms.
    """

    name: str
    """Name of a built-in map, or of the file."""
    codes: Mapping[str, str]
    """Label of each code."""
    is_built_in: bool = False

    def __post_init__(self) -> None:
        """Raise DiffecgError if the map mixes beats and rhythms."""
        rhythms = [code for code in self.codes if code.startswith(RHYTHM)]
        beats = [code for code in self.codes if not code.startswith(RHYTHM)]
        if rhythms and beats:
            raise DiffecgError(
                f"the label map {self.name} mixes beats ({beats[0]!r}) and rhythms ({rhythms[0]!r}); a "
                "window is labelled by its beat or by its rhythm, so use two maps"
            )

    def __getitem__(self, code: str) -> str:
        """Return the label of a code."""
        return self.codes[code]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the codes."""
        return iter(self.codes)

    def __len__(self) -> int:
        """Return the number of codes."""
        return len(self.codes)

    @property
    def of_rhythms(self) -> bool:
        """Whether windows are labelled by their rhythm, and not by their beat."""
        return any(code.startswith(RHYTHM) for code in self.codes)

    @property
    def beat_symbols(self) -> frozenset[str]:
        """Symbols of annotations that count as beats: PhysioNet's, and the codes of the map."""
        return BEAT_SYMBOLS.union(self.codes)

    def beats(self, recording: Recording) -> Beats:
        """Return the annotated beats of a recording of one rate; samples are those of its channels."""
        return beats_of(recording.annotations, recording.fs_hz, recording.samples, self.beat_symbols)

    def labels(self, recording: Recording, beats: Beats) -> Shaped[np.ndarray, " beat"]:
        """Return the label of each beat of a recording.

        Args:
            recording: the recording, of one rate.
            beats: beats at samples of its channels.
        """
        codes = beats.symbol.tolist()
        if self.of_rhythms:
            codes = rhythms_at(recording.annotations, beats.sample, recording.fs_hz)
        return np.array([self.get(code, UNKNOWN) for code in codes], dtype=np.str_)

    def notes(self, found: Collection[str]) -> list[str]:
        """Return a note if no window has a label of the map, or, of a user's map, if none has some of them.

        Args:
            found: labels of the windows.
        """
        lacking = [label for label in sort_labels(self.codes.values()) if label not in found]
        if len(lacking) == len(set(self.codes.values())):
            return [f"no beat has a code of the label map {self.name}, so that all labels are unknown"]
        if self.is_built_in or not lacking:
            return []
        return [f"no window has the label {', '.join(lacking)} of the label map {self.name}"]

    def provenance(self) -> dict[str, Any]:
        """Return the name of the map and, if it is from a file, the map itself."""
        name = {LABEL_MAP: self.name}
        return name if self.is_built_in else {**name, LABEL_MAP_CODES: dict(self.codes)}


def label_map(name: str | Path) -> LabelMap:
    """Return a built-in label map by its name, or the one in a file.

    Args:
        name: ``aami``, ``aami-escape-s``, ``symbols``, ``rhythm``, or a CSV or JSON file.

    Raises:
        DiffecgError: neither a built-in map nor a file has this name; the file is not a label map.
    """
    if str(name) in LABEL_MAPS:
        return LABEL_MAPS[str(name)]
    path = Path(name)
    if not path.is_file():
        raise DiffecgError(
            f"unknown label map {str(name)!r}; give an existing CSV or JSON file of codes and labels, or "
            + choices(name, LABEL_MAPS)
        )
    return LabelMap(name=path.name, codes=read_codes(path))


def _by_label(name: str, symbols: Mapping[str, str]) -> LabelMap:
    """Return a built-in map from the symbols of each label."""
    codes = {symbol: label for label, of_label in symbols.items() for symbol in of_label}
    return LabelMap(name=name, codes=codes, is_built_in=True)


AAMI = _by_label("aami", {"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"})
"""The classes of ANSI/AAMI EC57."""
AAMI_ESCAPE_S = _by_label("aami-escape-s", {"N": "NLR", "S": "AaJSej", "V": "VE", "F": "F", "Q": "/fQ"})
"""A common variant that labels escape beats (e, j) S instead of N."""
SYMBOLS = _by_label("symbols", {symbol: symbol for symbol in sorted(BEAT_SYMBOLS)})
"""Each symbol of a beat is its own label."""
RHYTHM_NAMES = LabelMap(name="rhythm", codes={f"{RHYTHM}{name}": name for name in RHYTHMS}, is_built_in=True)
"""Each rhythm of the MIT-BIH databases is a label, without its parenthesis."""
LABEL_MAPS: Mapping[str, LabelMap] = {one.name: one for one in (AAMI, AAMI_ESCAPE_S, SYMBOLS, RHYTHM_NAMES)}
"""The built-in label maps by name."""
