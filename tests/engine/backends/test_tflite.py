"""Backend tflite on a model made here with the runtime's own schema."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.backends.tflite import TfliteDumpRequest, dump_tflite
from sgs_tui.engine.dumps.format import Form
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import InputError, RunError, UsageError

needs_runtime = pytest.mark.usefixtures("runtime")


@pytest.fixture
def runtime() -> Any:
    return pytest.importorskip("ai_edge_litert.schema_py_generated", reason="ai-edge-litert (extra tflite) is absent")


def tensor(schema: Any, name: str, shape: list[int], buffer: int = 0, **fields: Any) -> Any:
    made = schema.TensorT()
    made.name, made.shape, made.buffer, made.type = name.encode(), shape, buffer, fields.get("type", 0)
    made.shapeSignature = fields.get("signature")
    if "scale" in fields:
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [fields["scale"]], [fields["zero"]]
    return made


def operator(schema: Any, code: int, inputs: list[int], outputs: list[int], options: Any = None) -> Any:
    made = schema.OperatorT()
    made.opcodeIndex, made.inputs, made.outputs = code, inputs, outputs
    if options is not None:
        made.builtinOptions = options
        made.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
    return made


def save(schema: Any, path: Path, tensors: list[Any], operators: list[Any], codes: list[str], ends: Any) -> Path:
    import flatbuffers

    graph, model = schema.SubGraphT(), schema.ModelT()
    graph.tensors, graph.operators, (graph.inputs, graph.outputs) = tensors, operators, ends
    model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, [graph], [], []
    for name in codes:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
        code.version = 1
        model.operatorCodes.append(code)
    for values in (None, np.array([3], np.int32)):
        buffer = schema.BufferT()
        buffer.data = None if values is None else np.frombuffer(values.tobytes(), np.uint8)
        model.buffers.append(buffer)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def small_model(schema: Any, folder: Path, signature: list[int] | None = None) -> Path:
    """x [1, 2, 3, 4] -> relu -> split in two along the channels -> logistic of the second half."""
    split = schema.SplitOptionsT()
    split.numSplits = 2
    tensors = [
        tensor(schema, "x", [1, 2, 3, 4], signature=signature),
        tensor(schema, "act/Relu", [1, 2, 3, 4]),
        tensor(schema, "axis", [], 1, type=schema.TensorType.INT32),
        tensor(schema, "a", [1, 2, 3, 2]),
        tensor(schema, "b", [1, 2, 3, 2]),
        tensor(schema, "out", [1, 2, 3, 2]),
    ]
    operators = [
        operator(schema, 0, [0], [1]),
        operator(schema, 1, [2, 1], [3, 4], split),
        operator(schema, 2, [4], [5]),
    ]
    return save(schema, folder / "m.tflite", tensors, operators, ["RELU", "SPLIT", "LOGISTIC"], ([0], [5, 3]))


def x_file(folder: Path) -> tuple[Path, ...]:
    np.save(folder / "x.npy", np.linspace(-2, 3, 24, dtype=np.float32).reshape(1, 2, 3, 4))
    return (folder / "x.npy",)


@needs_runtime
def test_every_output_with_its_op_and_number(runtime: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    request = TfliteDumpRequest(small_model(runtime, tmp_path), x_file(tmp_path), tmp_path / "out")
    result = dump_tflite(request)
    relu = np.maximum(np.load(tmp_path / "x.npy"), 0)
    expected = {
        "act/Relu": (0, 0, "RELU", relu),
        "a": (0, 1, "SPLIT", relu[..., :2]),
        "b": (1, 1, "SPLIT", relu[..., 2:]),
        "out": (0, 2, "LOGISTIC", 1 / (1 + np.exp(-relu[..., 2:]))),
    }
    with open_dump(result.path) as dump:
        assert dump.health.ok and [record.name for record in dump.records] == list(expected)
        for record in dump.records:
            slot, index, op, values = expected[record.name]
            assert (record.slot, record.op_index, record.op_type, record.shape) == (slot, index, op, values.shape)
            np.testing.assert_allclose(dump.read(record), values.ravel(), atol=1e-6)
    raw = result.path.read_bytes()
    assert result.path.name == "tflite_outtensor_dump.bin" and raw.endswith(b"};\n") and not raw.endswith(b"\n};\n")
    assert capfd.readouterr() == ("", "")
    with pytest.raises(InputError, match="is there already"):
        dump_tflite(request)


@needs_runtime
def test_the_text_form_is_read_back(runtime: Any, tmp_path: Path) -> None:
    model, inputs = small_model(runtime, tmp_path), x_file(tmp_path)
    text = dump_tflite(TfliteDumpRequest(model, inputs, tmp_path / "t", form=Form.TEXT))
    binary = dump_tflite(TfliteDumpRequest(model, inputs, tmp_path / "b"))
    with open_dump(text.path) as one, open_dump(binary.path) as two:
        for left, right in zip(one.records, two.records, strict=True):
            np.testing.assert_allclose(one.read(left), two.read(right), atol=6e-7)


@needs_runtime
def test_a_preprocess_module_is_asked_for_nhwc(runtime: Any, tmp_path: Path) -> None:
    (tmp_path / "pre.py").write_text(
        "import numpy\ndef get_image(path, nchw=True):\n"
        "    assert nchw is False\n    return numpy.ones((1, 2, 3, 4), numpy.float64)\n"
    )
    how = Preprocess((tmp_path / "pre.py",))
    (tmp_path / "i.png").write_bytes(b"")
    result = dump_tflite(TfliteDumpRequest(small_model(runtime, tmp_path), (tmp_path / "i.png",), tmp_path / "o", how))
    with open_dump(result.path) as dump:
        assert set(dump.read(dump.records[0])) == {1.0} and result.notes == ()


@needs_runtime
def test_quantized_tensors_are_numbers_and_codes_are_checked(runtime: Any, tmp_path: Path) -> None:
    kind = runtime.TensorType.UINT8
    tensors = [tensor(runtime, name, [1, 4], type=kind, scale=0.5, zero=10) for name in ("x", "y")]
    model = save(runtime, tmp_path / "q.tflite", tensors, [operator(runtime, 0, [0], [1])], ["RELU"], ([0], [1]))
    np.save(tmp_path / "x.npy", np.array([[0, 10, 11, 255]], np.uint8))
    result = dump_tflite(TfliteDumpRequest(model, (tmp_path / "x.npy",), tmp_path / "out"))
    with open_dump(result.path) as dump:
        assert dump.read(dump.records[0]).tolist() == [0.0, 0.0, 0.5, 122.5]
    assert result.notes == ("1 quantized tensor was written as numbers, not codes",)
    np.save(tmp_path / "x.npy", np.array([[0, 0.25, 1, 1]], np.float32))
    with pytest.raises(InputError, match=r"takes uint8, got values that do not fit, such as 0\.25"):
        dump_tflite(TfliteDumpRequest(model, (tmp_path / "x.npy",), tmp_path / "other"))


@needs_runtime
def test_open_dimensions_and_wrong_names(runtime: Any, tmp_path: Path) -> None:
    model, inputs = small_model(runtime, tmp_path, [-1, 2, 3, 4]), x_file(tmp_path)
    with pytest.raises(UsageError, match=r"open dimensions in the model's inputs: x \[-1, 2, 3, 4\]"):
        dump_tflite(TfliteDumpRequest(model, inputs, tmp_path / "o"))
    with pytest.raises(UsageError, match="no input is named y"):
        dump_tflite(TfliteDumpRequest(model, inputs, tmp_path / "o", shapes={"y": (1,)}))
    np.save(inputs[0], np.ones((3, 2, 3, 4), np.float32))
    result = dump_tflite(TfliteDumpRequest(model, inputs, tmp_path / "o", shapes={"x": (3, 2, 3, 4)}))
    with open_dump(result.path) as dump:
        assert dump.records[0].shape == (3, 2, 3, 4)


@needs_runtime
@pytest.mark.parametrize("content", [b"", b"isFloat: 1\n", b"\x1c\x00\x00\x00TFL3" + b"\xff" * 40])
def test_what_is_no_model_is_an_input_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.tflite").write_bytes(content)
    with pytest.raises(InputError, match=r"m\.tflite: not a TFLite model"):
        dump_tflite(TfliteDumpRequest(tmp_path / "m.tflite", (), tmp_path / "o"))
    with pytest.raises(InputError, match="cannot read"):
        dump_tflite(TfliteDumpRequest(tmp_path / "gone.tflite", (), tmp_path / "o"))


def test_without_the_runtime_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(RunError, match="not installed") as failure:
        dump_tflite(TfliteDumpRequest(tmp_path / "m.tflite", (), tmp_path / "o"))
    assert "sgs-tui[tflite]" in failure.value.hint
