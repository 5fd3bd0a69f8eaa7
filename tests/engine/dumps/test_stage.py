"""The stage is read from headers, whatever the file is called."""

from pathlib import Path

import pytest

from sgs_tui.engine.dumps.format import Stage
from sgs_tui.engine.dumps.index import guess_stage
from sgs_tui.engine.dumps.reader import open_dump


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("tiny/float.bin", Stage.FLOAT),
        ("tiny/float_str.bin", Stage.FLOAT),
        ("tiny/cmodel_float.bin", Stage.CMODEL_FLOAT),
        ("tiny/fixed_dq.bin", Stage.FIXED),
        ("tiny/fixed_raw.bin", Stage.FIXED),
        ("tiny/fixed_dq_keepgarbage.bin", Stage.FIXED),
        ("onnx/onnx_NHWC_outtensor_dump.bin", Stage.ORIGINAL),
        ("onnx/onnx_NHWC_outtensor_dump.txt", Stage.ORIGINAL),
        ("damaged/ends_in_header.bin", Stage.FIXED),
        ("damaged/empty.bin", Stage.UNKNOWN),
    ],
)
def test_real_dumps(sgs: Path, tmp_path: Path, name: str, stage: Stage) -> None:
    anonymous = tmp_path / "dump"
    anonymous.write_bytes((sgs / name).read_bytes())
    with open_dump(anonymous) as dump:
        assert guess_stage(dump.index) is stage


def test_records_without_payload_are_an_offline_models(tmp_path: Path) -> None:
    path = tmp_path / "offline.bin"
    head = b"s: 0.007812 z: 0 type: SGS_U8 name: a bConstant:0\n"
    path.write_bytes(
        b"isFloat: 0\n"
        + b"".join(b"//out 0 " + head + b"op_out[%d] CONV_2D = {\n//buffer data size: 64\n\n};\n" % n for n in (0, 1))
    )
    with open_dump(path) as dump:
        assert guess_stage(dump.index) is Stage.OFFLINE
