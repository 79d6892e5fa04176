"""``python -m research``: repeat the studies and benchmarks, and make the models and figures, of diffecg."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App, Group, Parameter

from diffecg.cli.app import run

app = App(
    name="python -m research",
    help=(
        "Repeat the studies and benchmarks of diffecg, and make its models and figures.\n\n"
        "Most commands need windows: diffecg prepare mitdb --from mitdb/ --preset beat --out beats/. "
        "A study that was interrupted continues where it stopped when the same command is run again."
    ),
    result_action="return_value",
    default_parameter=Parameter(negative="", consume_multiple=True),
    suppress_keyboard_interrupt=False,
)
COMMANDS = {
    "Studies": (
        "research.studies.generators:generators",
        "research.studies.augmentation:augmentation",
        "research.studies.ablation:ablation",
        "research.studies.transfer:transfer",
        "research.studies.leads:leads",
        "research.studies.fine_tuning:fine_tuning",
        "research.studies.guidance:guidance",
        "research.studies.anomaly:anomaly",
        "research.studies.beat_models:beat_models",
        "research.studies.detectors:detectors",
        "research.studies.personalisation:personalisation",
        "research.studies.pretraining:pretraining",
        "research.studies.prematurity:prematurity",
        "research.studies.sharing:sharing",
    ),
    "Benchmarks": (
        "research.benchmarks.composition:composition",
        "research.benchmarks.composed_set:compose_set",
        "research.benchmarks.denoising:denoising",
        "research.benchmarks.artefacts:artefacts",
        "research.benchmarks.adversarial:adversarial",
        "research.benchmarks.streaming:streaming",
        "research.benchmarks.imputation_networks:imputation_networks",
        "research.benchmarks.twelve_leads.command:twelve_leads",
        "research.benchmarks.twelve_leads.command:twelve_leads_baselines",
        "research.benchmarks.lead_beats:lead_beats",
        "research.benchmarks.lead_reconstruction:lead_reconstruction",
        "research.benchmarks.monitors:monitors",
        "research.benchmarks.monitor_networks:monitor_networks",
    ),
    "Models": (
        "research.models.bundle:bundle_model",
        "research.models.report:report_models",
        "research.models.report_leads:report_leads",
        "research.models.report_monitors:report_monitors",
        "research.models.report_beat_models:report_beat_models",
        "research.models.card_fields:card_fields",
        "research.models.train_encoder:train_encoder",
        "research.models.train_denoiser:train_denoiser",
        "research.models.learn_rr_statistics:learn_rr_statistics",
        "research.models.learn_composition_statistics:learn_composition_statistics",
        "research.models.learn_population:learn_population",
    ),
    "Documentation": (
        "research.docs.readme_figure:readme_figure",
        "research.docs.lead_sheets:lead_sheets",
        "research.docs.results_page:results_page",
        "research.docs.studio_screenshots:studio_screenshots",
        "research.docs.gallery:gallery",
    ),
}
"""By group of the help: import paths, imported when a command runs or help is shown."""
for _position, (_name, _paths) in enumerate(COMMANDS.items()):
    _group = Group(_name, sort_key=_position)
    for _path in _paths:
        app.command(_path, group=_group)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("--help", "-h"):
        for name in app:
            app[name]  # import the commands, whose docstrings are the help
    run(app, words)


if __name__ == "__main__":
    main()
