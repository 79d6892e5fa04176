"""Libraries that only the service needs."""

from __future__ import annotations

from importlib.util import find_spec

from diffecg.errors import DiffecgError

EXTRAS = {
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
    "plotly": "plotly",
    "prometheus_client": "prometheus-client",
    "python_multipart": "python-multipart",
}
"""Modules of the extra ``serve`` and the packages that hold them."""


def require_serve() -> None:
    """Check that the whole extra is there.

    Raises:
        DiffecgError: a library is not installed.
    """
    lacking = [package for module, package in EXTRAS.items() if find_spec(module) is None]
    if lacking:
        raise DiffecgError(f"the studio needs {', '.join(lacking)}: pip install 'diffecg[serve]'")
