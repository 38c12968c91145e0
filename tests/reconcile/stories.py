"""Random months: schedules, money, and what people do meanwhile."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.planning.money.months import CalendarMonth, month_of
from llamafleet.planning.schedule.localtime import zone_of
from llamafleet.planning.schedule.windows import Interval, open_intervals
from reconcile.months import SECOND, Edit, Month

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/St_Johns",
]
MONTHS = [(2026, 3), (2026, 4), (2026, 10), (2026, 11), (2027, 2), (2027, 3)]
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
CENT = Decimal("0.01")
PRICES = [Decimal("1.19"), Decimal("0.4"), Decimal("3.33"), Decimal(13)]

Json = dict[str, Any]


@dataclass
class Story:
    """A month, and what is known of it beforehand.

    Attributes:
        month: the fleet's world.
        calendar: the month of the calendar that it lives through.
        until: when the story ends.
        budget: spec.cost.monthlyBudget.
        is_calm: nobody edits anything, the operator is never down, and prices stay.
    """

    month: Month
    calendar: CalendarMonth
    until: datetime
    budget: Decimal | None
    is_calm: bool

    @property
    def spec(self) -> LlamaDeploymentSpec:
        """The spec as it stands."""
        return LlamaDeploymentSpec.model_validate(self.month.raw["spec"])

    def live(self) -> "Story":
        """The same when it is over."""
        self.month.run(self.until)
        return self


def chance(seed: int) -> Random:
    """Where chance comes from."""
    return Random(seed)  # noqa: S311 - no secret


def story(random: Random, *, calm: bool = False, days: int | None = None, **spec: Any) -> Story:
    """A random month, or its last days and the first one of the next.

    Args:
        random: where chance comes from.
        calm: whether nothing happens but that time goes by.
        days: how many days of it to live through; None for all.
        spec: parts of the spec that are given.
    """
    zone = random.choice(ZONES)
    year, number = random.choice(MONTHS)
    calendar = month_of(datetime(year, number, 15, tzinfo=UTC), zone_of(zone))
    begin = calendar.begin if days is None else calendar.end - days * DAY
    begin += timedelta(seconds=random.randint(0, 86400)) - (DAY if days is None else timedelta())
    price = random.choice(PRICES)
    asked = _scaling(random) or {"replicas": random.choice([1, 1, 2, 3, 5, 8])}
    if random.random() < 0.9 or zone != "UTC":
        asked["schedule"] = schedule(random, zone, begin)
    if random.random() < 0.8:
        least = price if calm else max(PRICES)
        asked["cost"] = cost(random, price, least, _hours(random, asked, begin, calendar.end))
    asked = {name: part for name, part in (asked | spec).items() if part is not None}
    month = Month(begin, asked, price, random)
    slow = random.choice([60, 300, 1200])
    month.cold = (random.choice([60, slow]), slow)
    month.drains = random.choice([(10, 10), (10, 100_000), (100_000, 100_000)])
    until = calendar.end + timedelta(hours=30)
    work(random, month, until)
    if not calm:
        trouble(random, month, begin, until)
    budget = asked.get("cost", {}).get("monthlyBudget")
    return Story(month, calendar, until, None if budget is None else Decimal(budget), calm)


def _scaling(random: Random) -> Json:
    if random.random() < 0.5:
        return {}
    low = random.choice([0, 1, 1, 2])
    return {"scaling": {"minReplicas": low, "maxReplicas": low + random.choice([1, 2, 6])}}


def schedule(random: Random, zone: str, begin: datetime) -> Json:
    """Some windows, some exceptions."""
    windows = [_window(random, index) for index in range(random.choice([1, 1, 2, 3]))]
    found: Json = {"timeZone": zone, "windows": windows, "exceptions": _exceptions(random, begin)}
    if random.random() < 0.5:
        found["preWarm"] = random.choice(["0s", "5m", "25m", "2h"])
    if random.random() < 0.2:
        found["closeWhenIdle"] = True
    if random.random() < 0.5:
        found["drainTimeout"] = random.choice(["10s", "1m", "30m"])
    return found


def _window(random: Random, index: int) -> Json:
    days = random.choice(["*", "*", "MON-FRI", "SUN", "1-5"])
    start = f"{random.choice([0, 0, 30, 59])} {random.choice([0, 1, 2, 3, 9, 17, 22, 23])} * * {days}"
    length = random.choice(["15m", "1h", "4h", "10h", "23h"])
    bounds: Json = {}
    if random.random() < 0.4:
        bounds["maxReplicas"] = random.choice([3, 4, 9])
    if random.random() < 0.4:
        bounds["minReplicas"] = random.choice([0, 1, 3] if bounds else [0, 1])
    return {"name": f"w{index}", "start": start, "duration": length, **bounds}


def _exceptions(random: Random, begin: datetime) -> list[Json]:
    found = []
    for _ in range(random.choice([0, 0, 1, 2])):
        start = (begin + timedelta(hours=random.randint(0, 400))).replace(minute=0, second=0)
        end = start + timedelta(hours=random.choice([1, 7, 30]))
        found.append({"from": f"{start:%FT%TZ}", "to": f"{end:%FT%TZ}", "state": "Open"})
    return found


def cost(random: Random, price: Decimal, least: Decimal, hours: Decimal) -> Json:
    """A limit, or a budget that is about what the fleet would cost; at least one hour of one replica."""
    found: Json = {}
    if random.random() < 0.3:
        found["hourlyLimit"] = f"{price * random.choice([Decimal('0.5'), 1, 2, Decimal('2.5'), 6]):f}"
    if random.random() < 0.8 or not found:
        share = random.choice(["0.05", "0.3", "0.7", "1", "1.3", "4"])
        most = price * Decimal(share) * hours
        found["monthlyBudget"] = f"{max(least, most).quantize(CENT) + CENT:f}"
    if random.random() < 0.3:
        found["onExhausted"] = random.choice(["Floor", "Warn"])
    return found


def _hours(random: Random, asked: Json, begin: datetime, end: datetime) -> Decimal:
    """About how many replica-hours a month has."""
    spec = LlamaDeploymentSpec.model_validate({"model": {"variant": "llama-3.1-8b"}, **asked})
    hours = sum((one.end - one.start for one in opened(spec, begin, end)), timedelta()) // HOUR
    return Decimal(hours * random.choice([1, asked.get("replicas", 3)]))


def opened(spec: LlamaDeploymentSpec, begin: datetime, end: datetime) -> tuple[Interval, ...]:
    """The open time of a spec."""
    if spec.schedule is None:
        return (Interval(begin, end, "always", None, None),)
    return open_intervals(spec.schedule, begin, end)


def work(random: Random, month: Month, until: datetime) -> None:
    """Work comes at any time, and takes minutes or hours."""
    at = month.now
    while at < until:
        at += random.choice([60, 1000, 20_000, 100_000]) * SECOND
        length = random.choice([100, 4000, 30_000]) * SECOND
        month.work.append((at, at + length))
        at += length


def trouble(random: Random, month: Month, begin: datetime, until: datetime) -> None:
    """Edits, prices, downtimes and pods that are taken away."""
    span = int((until - begin).total_seconds())

    def some_time() -> datetime:
        return begin + random.randint(600, span) * SECOND

    for _ in range(random.choice([0, 2, 10])):
        month.edits.append((some_time(), _demand(random)))
    for _ in range(random.choice([0, 0, 3])):
        sleep, wake = sorted((some_time(), some_time()))
        month.edits.append((sleep, lambda it: it.edit(suspend=True)))
        month.edits.append((wake, lambda it: it.edit(suspend=False)))
    for _ in range(random.choice([0, 0, 1, 4])):
        price = random.choice(PRICES)
        month.edits.append((some_time(), lambda it, price=price: it.reprice(price)))
    for _ in range(random.choice([0, 5])):
        month.edits.append((some_time(), Month.restart))
    for _ in range(random.choice([0, 0, 3])):
        start = some_time()
        month.downs.append((start, start + random.choice([60, 3600, 40_000]) * SECOND))
    for _ in range(random.choice([0, 0, 3])):
        month.edits.append((some_time(), _by_hand(random)))
    for _ in range(random.choice([0, 0, 8])):
        month.edits.append((some_time(), _taken))


def _demand(random: Random) -> Edit:
    """Another wish: so many replicas, or at least so many."""
    replicas, more = random.choice([0, 1, 2, 4, 7]), random.choice([1, 4])

    def ask(month: Month) -> None:
        if "scaling" in month.raw["spec"]:
            month.edit(scaling={"minReplicas": min(replicas, 3), "maxReplicas": replicas + more})
        else:
            month.edit(replicas=replicas)

    return ask


def _by_hand(random: Random) -> Edit:
    """A person holds the fleet open or closed for some time."""
    what, seconds = random.choice(["open", "closed"]), random.choice([600, 20_000, 100_000])
    return lambda month: month.annotate(what, month.now + seconds * SECOND)


def _taken(month: Month) -> None:
    """A node is drained: a pod that runs is asked to end, and replaced."""
    active = [one for one in month.existing if one.requested is None]
    if active:
        month.delete(month.random.choice(active))
