"""The pictures in the repository are those of this code."""

from pathlib import Path

import pytest

from tests.tui.screenshots import FOLDER, SHOTS, Shot, take


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
async def test_picture_is_current(shot: Shot, on_stage: Path) -> None:
    kept = (FOLDER / f"{shot.name}.svg").read_text("utf-8")
    assert await take(shot) == kept, "outdated: run python -m tests.tui.screenshots and look at the result"
