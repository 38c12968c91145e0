"""A random week of restarts, failovers, pod churn and clock steps: the ledger is right to 0.1 %."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from llamafleet.planning.money.days import today
from llamafleet.planning.money.months import month_of
from llamafleet.planning.schedule.localtime import day_begin
from planning.money.pods import DAY, HOUR, MINUTE, SECOND, utc
from planning.money.week import GRACE_SECONDS, Pod, Week

LIMIT = Decimal("0.001")
WORST: list[tuple[Decimal, Decimal, Decimal]] = []
"""What was measured: error beyond the stated uncertainty, and the uncertainty, as shares of the truth."""

takes = st.integers(0, GRACE_SECONDS + 10)
which = st.integers(0, 50)


class RandomWeek(RuleBasedStateMachine):
    """What may happen to a fleet and its operator."""

    @initialize(
        before=st.integers(1, 200), zone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Kiritimati"])
    )
    def begin(self, before: int, zone: str) -> None:
        turn = month_of(utc("2026-11-10 00:00"), ZoneInfo(zone)).begin
        self.hasty = False
        self.start = turn - before * HOUR
        self.week = Week(self.start, zone)
        self.end = self.start + 7 * DAY

    def pick(self, number: int, *, leaving: bool = False) -> Pod | None:
        """A pod that exists, has a node, and is not the one that stays."""
        week = self.week
        found = [
            one
            for one in week.existing()[1:]
            if one.bound < week.now and (one.requested is not None) is leaving and not one.failed
        ]
        return found[number % len(found)] if found else None

    @rule(minutes=st.integers(1, 12 * 60), seconds=st.integers(0, 59))
    def time_passes(self, minutes: int, seconds: int) -> None:
        left = self.end - self.week.now
        self.week.pass_time(max(timedelta(), min(left, minutes * MINUTE + seconds * SECOND)))

    @rule(count=st.integers(1, 3), scheduling=st.integers(0, 900))
    def scaled_up(self, count: int, scheduling: int) -> None:
        for _ in range(count):
            self.week.born(scheduling=scheduling)
        self.week.look()

    @rule(number=which)
    def becomes_ready(self, number: int) -> None:
        if one := self.pick(number):
            one.ready = one.ready or self.week.now
            self.week.look()

    @rule(number=which)
    def crashes(self, number: int) -> None:
        if one := self.pick(number):
            one.restarts += 1
            self.week.look()

    @rule(number=which)
    def fails(self, number: int) -> None:
        if one := self.pick(number):
            one.failed = self.week.now
            self.week.look()

    @rule(number=which, seconds=takes)
    def scaled_down(self, number: int, seconds: int) -> None:
        if one := self.pick(number):
            self.week.deleted(one, seconds)
            self.week.look()

    @rule(number=which, seconds=takes, scheduling=st.integers(0, 20))
    def replaced(self, number: int, seconds: int, scheduling: int) -> None:
        if one := self.pick(number):
            self.week.deleted(one, seconds)
            self.week.born(scheduling=scheduling)
            self.week.look()

    @rule(number=which, leaving=st.booleans())
    def force_deleted(self, number: int, leaving: bool) -> None:  # noqa: FBT001 - hypothesis passes names
        if one := self.pick(number, leaving=leaving):
            self.week.forced(one)
            self.week.look()

    def may_change_prices(self) -> bool:
        """Once while the clock is wrong: a meter remembers one former price to take back."""
        if not self.week.skew and self.week.ledger.at <= self.week.clock:
            self.hasty = False
        return not self.hasty

    @precondition(may_change_prices)
    @rule(price=st.decimals("0.5", "3", places=2))
    def price_changes(self, price: Decimal) -> None:
        self.hasty = True
        self.week.price = price
        self.week.look()

    @rule(minutes=st.integers(-360, 360))
    def clock_steps(self, minutes: int) -> None:
        self.week.skew = minutes * MINUTE
        self.week.look()

    @rule()
    def clock_is_put_right(self) -> None:
        self.week.skew = timedelta()
        self.week.look()

    @rule()
    def write_is_lost(self) -> None:
        self.week.look(written=False)

    @rule()
    def other_process_takes_over(self) -> None:
        """It holds every departure since it last wrote, also those that are settled."""
        self.week.operators.reverse()
        self.week.look()

    @rule()
    def two_processes_write(self) -> None:
        """Both start from one checkpoint; the second write stands."""
        week = self.week
        first, second = (week.settled(operator) for operator in week.operators)
        assert first == second or week.operators[0].departed.keys() != week.operators[1].departed.keys()
        week.look(1)

    @precondition(lambda self: not self.week.skew or not self.week.operators[0].departed)
    @rule()
    def restarted(self) -> None:
        for operator in self.week.operators:
            operator.departed.clear()
        self.week.look()

    def is_down(self) -> bool:
        """Whether the ledger can know: the clock is right, and every pod has a node and so a meter."""
        week = self.week
        pending = any(one.bound > week.now for one in week.existing())
        return not pending and not week.skew and week.ledger.at <= week.clock

    @precondition(is_down)
    @rule(
        minutes=st.integers(1, 300),
        events=st.lists(
            st.tuples(st.sampled_from(["replace", "delete", "force", "fail"]), which, takes), max_size=4
        ),
    )
    def down_while_pods_come_and_go(self, minutes: int, events: list[tuple[str, int, int]]) -> None:
        week = self.week
        week.up = False
        for operator in week.operators:
            operator.departed.clear()
        for kind, number, seconds in events:
            self.time_passes(minutes // len(events), seconds % 60)
            if one := self.pick(number):
                self.happens(kind, one, seconds)
        self.time_passes(minutes, 0)
        week.up = True
        week.look()

    def happens(self, kind: str, one: Pod, seconds: int) -> None:
        """What happens to a pod without an operator: what ends is replaced, unless somebody scales down."""
        if kind == "fail":
            one.failed = self.week.now
        elif kind == "force":
            self.week.forced(one)
        else:
            self.week.deleted(one, seconds)
        if kind != "delete":
            self.week.born(scheduling=seconds % 20)

    def teardown(self) -> None:
        if not hasattr(self, "week"):
            return
        week = self.week
        week.skew = timedelta()
        week.look()
        week.pass_time(max(timedelta(), self.end - week.now) + 7 * HOUR)
        truth = week.truth(self.start, week.now)
        error = max(Decimal(0), abs(week.billed() - truth) - week.uncertain)
        WORST.append((error / truth, week.uncertain / truth, truth))
        assert error < LIMIT * truth, (week.billed(), truth, week.uncertain)
        day = today(week.ledger, week.now)
        true_day = week.truth(day_begin(day.date, ZoneInfo(week.zone)), week.now)
        assert abs(day.usd - true_day) <= week.uncertain + LIMIT * truth, (day, true_day)


RandomWeek.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestRandomWeek = RandomWeek.TestCase
