"""The page: self-contained, harmless whatever the names are, right in a browser."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sgs_tui.batch.compare import View, compare
from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats.html import heading, write
from sgs_tui.batch.formats.html import page as page_in
from sgs_tui.engine.compare.select import parse_query
from sgs_tui.engine.diagnosis.results import Cause, Course, Diagnosis, Evidence, Finding, Trend
from sgs_tui.engine.reports.details import Details, FileFacts, file_facts, gather_details, noteworthy
from sgs_tui.engine.session import CompareRequest
from tests.batch.test_golden import check
from tests.layer_rows import HOSTILE_NAMES, failing, layer, not_comparable, not_finite, perfect, unmatched
from tests.report_builder import report

PAIRS = {
    "bad": ("bad/bad_fixed_dq.bin", "bad/bad_float.bin", "bad/tensor_min_max.txt"),
    "keepgarbage": ("tiny/fixed_dq_keepgarbage.bin", "tiny/float.bin", None),
    "raw": ("tiny/fixed_raw.bin", "tiny/float.bin", "tiny/tensor_min_max.txt"),
    "healthy": ("tiny/fixed_dq.bin", "tiny/float.bin", "tiny/tensor_min_max.txt"),
    "damaged": ("damaged/stops_early.bin", "tiny/float.bin", None),
    "nothing": ("damaged/empty.bin", "tiny/float.bin", None),
}
NO_DETAILS = Details("2026-01-01 00:00:00 UTC", (("sgs-tui", "1"),), ())


class Page(HTMLParser):
    """Every element's attributes, and the text outside of style and script."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "br", "input", "path"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "path":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"style", "script"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(sgs: Path, pair: str) -> bytes:
    sample, benchmark, ranges = PAIRS[pair]
    request = CompareRequest(sgs / sample, sgs / benchmark, sgs / ranges if ranges else None)
    return write(compare(request), Screen())


@pytest.mark.parametrize("pair", PAIRS)
def test_pages_of_real_pairs_are_well_formed(sgs: Path, pair: str) -> None:
    page = Page(page_of(sgs, pair))
    assert page.open == []
    loading = [value for _, attributes in page.elements for key in ("src", "href") if (value := attributes.get(key))]
    assert all(value == "data:," or value.startswith("#layer-") for value in loading)
    anchors = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {value[1:] for value in loading if value.startswith("#")} <= anchors


def test_what_the_page_of_bad_says(sgs: Path) -> None:
    page = Page(page_of(sgs, "bad"))
    assert "1 of 20 layers failed" in page.text
    assert "RMSE 0.9991 > 0.5; error introduced" in page.text
    assert "gate: tensors of very different size share one scale" in page.text
    assert "tensor_arrays=" in page.text
    pictures = [attributes for tag, attributes in page.elements if tag == "svg"]
    assert "Histogram of gate" in [picture["aria-label"] for picture in pictures]
    digest = file_facts("sample", sgs / PAIRS["bad"][0]).sha256
    assert digest in page.text
    rows = [attributes for tag, attributes in page.elements if tag == "tr"]
    assert len(rows) == 21


