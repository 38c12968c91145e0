"""From measurements to the rows of the table."""

from collections.abc import Callable, Iterable
from statistics import median, quantiles
from typing import TypeVar

from bench import hours, planner, scrape
from bench.large import Start
from bench.manypods import PodCosts
from bench.quiet import Quiet
from bench.report import Row, compared
from bench.settle import Floor, Settled

T = TypeVar("T")


def settle_rows(ours: list[Settled], floors: list[Floor]) -> list[Row]:
    """A fleet that settles; medians of all turns."""
    wall, ready = _median(floors, lambda one: one.written), _median(floors, lambda one: one.ready)
    cpu = _median(floors, lambda one: one.cpu)
    return [
        compared("settle: all sized, with children", "s", _median(ours, lambda one: one.sized), wall, 2),
        Row(
            "settle: the same, turn by turn",
            _each(ours, lambda one: one.sized),
            _each(floors, lambda one: one.written),
        ),
        compared("settle: all ready", "s", _median(ours, lambda one: one.ready), ready, 2),
        compared(
            "settle: processor time; floor: the client's", "s", _median(ours, lambda one: one.cpu), cpu, 2
        ),
        compared("settle: writes for each resource", "", _median(ours, lambda one: one.writes), 6),
        Row("settle: peak memory of the operator", f"{_median(ours, lambda one: one.peak_mib):.0f} MiB"),
    ]


def large_rows(settled: Settled) -> list[Row]:
    """A thousand resources that settle."""
    return [
        Row("large: all sized, with children", f"{settled.sized:.0f} s"),
        Row("large: all pods ready", f"{settled.ready:.0f} s"),
        Row("large: processor time", f"{settled.cpu:.1f} s"),
        Row("large: writes for each resource", f"{settled.writes:.1f}"),
        Row("large: peak memory of the operator", f"{settled.peak_mib:.0f} MiB"),
    ]


def edit_rows(ours: list[float], floor: list[float]) -> list[Row]:
    """One of them is edited."""
    return [
        compared(
            f"edit: until the Deployment follows, p{percent}",
            "ms",
            _percentile(ours, percent),
            _percentile(floor, percent),
        )
        for percent in (50, 99)
    ]


def quiet_rows(calm: Quiet) -> list[Row]:
    """Nothing happens to them."""
    return [
        Row(f"quiet: writes in {calm.seconds:.0f} s", f"{calm.writes:.0f}", "0"),
        Row("quiet: checkpoints of accounts 15 min old", f"{calm.checkpoints:.0f}"),
        Row("quiet: looks that found nothing to do", f"{calm.reconciles:.0f}"),
        Row("quiet: renewals of the lease", f"{calm.renewals:.0f}"),
        Row("quiet: share of one core", f"{calm.core:.2%}"),
    ]


def start_rows(found: Start) -> list[Row]:
    """Another process takes them over."""
    return [
        Row("start: until the first reconcile is done", f"{found.first:.1f} s"),
        Row("start: until every resource was looked at", f"{found.all:.1f} s"),
        Row("start: processor time until then", f"{found.cpu:.1f} s"),
    ]


def pod_rows(found: PodCosts) -> list[Row]:
    """One pod: its events, and its memory."""
    return [
        Row(f"pod: one event of {found.sent_bytes / 1000:.1f} KB", f"{found.event_microseconds:.0f} µs"),
        Row(f"pod: resident memory, each of {found.pods:,}", f"{found.bytes_each:.0f} bytes"),
        Row("pod: resident memory of the process before", f"{found.before_mib:.0f} MiB"),
        Row("pod: resident memory of the process with them", f"{found.resident_mib:.0f} MiB"),
        Row("pod: the most that it had meanwhile", f"{found.peak_mib:.0f} MiB"),
    ]


def planner_rows() -> list[Row]:
    """One decision, in a process that runs and in one that has to start first."""
    return [
        compared("plan: on 1 pool; floor: parsing resource", "µs", planner.one_pool(), planner.parsing(), 0),
        Row("plan: the same once more, as at every look", f"{planner.again():.0f} µs"),
        compared(
            f"plan: on {planner.POOLS} pools; floor: parsing them",
            "µs",
            planner.many_pools(),
            planner.parsing_many(),
            0,
        ),
        compared(
            "plan: the command, cold; floor: its imports",
            "ms",
            planner.cold_start(),
            planner.cold_floor(),
            0,
        ),
    ]


def schedule_rows() -> list[Row]:
    """The hours of a fleet: now, and in a month."""
    step = hours.cron_step()
    return [
        compared("schedule: the level now, 1 window; floor: one step of cron", "µs", hours.level(1, 0), step),
        compared("schedule: 5 windows; floor: the same", "µs", hours.level(5, 0), step),
        compared("schedule: 5 windows and 20 exceptions; floor: the same", "µs", hours.level(5, 20), step),
        compared(
            "schedule: a month of these; floor: the steps of cron in it",
            "µs",
            hours.new_month(5, 20),
            hours.cron_month(5),
            0,
        ),
        Row("schedule: the same month again", f"{hours.same_month(5, 20):.1f} µs"),
    ]


def scrape_rows() -> list[Row]:
    """A look at ten thousand queues, and at one."""
    ours, floor = scrape.look_and_floor()
    pods = scrape.FLEETS * scrape.PODS
    return [
        compared(
            f"queue: {pods:,} pods read, {scrape.FLEETS} fleets decided; floor: bare sockets",
            "s",
            ours.wall,
            floor.wall,
            2,
        ),
        compared("queue: the same, processor time", "s", ours.cpu, floor.cpu, 2),
        compared(
            "queue: one body of 51 to 68 KB; floor: one search for one name",
            "µs",
            scrape.extraction(),
            scrape.search(),
            0,
        ),
    ]


def _percentile(seconds: list[float], percent: int) -> float:
    """In milliseconds, inclusive: the 99th of so few lies next to the greatest."""
    return 1000 * quantiles(seconds, n=100, method="inclusive")[percent - 1]


def _each(of: Iterable[T], value: Callable[[T], float]) -> str:
    """Every turn in seconds, so that a reader sees how far to trust the median."""
    return ", ".join(f"{value(one):.1f}" for one in of)


def _median(of: Iterable[T], value: Callable[[T], float]) -> float:
    return median(map(value, of))
