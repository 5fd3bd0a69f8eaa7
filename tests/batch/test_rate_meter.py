"""The meter of bytes says how fast."""

import pytest

from sgs_tui.batch.progress import Meter


def test_rate_is_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("sgs_tui.batch.progress.monotonic", lambda: now)
    with Meter("drawing", rate=True, wanted=True) as meter:
        now += 2.0
        meter.report(50_000_000, 100_000_000)
    shown = capsys.readouterr().err
    assert "50 %" in shown
    assert "25.0 MB/s" in shown
    assert shown.endswith("\r")


def test_nothing_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Meter("drawing", rate=True) as meter:
        meter.report(1, 2)
    assert capsys.readouterr().err == ""
