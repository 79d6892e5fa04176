"""``diffecg card``: the description of a set that is shared."""

from __future__ import annotations

from pathlib import Path

from diffecg.cli.console import Json, show


def card(
    folder: Path, /, *, licence: str | None = None, creator: str | None = None, json: Json = False
) -> None:
    """Write README.md and croissant.json into a folder, to share it as a data set.

    Example: diffecg card beats/

    The folder is one that prepare, generate, compose, augment or bulk wrote, or one with a file of windows
    (.parquet, .csv) that generate wrote. README.md is a data set card of the Hugging Face hub; croissant.json
    lists files and columns in the form of MLCommons Croissant. Both state licence, sources, what made the
    set, and that synthetic ECG is not for diagnosis. docs/how-to/share-data.md shows how sets are loaded.

    Parameters
    ----------
    folder:
        The folder; an earlier README.md and croissant.json in it are replaced.
    licence:
        Licence of the set by its name on the hub, such as cc-by-4.0. Default: that of the database that it
        was prepared from, or of the bundled model that generated it.
    creator:
        Name of the person who made the set, which Croissant requires of published sets.
    """
    from diffecg.integrations.dataset_card import write_cards

    about = write_cards(folder, licence=licence, creator=creator)
    stated = about["licence"] or "not stated; set --licence"
    show(about, f"{folder}: {', '.join(about['files'])}; licence {stated}", as_json=json)
