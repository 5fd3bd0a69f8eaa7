from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.configs.debugconfig import (
    PATH_KEY,
    PRESETS,
    SWITCH_NAMES,
    SWITCHES,
    DebugConfig,
    Effect,
    Preset,
    apply,
    load,
    parse,
    template,
)
from sgs_tui.engine.configs.textlines import difference, join_lines, split_lines
from sgs_tui.engine.errors import InputError, UsageError

SHIPPED = Path(__file__).resolve().parents[3] / "cfg" / "debugconfig"
VENDOR = (
    b"#dumpTensor\neliminateGarbage\n#dequantFixed\n#dumpasstring\n#disableDomainFuseOps\npath=\n#dumpdonotrecovery\n"
)

LINES = st.sampled_from(
    [
        b"dumpTensor",
        b"#dequantFixed",
        b" dumpTensor ",
        b"DUMPASSTRING",
        b"path=/x y/",
        b"path = x",
        b"# note",
        b"",
        b"\r",
    ]
)
FILES = st.one_of(
    st.binary(max_size=80),
    st.tuples(st.lists(LINES, max_size=8), st.sampled_from([b"\n", b"\r\n"]), st.booleans()).map(
        lambda parts: parts[1].join(parts[0]) + (parts[1] if parts[2] else b"")
    ),
)


@given(st.binary())
def test_lines_keep_every_byte(data: bytes) -> None:
    assert join_lines(split_lines(data)) == data


@given(FILES)
def test_nothing_changed_nothing_lost(data: bytes) -> None:
    document = parse(data)
    assert document.render() == data
    for switch in SWITCH_NAMES:
        assert document.with_switch(switch, document.is_on(switch)).render() == data


@given(FILES, st.sampled_from(SWITCH_NAMES), st.booleans())
def test_a_switch_set_is_read_back_and_is_what_the_simulator_reads(data: bytes, switch: str, on: bool) -> None:
    before = parse(data)
    after = parse(before.with_switch(switch, on).render())
    assert after.is_on(switch) is on
    if not before.is_on(switch) or not on:
        assert (switch in after.effect().switches) is on
    others = [name for name in SWITCH_NAMES if name != switch]
    assert [after.is_on(name) for name in others] == [before.is_on(name) for name in others]
    assert after.path == before.path


@given(FILES, st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20))
def test_a_path_set_is_read_back(data: bytes, path: str) -> None:
    before = parse(data)
    after = parse(before.with_path(path).render())
    assert after.path == after.effect().path == path
    assert [after.is_on(name) for name in SWITCH_NAMES] == [before.is_on(name) for name in SWITCH_NAMES]


@given(FILES)
def test_a_mended_file_is_read_as_it_is_written(data: bytes) -> None:
    mended = parse(data).fix()
    assert mended.fix() == parse(mended.render()) == mended
    assert b"\r" not in mended.render()
    assert mended.render().endswith(b"\n") or not mended.lines
    effect = mended.effect()
    assert effect.path == mended.path
    assert effect.switches == {name for name in SWITCH_NAMES if mended.is_on(name)}


def test_the_vendors_template() -> None:
    document = parse(VENDOR)
    assert {name for name in SWITCH_NAMES if document.is_on(name)} == {"eliminateGarbage"}
    assert document.path == ""
    assert document.effect() == Effect(frozenset({"eliminateGarbage"}), "")
    changed = document.with_switch("dumpTensor", True).with_switch("eliminateGarbage", False).with_path("/data/run 1")
    assert changed.render() == (
        b"dumpTensor\n#eliminateGarbage\n#dequantFixed\n#dumpasstring\n#disableDomainFuseOps\npath=/data/run 1\n"
        b"#dumpdonotrecovery\n"
    )
    assert (
        changed.with_switch("dumpTensor", False).with_switch("eliminateGarbage", True).with_path("").render() == VENDOR
    )


def test_only_the_lines_that_must_change_do() -> None:
    data = b"# mine\r\n\r\nsplitTensorByTile 3\r\n# dumpTensor\r\npath=/a\r\n\xff\xfe"
    changed = parse(data).with_switch("dumpTensor", True).with_path("/b")
    assert changed.render() == b"# mine\r\n\r\nsplitTensorByTile 3\r\ndumpTensor\npath=/b\n\xff\xfe"


def test_a_line_added_behind_an_unended_one() -> None:
    assert parse(b"dumpTensor").with_switch("dequantFixed", True).render() == b"dumpTensor\ndequantFixed\n"
    assert parse(b"").with_path(".").render() == b"path=.\n"