def test_the_page_of_bad_is_the_golden_one(sgs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the diagnosis, whose last digits depend on the machine, and what tells of this one."""
    monkeypatch.chdir(sgs)
    sample, benchmark, ranges = PAIRS["bad"]
    request = CompareRequest(Path(sample), Path(benchmark), Path(str(ranges)))
    made = compare(request, diagnosing=False)
    details = replace(gather_details(request, made.rows), made="now", environment=(), files=())
    check("bad.html", page_in(made, details))


def test_names_from_a_dump_are_only_text() -> None:
    names = [*HOSTILE_NAMES, "<script>alert(1)</script>", '"><img src=x onerror=y>', "</code></style></script>", "&lt;"]
    rows = [failing(name, number) for number, name in enumerate(names)]
    made = report(rows, [unmatched(name) for name in names], paths=("<b>.bin", 'a"b.bin'))
    found = Diagnosis(
        tuple(Finding(Cause.CLIPPING, (n,), 0.5, (Evidence(n),), (n,), n) for n in names),
        (),
        Trend(Course.JUMP, names[0], "<i>"),
        True,
    )
    details = Details("now", (("<x>", "<y>"),), (FileFacts("<r>", "<p>", 1, "<m>", "<s>"),), (), tuple(rows))
    data = page_in(replace(made, diagnosis=found), details)
    page = Page(data)
    assert page.open == []
    assert {tag for tag, _ in page.elements} <= {
        *("html", "head", "meta", "link", "title", "style", "body", "header", "h1", "h2", "h3", "p", "dl", "dt", "dd"),
        *("main", "section", "article", "div", "label", "select", "input", "span", "table", "thead", "tbody", "tr"),
        *("th", "td", "code", "b", "ul", "li", "br", "footer", "script", "i", "a"),
    }
    assert not any(key.startswith("on") or key == "style" for _, attributes in page.elements for key in attributes)
    assert b"\x1b" not in data and b"\xe2\x80\xae" not in data
    assert "<script>alert(1)</script>" in page.text


def test_the_heading_says_the_worst_first() -> None:
    good, bad, warned = layer("a"), failing("b", 1), not_comparable("c", 2)
    assert heading(report([good]))[1] == "ok"
    assert heading(report([good, bad])) == ("1 of 2 layers failed", "fail")
    assert heading(report([warned])) == ("Nothing could be compared", "fail")


def test_the_diagnosis_is_shown_where_there_is_one() -> None:
    found = Diagnosis(
        (Finding(Cause.SHARED_SCALE, ("gate",), 0.9, (Evidence("1.2 of 255 steps"),), ("raise cat",), "no change"),),
        (),
        Trend(Course.JUMP, "gate", "jumps at gate"),
        True,
    )
    made = report([failing("gate", 0)])
    text = Page(page_in(replace(made, diagnosis=found), NO_DETAILS)).text
    for words in ("(shared_scale, by the figures)", "1.2 of 255 steps", "raise cat", "no change", "jumps at gate"):
        assert words in text
    assert "Diagnosis" not in Page(page_in(made, NO_DETAILS)).text


def test_layers_that_were_left_out_are_said(sgs: Path) -> None:
    sample, benchmark, _ = PAIRS["keepgarbage"]
    made = compare(CompareRequest(sgs / sample, sgs / benchmark), View(parse_query("gate")))
    assert "Layers: 1 of 20 layers shown" in Page(page_in(made, NO_DETAILS)).text


def test_the_first_failing_layer_is_always_looked_at() -> None:
    rows = [layer("fine"), *(failing(f"f{n}", n + 1, rmse=0.6 + n / 100) for n in range(60)), not_finite("nan", 99)]
    chosen = noteworthy(rows, (), 40)
    assert len(chosen) == 40
    assert chosen[0].name == "f0"
    assert chosen[-1].name == "nan"
    assert "f1" not in {row.name for row in chosen}
    assert [row.name for row in noteworthy([layer("a"), perfect("b", 1)])] == ["a"]
    assert noteworthy([not_comparable("c", 0)]) == []
    assert [row.name for row in noteworthy([layer("a"), perfect("b", 1)], ("b",))] == ["b"]
    assert [row.name for row in noteworthy(rows, ("fine",), 3)] == ["fine", "f0", "nan"]


def test_a_dump_that_changed_is_no_wrong_picture(sgs: Path, tmp_path: Path) -> None:
    for name, source in (("s.bin", PAIRS["bad"][0]), ("b.bin", PAIRS["bad"][1])):
        shutil.copy(sgs / source, tmp_path / name)
    request = CompareRequest(tmp_path / "s.bin", tmp_path / "b.bin")
    made = compare(request)
    shutil.copy(sgs / "tiny/float.bin", tmp_path / "s.bin")
    details = gather_details(request, made.rows)
    assert [closeup.portrait for closeup in details.closeups] == [None]
    assert "changed after it was compared" in Page(page_in(made, details)).text
    (tmp_path / "b.bin").unlink()
    text = Page(page_in(made, gather_details(request, made.rows))).text
    assert "cannot be read any more: No such file" in text
    assert "b.bin: cannot open" in text


def test_progress_of_the_details_ends_at_the_total(sgs: Path) -> None:
    sample, benchmark, ranges = PAIRS["bad"]
    request = CompareRequest(sgs / sample, sgs / benchmark, sgs / str(ranges))
    told: list[tuple[int, int]] = []
    gather_details(request, compare(request).rows, lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_an_svg_has_only_numbers_in_its_paths(sgs: Path) -> None:
    sample, benchmark, ranges = PAIRS["bad"]
    request = CompareRequest(sgs / sample, sgs / benchmark, sgs / str(ranges))
    details = gather_details(request, compare(request).rows)
    portrait = details.closeups[0].portrait
    assert portrait is not None
    svg = page_in(report([]), details).decode().partition("<svg")[2].partition("</svg>")[0]
    paths = re.findall(r' d="([^"]*)"', svg)
    assert len(paths) > 4
    assert all(re.fullmatch(r"[MVHv\d. -]+", path) for path in paths)
    assert svg.count('class="limit"') == 2


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CLICKS = """<script>
var result=[],heads=document.querySelectorAll("th");
function names(){return Array.prototype.map.call(document.querySelectorAll("td.name code"),
function(each){return each.textContent})}
heads[4].click();result.push(names()[0]);heads[4].click();result.push(names()[0]);
heads[5].click();result.push(names()[0]);
heads[0].click();result.push(names()[0]);
document.getElementById("bad").click();
result.push(String(document.querySelectorAll("tbody tr:not([hidden])").length));
var words=document.getElementById("words");words.value="gate";words.dispatchEvent(new Event("input"));
result.push(document.getElementById("count").textContent);
document.title=result.join("|");</script></body>"""


def browse(page: Path, folder: Path) -> tuple[str, list[str], list[str]]:
    """The page's elements after its script ran, what the console says, and whatever the page asked for."""
    if BROWSER is None:
        pytest.skip("no chromium here")
    log = folder / "net.json"
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += ["--no-first-run", "--enable-logging=stderr", f"--log-net-log={log}", f"--user-data-dir={folder / 'u'}"]
    ended = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=90, check=True
    )
    console = [line for line in ended.stderr.splitlines() if "CONSOLE" in line]
    events = json.loads(log.read_text())["events"]
    starts = [event["params"] for event in events if "initiator" in event.get("params", {})]
    own = [start["url"] for start in starts if start["initiator"] != "not an origin"]
    return ended.stdout, console, own


