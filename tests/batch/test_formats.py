"""The list of formats: each has its module, its suffix, and loads nothing that another one needs."""

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats import Format
from tests.layer_rows import failing, layer
from tests.report_builder import report


@pytest.mark.parametrize("form", Format)
def test_every_format_has_a_module_that_writes_it(form: Format) -> None:
    writer = import_module(f"sgs_tui.batch.formats.{form}").write
    assert list(inspect.signature(writer).parameters) == ["report", "screen"]
    assert form.suffix.startswith(".") and form.suffix == form.suffix.lower()


@pytest.mark.parametrize("form", [form for form in Format if form is not Format.HTML])
def test_only_the_table_depends_on_the_screen(form: Format) -> None:
    made = report([layer("fine"), failing("a" * 60, 1)])
    same = form.write(made, Screen()) == form.write(made, Screen(60, ascii=True))
    assert same == (form is not Format.TABLE)


@pytest.mark.parametrize("form", [form for form in Format if form is not Format.HTML])
def test_jinja2_is_loaded_for_html_alone(form: Format) -> None:
    code = (
        "import sys; from sgs_tui.batch.console import Screen; from sgs_tui.batch.formats import Format;"
        "from tests.report_builder import report; from tests.layer_rows import layer;"
        f"assert Format({str(form)!r}).write(report([layer('a')]), Screen());"
        "print('jinja2' in sys.modules, 'textual' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
