"""What is drawn in a PDF file, measured in millimetres."""

import re
import zlib

import numpy as np

MM_PER_POINT = 25.4 / 72


def pdf_paths(content):
    """Return the polylines of all pages of a PDF file, in millimetres."""
    paths = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            text = zlib.decompress(stream).decode("latin-1")
        except zlib.error:
            continue
        if " d1\n" in text:  # the glyph of a font
            continue
        for path in re.findall(r"[-\d.]+ [-\d.]+ m\n(?:[-\d.]+ [-\d.]+ l\n)+", text):
            corners = [line.split()[:2] for line in path.splitlines()]
            paths.append(np.array(corners, dtype=float) * MM_PER_POINT)
    return paths


def pdf_traces(content):
    """Return the traces among the paths: long, of many corners."""
    return [path for path in pdf_paths(content) if len(path) > 8 and np.ptp(path[:, 0]) > 50]
