# SPDX-License-Identifier: GPL-2.0
"""The report: its figures equal the results', and the page loads nothing."""

import dataclasses
import json
import re
import subprocess
from html.parser import HTMLParser

import pytest

from bench import chapters, estimate, figures, papers, plot, sweep, synthetic
from bench.case import CASES
from bench.document import BadInput
from bench.variant import REPO, VARIANTS

UDP, TCP, RR = CASES["udp-1400-1flow"], CASES["tcp-mtu-1flow"], CASES["udp-rr"]
SCALES = {(case.name, variant): scale for case in (UDP, TCP, RR) for variant, scale in (("stock", 1.0), ("lanes-2", 0.5))}


def run_of(scales=None, **options):
    return figures.Run(figures.FRONT, *synthetic.measured(scales or SCALES, **options))


def swept(name="size", refused=()):
    """A sweep's document, with all its points except those in refused, (case, variant)."""
    about = sweep.SWEEPS[name]
    scales = {(case, variant): 1.0 if "stock" in variant else 0.5 for case in about.cases for variant in about.variants([case])
              if (case, variant) not in refused}
    rows, details = synthetic.measured(scales)
    return {"sweep": name, "points": [dataclasses.asdict(point) for point in about.points],
            "refused": [{"case": case, "variant": variant, "why": "too slow & dull"} for case, variant in refused],
            "results": rows, **details}


@pytest.fixture
def directory(tmp_path):
    """A directory with all files that a report needs."""
    results, details = synthetic.measured(SCALES)
    for name, document in (("results.json", results), ("rounds.json", details), ("sweep-size.json", swept())):
        (tmp_path / name).write_text(json.dumps(document))
    return tmp_path


