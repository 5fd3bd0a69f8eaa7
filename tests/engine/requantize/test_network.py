"""sgs-tui.toml: what is read, what is refused, what is warned about before an iteration starts."""

import os
from pathlib import Path

import pytest

from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.requantize.ini_change import ini_change
from sgs_tui.engine.requantize.iteration import dump_request, sdk_of
from sgs_tui.engine.requantize.network import NAME, example, load_config
from sgs_tui.engine.requantize.propose import iteration_request, iterations_root, state_before
from sgs_tui.engine.requantize.state import IterationPlan, load_state
from tests.conftest import REPOSITORY
from tests.standin_sdk.iterating import Network, build_network

WHOLE = """[iterate]
calibrate = "true"
float_model = "net_float.sim"
fixed_model = "net_fixed.sim"
image = "lists:images/a.txt"
"""


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    return build_network(tmp_path, monkeypatch)


def write(folder: Path, text: str) -> Path:
    (folder / NAME).write_text(text)
    return folder


def test_the_example_is_read_and_is_the_file_that_is_shipped(tmp_path: Path) -> None:
    assert (REPOSITORY / "cfg" / NAME).read_text("utf-8") == example()
    config = load_config(write(tmp_path, example()))
    assert config.convert.startswith("python3 $SGS_IPU_DIR/Scripts/ConvertTool/ConvertTool.py onnx")
    assert "\n" not in config.convert
    assert config.ini == tmp_path / "input_config.ini"
    assert (config.wish.root, config.timeout, config.profile) == (None, None, "manual")


def test_paths_are_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = (
        'ini = "cfg/i.ini"\npreprocess = "pre.py, sdk_module"\nsdk = "../sdk"\nprofile = "limits.toml"\ntimeout = 3\n'
    )
    monkeypatch.chdir(write(tmp_path, WHOLE + more).parent)
    config = load_config(Path(tmp_path.name))
    assert config.float_model == tmp_path / "net_float.sim"
    assert config.image == f"{tmp_path}/lists:{tmp_path}/images/a.txt"
    assert config.preprocess == f"{tmp_path}/pre.py,sdk_module"
    assert (config.ini, config.wish.root) == (tmp_path / "cfg/i.ini", tmp_path.parent / "sdk")
    assert (config.profile, config.timeout, config.convert) == (str(tmp_path / "limits.toml"), 3.0, "")
    assert iterations_root(config) == tmp_path / "sgs_runs"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"has no table \[iterate\]"),
        ("iterate = 3\n", r"has no table \[iterate\]"),
        ("[iterate\n", "not TOML"),
        (WHOLE + 'calibrat = "x"\n', "unknown key `calibrat`"),
        (WHOLE.replace('calibrate = "true"\n', ""), "`calibrate` is missing"),
        (WHOLE.replace('"true"', '""'), "`calibrate` is missing"),
        (WHOLE.replace('"true"', "3"), "`calibrate` is no text"),
        (WHOLE + "timeout = 0\n", "no number of seconds"),
        (WHOLE + "timeout = true\n", "no number of seconds"),
        (WHOLE + 'timeout = "3"\n', "no number of seconds"),
    ],
)
def test_what_can_not_be_meant_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_config(write(tmp_path, text))


def test_without_the_file_the_hint_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file") as caught:
        load_config(tmp_path)
    assert "--init" in caught.value.hint


def test_plans_survive_the_way_to_the_worker(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.sim")
    config = load_config(write(tmp_path, WHOLE.replace("net_float.sim", "net_float") + 'sdk = "sdk"\n'))
    for before in (None, tmp_path / name):
        plan = IterationPlan(config, before, "INT16 for cat")
        assert IterationPlan.from_json(plan.to_json(), Path("x")) == plan
    for text in ("", "{}", "[1]", '{"config": {"folder": 3}}', '{"config": {}, "before": null, "change": ""}'):
        with pytest.raises(InputError, match="damaged plan"):
            IterationPlan.from_json(text, Path("x"))


def test_what_is_missing_is_said_before_anything_is_changed(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    network.ini.unlink()
    with pytest.raises(InputError, match=r"input_config\.ini: no such file"):
        iteration_request(load_config(network.folder))
    text = (network.folder / NAME).read_text().replace('sdk = "../sdk"', "")
    (network.folder / NAME).write_text(text)
    with pytest.raises(UsageError, match="no SDK is named"):
        iteration_request(load_config(network.folder), environ={})


def test_traps_are_told_beforehand(network: Network) -> None:
    (network.folder / "DebugConfig.txt").write_text("dumpTensor\n")
    for model in (network.float_model, network.fixed_model):
        model.write_text("{}")
        os.utime(model, (2e9, 2e9))
    toml = network.folder / NAME
    toml.write_text(
        "\n".join(line for line in example().splitlines() if "convert" not in line.lower() or line[:1] == "#")
    )
    toml.write_text(WHOLE.replace("net_", "bad_").replace("lists:", "") + 'sdk = "../sdk"\n')
    (network.folder / "images" / "a.txt").write_text(f"{network.folder}/images/test.jpg\n")
    warnings = iteration_request(load_config(network.folder)).warnings
    for words in ("has dumpTensor", "without `convert` a cast", "older than the models"):
        assert any(words in warning for warning in warnings), words
    change = ini_change(network.ini.read_bytes(), ["cat"])
    assert len(iteration_request(load_config(network.folder), change).warnings) == 2


def test_one_image_is_compared(network: Network) -> None:
    (network.folder / "images" / "second.jpg").write_bytes(b"\xff\xd8")
    toml = network.folder / NAME
    toml.write_text(toml.read_text().replace("images/test.jpg", "images"))
    config = load_config(network.folder)
    network.float_model.write_text("{}")
    with pytest.raises(UsageError, match="holds 2 images"):
        dump_request(config, config.float_model, sdk_of(config, os.environ), os.environ)


def test_nothing_is_known_where_nothing_was_run(network: Network) -> None:
    config = load_config(network.folder)
    assert state_before(config, iterations_root(config)) is None
    with pytest.raises(InputError):
        load_state(network.folder)
