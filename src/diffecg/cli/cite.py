"""``diffecg cite``: what to cite for a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diffecg.cli.console import Json, show, show_notes


def cite(result: str | None = None, /, *, bibtex: bool = False, json: Json = False) -> None:
    """Print what to cite for a result: the software, the papers of its methods, and the data behind it.

    Example: diffecg cite imputed/

    diffecg cite beats.npz --bibtex > references.bib

    Parameters
    ----------
    result:
        A folder or file that diffecg wrote, also a report of evaluate, its data card (card.json), or the name
        of a bundled model.
        Default: none; the software, and the paper that it implements.
    bibtex:
        Print BibTeX entries.
    """
    from diffecg.citations import unknown_models, works_for

    card = {} if result is None else _read_card(result)
    works = works_for(card)
    show_notes(f"cite the data that {model} was trained on, too" for model in unknown_models(card))
    text = "\n\n".join(work.bibtex if bibtex else work.text for work in works)
    show({work.key: work.bibtex if bibtex else work.text for work in works}, text, as_json=json)


def _read_card(result: str) -> dict[str, Any]:
    """Return the data card of a result.

    Raises:
        DiffecgError: there is no such result, or it has no card.
    """
    from diffecg import pretrained
    from diffecg.choices import choices
    from diffecg.datasets.formats.registry import read_windows
    from diffecg.errors import DiffecgError
    from diffecg.evaluation.html import REPORT
    from diffecg.files import CARD, read_json

    path = Path(result)
    if not path.exists():
        names = (*pretrained.names(), pretrained.DENOISER)
        if result not in names:
            raise DiffecgError(
                f"no file or folder {result}, and no bundled model of that name; "
                f"give a result that diffecg wrote, or {choices(result, names, intro='one of')}"
            )
        return {"model": result}
    if path.is_dir() and (path / CARD).is_file():
        return dict(read_json(path / CARD))
    if path.is_dir() and (path / REPORT).is_file():
        about = read_json(path / REPORT).get("about", {})
        return {**about, **about.get("synthetic", {})}
    if path.suffix == ".json":
        return dict(read_json(path))
    return dict(read_windows(path).info)
