"""A file that is no dump: what it is and which command takes it, by its content or by its name."""

from pathlib import Path

import pytest

from sgs_tui.engine.backends.caffe import read_prototxt
from sgs_tui.engine.backends.onnx import load_model
from sgs_tui.engine.configs import debugconfig, inputconfig
from sgs_tui.engine.dumps.mistaken import refuse_other_files
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import DumpError, InputError

FILES = {
    "net.onnx": (b"\x08\x06:", "an ONNX model", "sgs-tui dump onnx --model"),
    "renamed.bin": (b"\x08\x07\x12\x07pytorch", "an ONNX model", "sgs-tui dump onnx --model"),
    "net_fixed.sim": (b"\x00" * 64, "a SigmaStar model", "sgs-tui dump sdk --model"),
    "net.img": (b"\x00" * 64, "an offline SigmaStar model", "dump the *_fixed.sim"),
    "net.bin": (b"\x1c\0\0\0TFL3", "a TFLite model", "sgs-tui dump tflite --model"),
    "net.prototxt": (b"layer {", "a Caffe model", "sgs-tui dump caffe --model"),
    "t.txt": (b"Name:data, min: -0.99, max: 1.0;", "a calibration file", "--ranges"),
    "input_config.ini": (b"[INPUT_CONFIG]", "an input_config.ini", "sgs-tui advise --check"),
    "DebugConfig.txt": (b"dumpTensor", "a DebugConfig.txt", "sgs-tui debugconfig check"),
    "cat.jpg": (b"\xff\xd8\xff\xe0", "a picture", "--image"),
    "old.json": (b'{"schema": "sgs-tui/compare/1"', "a comparison", "--baseline"),
    "quant.pkl": (b"\x80\x04}", "a pickle", "sgs-tui quant show"),
    "dump.zip": (b"PK\x03\x04", "a zip file", "unpack it first"),
}


@pytest.mark.parametrize("name", FILES)
def test_it_is_said_what_it_is(name: str, tmp_path: Path) -> None:
    data, what, remedy = FILES[name]
    path = tmp_path / name
    path.write_bytes(data)
    for refused in (open_dump, refuse_other_files):
        with pytest.raises(DumpError) as raised:
            refused(path)
        assert raised.value.message.startswith(f"{path}: not a dump but {what}")
        assert remedy in raised.value.hint


def test_a_dump_is_a_dump_whatever_its_name(sgs: Path, tmp_path: Path) -> None:
    path = tmp_path / "tensor_min_max.onnx"
    path.write_bytes((sgs / "tiny" / "float.bin").read_bytes())
    refuse_other_files(path)
    with open_dump(path) as dump:
        assert dump.records


READERS = {
    "an ONNX model": load_model,
    "a Caffe model": read_prototxt,
    "a DebugConfig.txt": debugconfig.load,
    "an input_config.ini": inputconfig.load,
}
"""What is read by each, in the words that its refusal has."""


@pytest.mark.parametrize("wanted", READERS)
def test_what_is_given_for_a_model_or_a_configuration_is_said_too(wanted: str, sgs: Path, tmp_path: Path) -> None:
    dump = sgs / "tiny" / "float.bin"
    with pytest.raises(InputError) as raised:
        READERS[wanted](dump)
    assert raised.value.message == f"{dump}: not {wanted} but a dump"
    assert raised.value.hint == f"`sgs-tui inspect {dump}` shows what it holds"
    for name, (data, what, remedy) in FILES.items():
        if what == wanted or what in ("an ONNX model", "a SigmaStar model", "an offline SigmaStar model"):
            continue  # what begins as a model does may be one, and three bytes of it are one for protobuf
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(InputError) as raised:
            READERS[wanted](path)
        assert raised.value.message.startswith(f"{path}: not {wanted} but {what}")
        assert remedy in raised.value.hint


def test_a_comment_is_no_dump(tmp_path: Path) -> None:
    path = tmp_path / "DebugConfig.txt"
    path.write_bytes(b"// the usual switches\ndumpTensor\n")
    assert debugconfig.load(path).is_on("dumpTensor")
