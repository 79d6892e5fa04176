"""Run-time checks of the array shapes in type annotations, for jaxtyping's import hook."""

import re
from functools import wraps

import torch
from beartype import BeartypeConf, beartype

ARRAY = re.compile(r"\b(Float|Bool|Int|UInt|Num|Shaped|Complex|Inexact)\d*\[")
"""Annotations of arrays; only these are checked, mypy checks the others."""

check_types = beartype(conf=BeartypeConf(is_pep484_tower=True))


def check_arrays(function):
    """Check the arguments and the result of a function whose annotations name array shapes."""
    annotations = getattr(function, "__annotations__", {})
    arrays = {name: hint for name, hint in annotations.items() if ARRAY.search(str(hint))}
    if not arrays or isinstance(function, type):
        return function
    function.__annotations__ = arrays
    checked = check_types(function)

    @wraps(function)
    def check_unless_exporting(*args, **kwargs):
        # An export traces symbolic sizes; checks would turn them into constants.
        return (function if torch.compiler.is_exporting() else checked)(*args, **kwargs)

    return check_unless_exporting