def test_misspelt_lines_are_reused() -> None:
    assert parse(b" DumpTensor\npath = x\n").with_switch("dumpTensor", True).with_path("/y").render() == (
        b"dumpTensor\npath=/y\n"
    )


def test_switching_off_reaches_every_line_the_simulator_would_read() -> None:
    data = b"dumpTensor\ndumpTensorXYZ\n"
    assert parse(data).with_switch("dumpTensor", False).render() == b"#dumpTensor\n#dumpTensorXYZ\n"


def test_of_several_paths_one_stays() -> None:
    assert parse(b"path=a\npath=b\n").with_path("c").render() == b"#path=a\npath=c\n"


def test_what_the_simulator_reads_of_damaged_files() -> None:
    assert parse(b"dumpTensor\npath=/data/run").effect().path == "/data/ru"
    assert parse(b"dumpTensor\r\npath=/data\r\n").effect() == Effect(frozenset({"dumpTensor"}), "/data\r")
    assert parse(b" dumpTensor\nDumpTensor\n#dumpTensor\npath = x\n").effect() == Effect(frozenset(), None)
    assert parse(b"dumpTensorXYZ\npath=\n").effect() == Effect(frozenset({"dumpTensor"}), "")
    assert parse(b"dumpTensor").effect() == Effect(frozenset(), None)


def test_mending() -> None:
    data = b"\xef\xbb\xbf dumpTensor \r\nDEQUANTFIXED\r\n# dumpasstring \r\nown line \r\npath = /a b \r\nlast"
    assert parse(data).fix().render() == (b"dumpTensor\ndequantFixed\n# dumpasstring \nown line \npath=/a b\nlast\n")


def test_names_and_paths_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        parse(b"").is_on("dumptensor")
    assert caught.value.hint.startswith("did you mean dumpTensor?")
    with pytest.raises(UsageError, match="control characters"):
        parse(b"").with_path("a\nb")


def test_real_files(sgs: Path, shared_data: Path) -> None:
    files = [*sgs.glob("*/*DebugConfig.txt"), *shared_data.glob("faults/*/*.DebugConfig.txt")]
    assert len(files) >= 60
    for file in files:
        document = load(file)
        assert document.render() == file.read_bytes()
        assert document.fix() == document
        assert document.is_on("dumpTensor")
        assert (document.path or "").startswith("/home/user/run/")
        assert document.effect() == Effect(
            frozenset(name for name in SWITCH_NAMES if document.is_on(name)), document.path
        )


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        load(tmp_path / "DebugConfig.txt")


def test_every_key_is_described() -> None:
    assert [switch.name for switch in (*SWITCHES, PATH_KEY)] == [
        "dumpTensor", "eliminateGarbage", "dequantFixed", "dumpasstring", "disableDomainFuseOps", "dumpdonotrecovery",
        "path",
    ]  # fmt: skip
    assert all(switch.meaning and switch.read_by and switch.recommended for switch in (*SWITCHES, PATH_KEY))


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_shipped_templates_are_current_and_do_what_they_say(preset: Preset) -> None:
    data = (SHIPPED / preset.key / "DebugConfig.txt").read_bytes()
    assert data == template(preset)
    assert parse(data).effect() == Effect(preset.switches, ".")
    assert parse(data).fix().render() == data


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
@given(data=FILES)
def test_a_preset_sets_its_switches_and_keeps_the_rest(preset: Preset, data: bytes) -> None:
    before = parse(data)
    after = apply(preset, before)
    on = {name for name in SWITCH_NAMES if after.is_on(name)} - {"dumpdonotrecovery"}
    assert on == preset.switches
    assert after.path == before.path
    assert after.is_on("dumpdonotrecovery") == before.is_on("dumpdonotrecovery")
    assert apply(preset, after) == after


def test_nothing_else_is_shipped() -> None:
    assert {path.name for path in SHIPPED.iterdir()} == {preset.key for preset in PRESETS}


def test_the_difference_shows_line_ends() -> None:
    assert difference(b"a\nb\n", b"a\nb\n", "f") == []
    assert difference(b"a\r\nb", b"a\nc\n", "f") == [
        "--- f (now)", "+++ f (new)", "@@ -1,2 +1,2 @@", "-a\r", "-b", "\\ No newline at end of file", "+a", "+c",
    ]  # fmt: skip


def test_documents_compare_by_content() -> None:
    assert parse(b"dumpTensor\n") == DebugConfig(split_lines(b"dumpTensor\n"))
