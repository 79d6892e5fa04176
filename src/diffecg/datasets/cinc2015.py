"""The training set of the PhysioNet/CinC Challenge 2015: alarms of monitors in intensive care.

Clifford et al. (2015), Computing in Cardiology 42:273-276. Each of the 750 recordings has the five
minutes before an alarm, half of them also 30 s after it: two ECG leads, and one or two of PPG, arterial
pressure and respiration, at 250 Hz. Its header states the alarm and whether it was true. There are no subject
identifiers.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.subject_table import SubjectTable

LABEL_MAP = "cinc2015-alarms"
"""Name of the labels: the alarm, such as ``Asystole``, and ``True alarm`` or ``False alarm``."""


def subject_table(folder: RecordingFolder) -> SubjectTable:
    """Return the recordings with their labels; each counts as a subject of its own, whatever its folder.

    Args:
        folder: the recordings as released, or resampled under the same names.

    Raises:
        DiffecgError: the folder is missing or has no recordings.
    """
    names = folder.names()
    return SubjectTable(
        subjects={name: PurePosixPath(name).name for name in names},
        labels=folder.comments(names),
        label_map=LABEL_MAP,
    )
