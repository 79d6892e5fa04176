"""``python -m research detectors``: detectors of heartbeats trained on real and on composed recordings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg._version import __version__
from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.model.finding import find_model
from research.studies.command import Out, publish, run_study
from research.studies.detector_options import DetectorOptions
from research.studies.detector_study import Study
from research.studies.detector_tables import choose_thresholds, detector_tables


def detectors(
    *,
    mitdb: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")],
    svdb: Annotated[Path, Parameter(help="MIT-BIH Supraventricular Arrhythmia Database.")],
    nstdb: Annotated[Path, Parameter(help="MIT-BIH Noise Stress Test Database.")],
    out: Out,
    options: Annotated[DetectorOptions, Flat] = DetectorOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Train a detector of heartbeats on real recordings, on composed ones and on both; test on new subjects.

    Example: python -m research detectors --mitdb mitdb/ --svdb svdb/ --nstdb nstdb/ --out studies/detectors

    All arms have the same network, number of steps, noise, speeds and polarities. Thresholds are chosen on
    held-out recordings of DS1. Tested on DS2 and on all of svdb, beside public detectors of R peaks.
    """
    use_threads(threads)
    study = Study(mitdb=mitdb, svdb=svdb, nstdb=nstdb, folder=out, options=options)
    settings = asdict(options)
    del settings["seeds"]  # the same command with more seeds continues
    about = {
        "study": "detectors",
        "settings": settings,
        "recordings": {folder.name: RecordingFolder(folder).names() for folder in (mitdb, svdb)},
        "models": {name: find_model(name).weights_sha256 for name in options.models},
        "diffecg": __version__,
    }
    chosen = run_study(out, about, study.choice_cells())
    thresholds = choose_thresholds(chosen, options)
    results = run_study(out, about, study.test_cells(thresholds)) if options.seeds else {}
    tables = detector_tables({**chosen, **results}, options, thresholds)
    publish(out, "Detectors of heartbeats", tables, {}, as_json=json)
