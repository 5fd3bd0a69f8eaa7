"""What people give for a dump that is none: models, calibration files, pictures; and which command takes each.

Without numpy: the command line asks before the app is drawn.
"""

import re
from fnmatch import fnmatch
from pathlib import Path

from sgs_tui.engine.errors import DumpError
from sgs_tui.engine.files import reading

_RUN = "`sgs-tui dump {} --model {{}} --image PICTURE` makes a dump of it"
_CAFFE = "`sgs-tui dump caffe --model X.prototxt --weights X.caffemodel --image PICTURE` makes a dump of it"
_UNPACK = "unpack it first"
_TENSORS = "`simulator.py -c Unknown` writes the output tensors, which can be compared"
_PICTURE = "`sgs-tui dump` takes it with --image"
_BY_CONTENT = (
    (rb"\x08[\x01-\x14](\x12|\x1a|\x22|\x3a)", "an ONNX model", _RUN.format("onnx")),
    (rb"....TFL3", "a TFLite model", _RUN.format("tflite")),
    (rb"\x1f\x8b", "a gzip file", _UNPACK),
    (rb"PK\x03\x04", "a zip file", _UNPACK),
    (rb"BZh", "a bzip2 file", _UNPACK),
    (rb"\xfd7zXZ", "a xz file", _UNPACK),
    (rb"\x28\xb5\x2f\xfd", "a zstd file", _UNPACK),
    (rb"7z\xbc\xaf", "a 7-zip file", _UNPACK),
    (rb"\x89PNG|\xff\xd8\xff|BM....\x00\x00\x00\x00|RIFF....WEBP", "a picture", _PICTURE),
    (rb"\x7fELF", "a program or a core file", "`sgs-tui core PROGRAM {}` reads the core of a simulator that crashed"),
    (rb"Name:[^\n]{1,100}, ?min: ?", "a calibration file (tensor_min_max)", "give it with --ranges {}"),
    (rb"[^\n]{1,255}\n\d+ -?\d+\.\d{6}\r?\n", "a classification's result, the best five labels", _TENSORS),
    (rb'\{"image_id": \d+, "category_id":', "a detection's result, a list of boxes", _TENSORS),
    (rb'\s*\{\s*"schema":\s*"sgs-tui/(compare|layers)/', "a comparison", "--baseline {} holds another one against it"),
)
"""How files begin, what they are then, and what to do with them."""
_BY_NAME = (
    ("*.onnx", "an ONNX model", _RUN.format("onnx")),
    ("*.sim", "a SigmaStar model", _RUN.format("sdk")),
    ("*.img", "an offline SigmaStar model", "only the chip runs it: dump the *_fixed.sim it was made from"),
    ("*.tflite", "a TFLite model", _RUN.format("tflite")),
    ("*.caffemodel", "the weights of a Caffe model", _CAFFE),
    ("*.prototxt", "a Caffe model", _CAFFE),
    ("*tensor_min_max*.txt", "a calibration file", "give it with --ranges {}"),
    ("*tensor_statistics*.txt", "a file of shapes", "give it with --shapes {}"),
    ("*debugconfig*.txt", "a DebugConfig.txt", "`sgs-tui debugconfig check {}` reads it"),
    ("*input_config*.ini", "an input_config.ini", "`sgs-tui advise --check {}` reads it"),
    ("*.pkl", "a pickle", "`sgs-tui quant show {}` reads a quant_info"),
    ("*.sim.json", "a quantization file", "`sgs-tui quant show {}` reads it"),
    ("*.np[yz]", "a numpy file", "name the dump of a simulator or of `sgs-tui dump`"),
)


def known_as(path: Path, head: bytes) -> tuple[str, str] | None:
    """(what a file that is no dump is, what to do with it); None where nothing tells."""
    for pattern, what, remedy in _BY_CONTENT:
        if re.match(pattern, head, re.DOTALL):
            return what, remedy.format(path)
    for name, what, remedy in _BY_NAME:
        if fnmatch(path.name.lower(), name):
            return what, remedy.format(path)
    return None


def refuse_other_files(path: Path) -> None:
    """Raise DumpError where it is something else that is known. Dumps begin with `isFloat:` or `//`."""
    with reading(path) as file:
        head = file.read(128)
    found = None if head.startswith((b"isFloat", b"//")) else known_as(path, head)
    if found is not None:
        raise DumpError(f"{path}: not a dump but {found[0]}", found[1])
