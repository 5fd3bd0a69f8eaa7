"""What a toggle in the INT16 window gives: slices count as they do in the comparison."""

from pathlib import Path
from threading import Event

from sgs_tui.engine.compare.limits import MANUAL
from sgs_tui.engine.diagnosis.foresight import open_subject
from sgs_tui.tui.int16.foresee import Question, foresee
from tests.engine.compare.heads import FAULTY, run
from tests.engine.diagnosis.runs import diagnosed


def test_scores_that_are_lost_beside_boxes_fail_until_their_concat_is_chosen(tmp_path: Path) -> None:
    files = run(FAULTY["yolov8"]().model, tmp_path)
    with diagnosed(files.fixed_dump, files.float_dump, files.ranges) as found:
        subject = open_subject(found.comparison)
        none, healed = (
            foresee(subject, Question(chosen, (), MANUAL, found.rows), Event()) for chosen in ((), ("output0",))
        )
    assert none.answer is not None and none.answer.failing == ("output0",) and not none.notes
    assert healed.answer is not None and healed.answer.newly_fixed == ("output0",) and not healed.answer.failing
    assert healed.too == () and healed.unseen == ()