@pytest.mark.parametrize("pair", ["bad", "nothing"])
def test_in_a_browser_nothing_is_complained_of_and_nothing_asked_for(sgs: Path, tmp_path: Path, pair: str) -> None:
    page = tmp_path / "report.html"
    page.write_bytes(page_of(sgs, pair))
    dom, console, requests = browse(page, tmp_path)
    assert (console, requests) == ([], [])
    assert ("20 of 20 shown" in dom) == (pair == "bad")


def test_sorting_and_finding_in_a_browser(sgs: Path, tmp_path: Path) -> None:
    """The page's own policy would not let the test's clicks run, so it is taken out here."""
    text = page_of(sgs, "bad").decode()
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text).replace("</body>", CLICKS)
    (tmp_path / "clicks.html").write_text(text)
    dom, console, _ = browse(tmp_path / "clicks.html", tmp_path)
    assert console == []
    title = re.search("<title>([^<]*)</title>", dom)
    assert title is not None
    assert title[1].split("|") == ["gate", "prob", "gate", "/backbone/relu1/Relu_output_0", "3", "1 of 20 shown"]


def test_the_browser_test_would_notice(tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text("<script src='http://127.0.0.1:9/x.js'></script><script>nope()</script>")
    _, console, requests = browse(tmp_path / "bad.html", tmp_path)
    assert any("nope" in line for line in console)
    assert requests == ["http://127.0.0.1:9/x.js"]