def make(directory):
    done = subprocess.run([REPO / "test/bench/report", "--from", directory], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class Page(HTMLParser):
    """Records the URLs that the page would load, unclosed elements, and the page's text."""

    EMPTY = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.loads, self.open, self.ids, self.links, self.text = [], [], set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in ("script", "link", "img", "iframe", "object") or "src" in attrs:
            self.loads.append(tag)
        if tag == "a":
            self.links.append(attrs["href"])
        self.ids.add(attrs.get("id"))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_page_is_whole_and_needs_nothing_else(directory):
    status, said = make(directory)
    assert status == 0, said
    text = (directory / "report.html").read_text()
    page = Page(text)
    assert not page.loads and not page.open
    assert not re.search(r"https?://|@import|url\(", text)
    assert all(link[1:] in page.ids for link in page.links) and len(page.links) >= 8
    for word in ("none <at all>", "udp-1400-1flow", "lanes-2", "FALCON (EuroSys '21)", "same cluster", "option rounds",
                 "An estimate, not a measurement", "What emulation cannot show", "Round", "99.9 %"):
        assert word.lower() in page.text.lower(), word


def test_ratios_are_those_of_the_results():
    run = run_of()
    found = run.ratio(UDP, "lanes-2", UDP.counted.busiest_instructions)
    assert found.value == pytest.approx(2) and found.low == pytest.approx(2 * 0.99 / 1.01) and found.high == pytest.approx(2 * 1.01 / 0.99)
    assert run.ratio(UDP, "auto", UDP.counted.busiest_instructions) is None
    assert [(part.role, round(part.kernel), round(part.user)) for part in run.parts(UDP, "stock")] == [
        ("nic", 9000, 0), ("worker", 4000, 0), ("delivery", 1000, 0), ("application", 1500, 1000)]
    assert [round(part.kernel) for part in run.parts(TCP, "stock")] == [9000, 4000, 1000, 1500]
    assert run.application(UDP, "lanes-2") == (pytest.approx(2500), pytest.approx(1))


def test_case_table_has_both_directions():
    text = Page(str(chapters.case(run_of(), UDP)[0])).text
    # the busiest CPU has half of the work; all CPUs have 4500 + 2000 + 1000 + 2500 of 9000 + 4000 + 1000 + 2500
    assert "2.00" in text and f"{10000 / 16500:.2f}" in text


def test_what_the_machine_did_is_no_fault_of_the_variants():
    results, details = synthetic.measured({(UDP.name, "stock"): 1.0, (UDP.name, "lanes-2"): 0.99}, spread=0.05)
    for item in details["rounds"]:
        if item["variant"] == "lanes-2":
            item["dropped_by_host"], item["host_busy"] = 2, 0.99
    for row in results:
        row["lost"] = 6 if row["variant"] == "lanes-2" else 1
    text = "".join(chapters.case(figures.Run(figures.FRONT, results, details), UDP))
    assert "6 (6 on the host)" in text and '<td class="bad">1</td>' in text and text.count('class="bad"') == 1
    assert "lanes-2: in 3 of 3 rounds the host was more than 95% busy" in text and "good" not in text


def test_works_have_the_lines_of_each_cpu():
    works, known = run_of().works(UDP, "stock")
    assert known and works == [estimate.Work("nic", 9000, 10), estimate.Work("worker", 4000, 20),
                               estimate.Work("delivery", 1000, 0), estimate.Work("application", 2500, 30)]
    assert run_of(lined=False).works(UDP, "stock") == ([], False)
    assert "LINED=0" in "".join(chapters.estimated(run_of(lined=False)))


def test_other_roles_while_lines_were_counted_make_a_guess():
    run = run_of()
    for item in run.details["lined"]:
        item["roles"] = ["nic", "worker", "worker", "application"]
    works, known = run.works(UDP, "stock")
    assert not known and sum(work.lines for work in works) == pytest.approx(60)
    assert "lanes-2 *" in "".join(chapters.estimated(run))


def test_estimate_of_a_case_is_the_models():
    cells, known = chapters._estimates(run_of(), UDP, "lanes-2")        # pylint: disable=protected-access
    stock, ours = (estimate.estimate(instructions, 10, estimate.LINES[0]).ns for instructions in (9000, 4500))
    assert known and cells[:3] == [plot.number(ours / 1e3), "NIC", f"{stock / ours:.2f}"]


def test_papers_stand_beside_what_was_measured():
    text = "".join(chapters.published([run_of()]))
    assert "2.00 lanes-2 (tcp-mtu-1flow)" in text and "not measured" in text
    for entry in papers.FIGURES:
        assert 0.5 < entry.published < 5, entry
        assert entry.quantity in (papers.BUSIEST, papers.TOTAL, papers.LATENCY, papers.KERNEL)
        assert all(case in CASES for case in entry.cases), entry


def test_a_sweep_is_drawn_point_by_point_and_says_what_is_missing():
    document = swept(refused=[("udp-65507-1flow", "lanes-2")])
    sweep.check(document)
    run = figures.Run("size", document["results"], document, [sweep.Point(**point) for point in document["points"]],
                      document["refused"])
    text = "".join(chapters.swept(run))
    assert text.count("<svg") == 2 and "too slow &amp; dull" in text
    assert "lanes-2, UDP: 2.00 at 16,384" in text and "lanes-2, UDP: 2.00 at 65,507" not in text
    # three variants, each at all eight sizes except one
    points, _, beside = text.partition("Beside the papers")
    assert points.count("<tr>") == 1 + 3 * 8 - 1 and "mFlow" in beside and "HotCloud" not in beside


def test_others_work_is_not_the_packets():
    document = swept("busy")
    for item in document["rounds"]:
        if item["variant"].startswith("auto"):
            item["instructions"] = [[kernel, 10 ** 9] for kernel, _ in item["instructions"]]
    run = figures.Run("busy", document["results"], document, [sweep.Point(**point) for point in document["points"]])
    text = "".join(chapters.swept(run))
    assert "auto, UDP: 2.00 at 100" in text and "2.00 auto-busy-100" in text and "1,000,000" not in text


def test_every_sweep_has_points_that_can_be_measured():
    for about in sweep.SWEEPS.values():
        places = [(point.x, point.series) for point in about.points]
        assert len(set(places)) == len(places) >= 3
        for point in about.points:
            assert point.case in CASES
            for variant in (point.variant, point.base):
                assert VARIANTS[variant].min_vcpus <= about.vcpus
        sweep.check(swept(about.name))


def test_a_sweeps_file_is_checked():
    document = swept()
    document["points"][0]["variant"] = "hash"
    with pytest.raises(sweep.schema.SchemaError, match="no results of udp-32-1flow, hash"):
        sweep.check(document)
    with pytest.raises(sweep.schema.SchemaError, match="'refused' is missing"):
        sweep.check({key: value for key, value in swept().items() if key != "refused"})


@pytest.mark.parametrize("change, message", [
    (lambda path: [file.unlink() for file in path.iterdir()], "nothing was measured yet"),
    (lambda path: (path / "results.json").write_text("["), "results.json: no JSON"),
    (lambda path: (path / "rounds.json").unlink(), "rounds.json: No such file"),
    (lambda path: (path / "rounds.json").write_text('{"rounds": []}'), "of another run"),
    (lambda path: (path / "rounds.json").write_text("[]"), "not what the bench writes"),
])
def test_what_cannot_be_reported_is_refused(directory, change, message):
    change(directory)
    status, said = make(directory)
    assert status == 2 and message in said
    with pytest.raises(BadInput, match=re.escape(message)):
        figures.load(directory)


def test_a_sweep_of_an_earlier_version_is_left_out_and_said(directory):
    (directory / "sweep-size.json").write_text("{}")
    status, said = make(directory)
    assert status == 0 and f"left out: {directory}/sweep-size.json: document: 'sweep' is missing" in said
    assert "Sweep: size" not in (directory / "report.html").read_text()
    (directory / "results.json").unlink()
    status, said = make(directory)
    assert status == 2 and "nothing was measured yet" in said and "left out" in said


@pytest.mark.parametrize("most, ticks", [(1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (2.95, [0, 1, 2, 3]), (11740, [0, 5000, 10000, 15000])])
def test_ticks_are_round_and_cover_all(most, ticks):
    assert plot.nice_ticks(most) == pytest.approx(ticks)


@pytest.mark.parametrize("value, text", [(0, "0"), (11738.4, "11,738"), (3.14159, "3.14"), (0.01234, "0.0123"), (42.42, "42.4")])
def test_numbers_are_short(value, text):
    assert plot.number(value) == text


def test_plot_has_every_point_and_its_range():
    text = plot.lines({"a <b>": [(1, 1.0, 0.9, 1.1), (100, 2.0, 2.0, 2.0)]}, "x", "y", True, 1)
    assert text.count('<path class="fill s0"') == 3 and text.count('class="range') == 1 and "a &lt;b&gt;" in text
    assert 'class="reference"' in text and plot.lines({}, "x", "y") == ""
