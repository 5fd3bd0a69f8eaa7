"""The progress line: patient, on terminals only, gone at the end."""

import pytest

from sgs_tui.batch import progress
from sgs_tui.batch.progress import Meter


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that tells what the test put there."""
    now = [100.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


def test_work_that_is_soon_over_shows_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Meter("comparing", wanted=True) as meter:
        clock[0] += 0.4
        meter.report(9, 10)
    assert capsys.readouterr().err == ""


def test_nothing_is_shown_where_nobody_looks(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Meter("comparing") as meter:
        clock[0] += 60
        meter.report(9, 10)
    assert capsys.readouterr().err == ""


def test_a_long_job_is_shown_now_and_then_and_wiped(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Meter("comparing", wanted=True) as meter:
        clock[0] += 3
        for _ in range(100):
            meter.report(1, 4)
        shown = capsys.readouterr().err
        assert shown == "\rcomparing [########......................]  25 %  9 s left\r"
        clock[0] += 1
        meter.report(4, 4)
        assert "100 %  0 s left" in capsys.readouterr().err
    wiped = capsys.readouterr().err
    assert wiped.strip() == ""
    assert wiped.startswith("\r")
    assert wiped.endswith("\r")


def test_no_work_at_all_is_done_at_once(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Meter("comparing", wanted=True) as meter:
        clock[0] += 1
        meter.report(0, 0)
        assert "100 %" in capsys.readouterr().err
