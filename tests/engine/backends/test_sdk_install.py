"""Which SDK is taken: --sdk, else settings.toml, else SGS_IPU_DIR."""

from pathlib import Path

import pytest

from sgs_tui.engine.backends.sdk_install import SdkWish, configured, find_sdk
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import settings_path


def sdk_at(root: Path) -> Path:
    scripts = root / "Scripts" / "calibrator"
    scripts.mkdir(parents=True)
    (scripts / "simulator.py").write_text("")
    (root / "cfg_env.sh").write_text("")
    return root


def test_order(tmp_path: Path) -> None:
    asked, set_up, exported = (sdk_at(tmp_path / name) for name in ("asked", "set_up", "exported"))
    environ = {"SGS_IPU_DIR": str(exported)}
    assert find_sdk(None, environ=environ).root == exported
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text(f'sdk = "{set_up}"\n')
    assert find_sdk(None, environ=environ).root == set_up
    assert find_sdk(asked, environ=environ).root == asked


@pytest.mark.parametrize("text", ["sdk = 3\n", "sdk = \n"])
def test_settings_that_can_not_be_read_are_no_reason_to_take_another_sdk(text: str) -> None:
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text(text)
    with pytest.raises(InputError, match=r"settings\.toml"):
        find_sdk(None, environ={"SGS_IPU_DIR": "/elsewhere"})


def test_nothing_set() -> None:
    assert configured() == SdkWish()
    with pytest.raises(UsageError, match="no SDK is named"):
        find_sdk(None, environ={})
