"""The table of autoscalers: that it is made of real runs, says what it must, and can be written twice."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bench import autoscale, autoscale_command, report
from bench.autoscale import CLAIRVOYANT, OURS, POLICIES, RIGHT_SIZED, WITHOUT_END, Figures, Job, figures
from bench.autoscale_cases import CASES, COLD_STARTS, Case, shape_of, trace_of
from bench.autoscale_report import MARK, checks, mean_ratio, text
from llamafleet.planning.scaling.slots import slots
from llamafleet.simulation import Trace

AZURE = "azure-conv-2023"
FINE = Figures(10.0, 0.0, 5.0, 8.0, 9.0, 0.99, 0.0, 3, 4)
"""A run that meets every goal."""


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every trace ends after twenty minutes."""
    whole = trace_of

    def head(name: str) -> Trace:
        found = whole(name)
        count = sum(arrival < 1200 for arrival in found.arrivals)
        return Trace(found.arrivals[:count], found.inputs[:count], found.outputs[:count])

    monkeypatch.setattr(autoscale, "trace_of", head)
    for cached in (autoscale.settings_of, autoscale.constant):
        cached.cache_clear()
    yield
    for cached in (autoscale.settings_of, autoscale.constant):
        cached.cache_clear()


def everywhere(ours: Figures, plan: Figures) -> dict[Job, Figures]:
    """A table in which every run came to the same."""
    rows = {OURS: ours, WITHOUT_END: ours, RIGHT_SIZED: FINE, CLAIRVOYANT: plan}
    return {
        Job(case, cold, policy): one for case in CASES for cold in COLD_STARTS for policy, one in rows.items()
    }


@pytest.mark.usefixtures("minutes")
@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_serves_the_first_minutes(policy: str) -> None:
    found = figures(Job(AZURE, 60, policy))
    assert 0.5 < found.gpu_hours < 4
    assert found.p50 <= found.p95 <= found.p99 <= found.longest
    assert 0 < found.within <= 1
    assert found.most <= 8 or policy == WITHOUT_END


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_fleets_are_those_of_the_profiles(case: Case) -> None:
    """The planner sizes the resource of each trace as the replica that is simulated for it."""
    shape = shape_of(case.spec(20))
    assert shape.gpus == case.lab.gpus
    assert (shape.pool.gpu.key, shape.quantization) in {("a100-80gb", "INT4"), ("a100-80gb", "BF16")}
    assert slots(autoscale.told(case, shape)) == case.lab.max_num_seqs


def test_the_mean_is_geometric_and_over_the_traces_of_days() -> None:
    found = everywhere(FINE._replace(gpu_hours=30), FINE)
    days = [case.name for case in CASES.values() if case.days]
    assert len(days) == 3
    found[Job(days[0], 60, OURS)] = FINE._replace(gpu_hours=30 * 8)
    assert mean_ratio(found, OURS, 60) == pytest.approx(6)
    assert mean_ratio(found, OURS, 180) == pytest.approx(3)
    del found[Job(days[1], 180, OURS)]
    assert mean_ratio(found, OURS, 180) is None


def test_a_run_that_meets_every_goal_is_told_so() -> None:
    lines = [*checks(everywhere(FINE, FINE))]
    assert len(lines) == 3 * 3 + 2 * 3 + 5 * 3 + 3
    assert {line.split(":")[0] for line in lines} == {"* met"}


@pytest.mark.parametrize(
    ("ours", "missed"),
    [
        (FINE._replace(p95=800.0), 15),
        (FINE._replace(longest=661.0), 15),
        (FINE._replace(gpu_hours=11.1), 6),
        (FINE._replace(gpu_hours=23.0), 9),
    ],
    ids=["late", "longer than a cold start", "dear when steady", "dear"],
)
def test_a_goal_that_is_missed_is_told(ours: Figures, missed: int) -> None:
    lines = [*checks(everywhere(ours, FINE))]
    assert sum(line.startswith("* NOT MET") for line in lines) == missed


def test_a_policy_that_is_late_somewhere_is_marked() -> None:
    late = everywhere(FINE, FINE)
    late[Job("servegen-large-a-7d", 60, OURS)] = FINE._replace(p95=11.0)
    shown = text(late)
    assert f"11.0{MARK}" in shown
    means = shown[shown.index("Geometric mean") :]
    ours = next(line for line in means.splitlines() if line.startswith(f"| {OURS}"))
    assert ours.count(MARK) == 1


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n\n{report.START}\n\nold\n\n{report.END}\n\nAfter\n", "utf-8")
    for _ in range(2):
        report.put(page, "| figures |", "`how`", date(2026, 11, 21))
        shown = page.read_text("utf-8")
        assert (shown.count("| figures |"), shown.count("old")) == (1, 0)
        assert shown.startswith("# Before\n")
        assert shown.endswith(f"{report.END}\n\nAfter\n")


def test_the_page_has_the_marks_between_which_it_is_written() -> None:
    shown = autoscale_command.PAGE.read_text("utf-8")
    assert (shown.count(report.START), shown.count(report.END)) == (1, 1)
