"""The cells of the study of detectors: training and testing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from diffecg.composition.detector_set import DetectorSet, write_detector_set
from diffecg.composition.language import BEAT_LABELS
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.splits import SPLITS, Split
from diffecg.files import CARD, new_folder, read_json
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from research.models.noisy_windows import Partition, read_noise
from research.rivals.r_peak_detectors import DETECTORS
from research.studies.detection_scores import count_detections
from research.studies.detector_network import (
    FS_HZ,
    BeatDetector,
    Detections,
    concatenate,
    detect,
    train_detector,
)
from research.studies.detector_options import (
    ARMS,
    CLEAN,
    DS2,
    HELD_OUT,
    OTHER_DATABASE,
    THRESHOLDS,
    DetectorOptions,
    choice_name,
    condition_name,
    test_name,
)
from research.studies.detector_windows import (
    BeatRecording,
    WindowSource,
    read_beat_recordings,
    with_recorded_noise,
)
from research.studies.grid import Cell


@dataclass(frozen=True, kw_only=True)
class Study:
    """The data of the study."""

    mitdb: Path
    svdb: Path
    nstdb: Path
    folder: Path
    options: DetectorOptions

    def choice_cells(self) -> list[Cell]:
        """Return the cells of trainings without the held-out recordings of DS1, and of public detectors."""
        return [
            *(
                Cell(choice_name(arm, seed), partial(self._choice, arm, seed))
                for seed in range(self.options.choice_seeds)
                for arm in ARMS
            ),
            *(Cell(f"choice, {name}", partial(self._choice_public, name)) for name in DETECTORS),
        ]

    def test_cells(self, thresholds: Mapping[str, float]) -> list[Cell]:
        """Return the cells of the tests."""
        return [
            *(
                Cell(test_name(arm, seed), partial(self._test, arm, seed, thresholds[arm]))
                for seed in range(self.options.seeds)
                for arm in ARMS
            ),
            *(Cell(name, partial(self._test_public, name)) for name in DETECTORS),
        ]

    def _choice_public(self, name: str) -> dict[str, Any]:
        return {HELD_OUT: self._public_counts(name, self._held_out, "validation")}

    def _choice(self, arm: str, seed: int) -> dict[str, Any]:
        """Return the counts on the held-out recordings of DS1 at each threshold."""
        detector = self._train(arm, seed, self._split("development").train)
        found = partial(detect, detector, threshold=THRESHOLDS[0])
        return {HELD_OUT: self._counts(found, self._held_out, "validation", THRESHOLDS)}

    def _test_public(self, name: str) -> dict[str, Any]:
        return {test: self._public_counts(name, sets, "test") for test, sets in self._tests.items()}

    def _test(self, arm: str, seed: int, threshold: float) -> dict[str, Any]:
        detector = self._train(arm, seed, self._split("strict").train)
        found = partial(detect, detector, threshold=threshold)
        return {
            test: self._counts(found, recordings, "test", (threshold,))
            for test, recordings in self._tests.items()
        }

    def _train(self, arm: str, seed: int, names: Sequence[str]) -> BeatDetector:
        """Return a detector that is trained on recordings of mitdb, on composed ones, or on both."""
        options, parts = self.options, ARMS[arm]
        noises = read_noise(self.nstdb, FS_HZ, "train")
        sources = []
        for part, read in zip(
            parts, (partial(self._real, names), partial(self._composed, seed)), strict=True
        ):
            if part:
                recordings = [one.at_rate_of_detector() for one in read()]
                sources.append((options.batch * part // sum(parts), WindowSource(recordings, noises)))
        return train_detector(
            lambda rng: concatenate([source.draw(count, rng) for count, source in sources]),
            len(BEAT_LABELS),
            steps=options.steps,
            seed=seed,
        )

    def _real(self, names: Sequence[str]) -> list[BeatRecording]:
        return read_beat_recordings(self.mitdb, names)

    def _composed(self, seed: int) -> list[BeatRecording]:
        options = self.options
        wanted = DetectorSet(
            models=options.models, count=options.recordings, duration_s=60 * options.minutes, seed=seed
        )
        recordings = read_detector_set(self.folder / "composed" / str(seed), wanted)
        return [BeatRecording.of(one, one.name) for one in recordings]

    @cached_property
    def _held_out(self) -> list[BeatRecording]:
        return read_beat_recordings(self.mitdb, self._split("development").test)

    @cached_property
    def _tests(self) -> dict[str, list[BeatRecording]]:
        svdb = RecordingFolder(self.svdb).names()
        return {
            DS2: read_beat_recordings(self.mitdb, self._split("strict").test),
            OTHER_DATABASE: read_beat_recordings(self.svdb, svdb),
        }

    def _split(self, name: str) -> Split:
        """Return a split of the recordings of mitdb that there are."""
        return SPLITS[name].restricted(RecordingFolder(self.mitdb).names())

    def _public_counts(
        self, name: str, recordings: Sequence[BeatRecording], partition: Partition
    ) -> dict[str, Any]:
        """Return the counts of a public detector, which finds R peaks without types."""
        counts: dict[str, Any] = {}
        for condition, noisy in self._conditions(recordings, partition):
            peaks = np.sort(DETECTORS[name](noisy.signal_mv[0], noisy.fs_hz))
            found = count_detections(noisy, peaks / noisy.fs_hz, np.zeros(len(peaks), dtype=np.int64))
            counts.setdefault(condition, []).append(found.tolist())
        return counts

    def _counts(
        self,
        find: Callable[..., Detections],
        recordings: Sequence[BeatRecording],
        partition: Partition,
        thresholds: Sequence[float],
    ) -> dict[str, Any]:
        """Return the counts of a trained detector by threshold, condition and recording."""
        counts: dict[str, Any] = {f"{threshold:g}": {} for threshold in thresholds}
        for condition, noisy in self._conditions(recordings, partition):
            found = find(noisy.at_rate_of_detector().signal_mv[0])
            for threshold in thresholds:
                kept = found.probability >= threshold
                matrix = count_detections(noisy, found.time_s[kept], found.types[kept])
                counts[f"{threshold:g}"].setdefault(condition, []).append(matrix.tolist())
        return counts

    def _conditions(
        self, recordings: Sequence[BeatRecording], partition: Partition
    ) -> Iterator[tuple[str, BeatRecording]]:
        """Yield the first lead of each recording, clean and with each noise at each level."""
        noises = {
            fs_hz: read_noise(self.nstdb, fs_hz, partition) for fs_hz in {one.fs_hz for one in recordings}
        }
        for recording in recordings:
            yield CLEAN, recording
            for kind in self.options.noises:
                for snr_db in self.options.snrs_db:
                    noise_mv = noises[recording.fs_hz][kind][0]
                    yield condition_name(kind, snr_db), with_recorded_noise(recording, noise_mv, snr_db)


def read_detector_set(folder: Path, wanted: DetectorSet) -> list[Recording]:
    """Return the recordings of a set, which are composed and written if the folder does not exist."""
    if not folder.exists():
        with new_folder(folder) as new:
            write_detector_set(new, wanted.compose(), asdict(wanted))
    return [read_recording(folder / name) for name in read_json(folder / CARD)["recordings"]]
