# ruff: noqa: UP031 (the SDK's own Python runs it, down to 3.5)

"""What a preprocess script does to a picture: `python -c TEXT SCRIPT PICTURE` prints one line of JSON.

Apart because the SDK's Python runs it, where the SDK lives; never imported. The script is called as the tools call it,
with norm=True and norm=False; a line through both results of a channel is its mean and std. Where a library can read
the picture, the channels' averages tell their order. What the script writes to where it stands goes with a folder that
is there for the question only, as in a run.
"""

import importlib
import json
import os
import sys
import tempfile
from typing import Any

import numpy


def called(function: Any, picture: str, norm: bool) -> Any:
    """The array of one call, as it is."""
    return numpy.asarray(function(picture, norm))


def line(raw: Any, normal: Any) -> Any:
    """(mean, std) with normal = (raw - mean) / std; None where the raw values are all the same or no line fits."""
    x, y = raw.astype(float).ravel(), normal.astype(float).ravel()
    if x.size < 2 or x.std() == 0 or y.std() == 0:
        return None
    slope = ((x - x.mean()) * (y - y.mean())).mean() / x.var()
    start = y.mean() - slope * x.mean()
    if abs(slope * x + start - y).max() > 0.02 * abs(y).max() + 1e-6 or slope == 0:
        return None
    return [-start / slope, 1 / slope]


def order(raw: Any, picture: str) -> str:
    """RGB or BGR, by the averages of the picture's own channels; empty where they do not tell."""
    try:
        import cv2

        read = cv2.imread(picture)
        colors = None if read is None else read.reshape(-1, 3).mean(axis=0)[::-1]
    except ImportError:
        try:
            from PIL import Image
        except ImportError:
            return ""
        colors = numpy.asarray(Image.open(picture).convert("RGB")).reshape(-1, 3).mean(axis=0)
    if colors is None or abs(colors[0] - colors[2]) < 8:
        return ""
    got = raw.reshape(-1, 3).mean(axis=0)
    rgb, bgr = abs(got - colors).sum(), abs(got - colors[::-1]).sum()
    return "RGB" if 3 * rgb < bgr else "BGR" if 3 * bgr < rgb else ""


def main(script: str, picture: str) -> Any:
    """The findings about one script on one picture."""
    sys.path.append(os.path.dirname(script))
    if script.endswith(".py"):
        name = os.path.basename(script).split(".")[0]
    else:
        name = script
        sys.path.append(os.path.join(os.environ["SGS_IPU_DIR"], "Scripts/calibrator/preprocess_method"))
    function = importlib.import_module(name).image_preprocess
    normal, raw = called(function, picture, True), called(function, picture, False)
    found = {"size": int(normal.size), "shape": list(normal.shape), "raw_size": int(raw.size), "order": ""}
    found["raw_type"] = str(raw.dtype)
    channels = normal.shape[-1] if normal.ndim == 4 and normal.shape == raw.shape else 1
    if normal.size == raw.size and channels in (1, 3):
        pairs = zip(raw.reshape(-1, channels).T, normal.reshape(-1, channels).T)  # noqa: B905
        found["lines"] = [line(*pair) for pair in pairs]
        if channels == 3:
            found["order"] = order(raw, picture)
    return found


try:
    seen = all(os.path.exists(path) for path in sys.argv[1:] if "/" in path)
    given = [os.path.abspath(path) if os.path.isfile(path) else path for path in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        told = main(*given) if seen else {"unseen": True}
except (Exception, SystemExit) as error:
    told = {"error": "%s: %s" % (type(error).__name__, error)}
print("\n" + json.dumps(told))
