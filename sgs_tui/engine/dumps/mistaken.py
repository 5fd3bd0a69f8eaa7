"""What people give for what it is not (a model for a dump, a dump for a model or a configuration), and which command
takes it.

Without numpy: the command line asks before the app is drawn.
"""

import re
from fnmatch import fnmatch
from pathlib import Path

from sgs_tui.engine.errors import DumpError, InputError
from sgs_tui.engine.files import reading
from sgs_tui.language import Message

_ONNX = Message("`sgs-tui dump onnx --model {path} --image PICTURE` makes a dump of it")
_SDK = Message("`sgs-tui dump sdk --model {path} --image PICTURE` makes a dump of it")
_TFLITE = Message("`sgs-tui dump tflite --model {path} --image PICTURE` makes a dump of it")
_CAFFE = Message("`sgs-tui dump caffe --model X.prototxt --weights X.caffemodel --image PICTURE` makes a dump of it")
_UNPACK = Message("unpack it first")
_TENSORS = Message("`simulator.py -c Unknown` writes the output tensors, which can be compared")
_PICTURE = Message("`sgs-tui dump` takes it with --image")
_BY_CONTENT = (
    (rb"\x08[\x01-\x14](\x12|\x1a|\x22|\x3a)", Message("an ONNX model"), _ONNX),
    (rb"....TFL3", Message("a TFLite model"), _TFLITE),
    (rb"\x1f\x8b", Message("a gzip file"), _UNPACK),
    (rb"PK\x03\x04", Message("a zip file"), _UNPACK),
    (rb"BZh", Message("a bzip2 file"), _UNPACK),
    (rb"\xfd7zXZ", Message("a xz file"), _UNPACK),
    (rb"\x28\xb5\x2f\xfd", Message("a zstd file"), _UNPACK),
    (rb"7z\xbc\xaf", Message("a 7-zip file"), _UNPACK),
    (rb"\x89PNG|\xff\xd8\xff|BM....\x00\x00\x00\x00|RIFF....WEBP", Message("a picture"), _PICTURE),
    (
        rb"\x7fELF",
        Message("a program or a core file"),
        Message("`sgs-tui core PROGRAM {path}` reads the core of a simulator that crashed"),
    ),
    (
        rb"Name:[^\n]{1,100}, ?min: ?",
        Message("a calibration file (tensor_min_max)"),
        Message("give it with --ranges {path}"),
    ),
    (rb"[^\n]{1,255}\n\d+ -?\d+\.\d{6}\r?\n", Message("a classification's result, the best five labels"), _TENSORS),
    (rb'\{"image_id": \d+, "category_id":', Message("a detection's result, a list of boxes"), _TENSORS),
    (
        rb'\s*\{\s*"schema":\s*"sgs-tui/(compare|layers)/',
        Message("a comparison"),
        Message("--baseline {path} holds another one against it"),
    ),
)
"""How files begin, what they are then, and what to do with them."""
_BY_NAME = (
    ("*.onnx", Message("an ONNX model"), _ONNX),
    ("*.sim", Message("a SigmaStar model"), _SDK),
    (
        "*.img",
        Message("an offline SigmaStar model"),
        Message("only the chip runs it: dump the *_fixed.sim it was made from"),
    ),
    ("*.tflite", Message("a TFLite model"), _TFLITE),
    ("*.caffemodel", Message("the weights of a Caffe model"), _CAFFE),
    ("*.prototxt", Message("a Caffe model"), _CAFFE),
    ("*tensor_min_max*.txt", Message("a calibration file"), Message("give it with --ranges {path}")),
    ("*tensor_statistics*.txt", Message("a file of shapes"), Message("give it with --shapes {path}")),
    ("*debugconfig*.txt", Message("a DebugConfig.txt"), Message("`sgs-tui debugconfig check {path}` reads it")),
    ("*input_config*.ini", Message("an input_config.ini"), Message("`sgs-tui advise --check {path}` reads it")),
    ("*.pkl", Message("a pickle"), Message("`sgs-tui quant show {path}` reads a quant_info")),
    ("*.sim.json", Message("a quantization file"), Message("`sgs-tui quant show {path}` reads it")),
    ("*.np[yz]", Message("a numpy file"), Message("name the dump of a simulator or of `sgs-tui dump`")),
)


_DUMP = (Message("a dump"), Message("`sgs-tui inspect {path}` shows what it holds"))


def known_as(path: Path, head: bytes) -> tuple[str, str] | None:
    """(what a file that is no dump is, what to do with it); None where nothing tells."""
    for pattern, what, remedy in _BY_CONTENT:
        if re.match(pattern, head, re.DOTALL):
            return what, Message(remedy, path=path)
    for name, what, remedy in _BY_NAME:
        if fnmatch(path.name.lower(), name):
            return what, Message(remedy, path=path)
    return None


def refuse_other_files(path: Path) -> None:
    """Raise DumpError where it is something else that is known. Dumps begin with `isFloat:` or `//`."""
    head = _head(path)
    found = None if head.startswith((b"isFloat", b"//")) else known_as(path, head)
    if found is not None:
        raise DumpError(Message("{path}: not a dump but {found}", path=path, found=found[0]), found[1])


def refuse_as(wanted: str, path: Path, head: bytes | None = None) -> None:
    """Raise InputError where a file is something else than `wanted`, in the words above, that is known; a dump too.

    `head` is the beginning of the file where its reader has it already.
    """
    start = _head(path) if head is None else head
    what, remedy = known_as(path, start) or ("", "")
    if re.match(rb"isFloat:|//(in|out) \d{1,9} s: ", start):
        what, remedy = _DUMP[0], Message(_DUMP[1], path=path)
    if what and what != wanted:
        raise InputError(Message("{path}: not {wanted} but {found}", path=path, wanted=wanted, found=what), remedy)


def _head(path: Path) -> bytes:
    with reading(path) as file:
        return file.read(128)
