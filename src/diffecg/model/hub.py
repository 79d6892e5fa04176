"""Model folders on the Hugging Face hub, as ``organisation/name`` or ``organisation/name@revision``.

Only files of a model folder are downloaded, to the cache of huggingface_hub; none of them contains code.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from diffecg._version import __version__
from diffecg.errors import DiffecgError, one_line
from diffecg.extras import require
from diffecg.model.files import CARD, CONFIG, WEIGHTS

_PART = r"[A-Za-z0-9][\w.-]*"
_NAME = re.compile(rf"{_PART}/{_PART}(@.+)?", re.ASCII)
_LIBRARY = {"library_name": "diffecg", "library_version": __version__}


def is_hub_name(name: str) -> bool:
    """Return whether a text may be the name of a model on the hub."""
    return _NAME.fullmatch(name) is not None


def download(name: str) -> Path:
    """Return the folder of a model of the hub in the cache, after downloading what is not there.

    Without a network, or with the environment variable HF_HUB_OFFLINE, it is the folder that was downloaded
    last.

    Args:
        name: ``organisation/name``; a branch, tag or commit follows after ``@``.

    Raises:
        DiffecgError: there is no such model, it is not one of diffecg, or it cannot be downloaded;
            huggingface_hub is not installed.
    """
    hub, errors = _import_hub()
    repository, _, revision = name.partition("@")
    try:
        folder = Path(
            hub.snapshot_download(
                repository, revision=revision or None, allow_patterns=[CONFIG, WEIGHTS, CARD], **_LIBRARY
            )
        )
    except errors.GatedRepoError:
        raise DiffecgError(
            f"the model {repository} of the hub is given on request: ask on its page, then hf auth login"
        ) from None
    except errors.RepositoryNotFoundError:
        raise DiffecgError(
            f"no model {repository} on the hub, and no such folder; check the name, or, where it is private, "
            "hf auth login"
        ) from None
    except errors.RevisionNotFoundError:
        raise DiffecgError(f"the model {repository} of the hub has no revision {revision!r}") from None
    except (errors.HTTPError, OSError, ValueError, RuntimeError) as error:
        raise DiffecgError(
            f"no folder {name}, and the model {name} of the hub cannot be downloaded and is not in the cache "
            f"({one_line(error)}); connect to the network, without HF_HUB_OFFLINE, or give a folder"
        ) from error
    missing = [file for file in (CONFIG, WEIGHTS) if not (folder / file).is_file()]
    if missing:
        raise DiffecgError(
            f"{name} of the hub is not a model of diffecg: it has no {' and no '.join(missing)}"
        )
    return folder


def upload(folder: Path, name: str, *, private: bool, token: str | None) -> str:
    """Upload a model folder to the hub, and return its address.

    Args:
        folder: the folder.
        name: ``organisation/name``; it is created if it does not exist.
        private: whether a model that is created is private.
        token: access token; None: that of ``hf auth login`` or of the environment variable HF_TOKEN.

    Raises:
        DiffecgError: the name is not valid, or the hub refuses or cannot be reached; huggingface_hub is not
            installed.
    """
    if not is_hub_name(name) or "@" in name:
        raise DiffecgError(f"{name!r} is not a name of the hub; give organisation/name")
    hub, errors = _import_hub()
    api = hub.HfApi(token=token, **_LIBRARY)
    try:
        address = api.create_repo(name, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=name,
            folder_path=folder,
            allow_patterns=[CONFIG, WEIGHTS, CARD],
            commit_message=f"Upload a model of diffecg {__version__}",
        )
    except (errors.HTTPError, OSError, ValueError, RuntimeError) as error:
        raise DiffecgError(
            f"{name} cannot be uploaded to the hub ({one_line(error)}); hf auth login with a token that may "
            "write, or save the model as a folder"
        ) from error
    return str(address)


def _import_hub() -> tuple[Any, Any]:
    """Return the modules ``huggingface_hub`` and ``huggingface_hub.errors``."""
    return require("huggingface_hub", "hub"), require("huggingface_hub.errors", "hub")
