"""What must be true of a month, each held against the pods and the calendar, never against the product."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from llamafleet.api.ledger import Ledger
from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.planning.money.ledger import spent
from llamafleet.planning.money.months import month_called, month_of
from llamafleet.planning.schedule.localtime import zone_of
from llamafleet.planning.schedule.windows import Interval
from reconcile.months import SECOND, Look
from reconcile.stories import DAY, Story, opened

HOUR = Decimal(3600)
DRAIN = timedelta(minutes=5)
REST_LOOK = timedelta(seconds=5)


def joined(intervals: tuple[Interval, ...]) -> list[tuple[datetime, datetime]]:
    """The open time without the bounds."""
    spans: list[tuple[datetime, datetime]] = []
    for one in sorted(intervals, key=lambda each: each.start):
        if spans and one.start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], one.end))
        else:
            spans.append((one.start, one.end))
    return spans


class Calendar:
    """The open time of a story, from a fortnight before it until a fortnight after it."""

    def __init__(self, story: Story) -> None:
        """Schedules are not edited in a story."""
        self.begin = story.month.looks[0].now
        span = (self.begin - 14 * DAY, story.until + 14 * DAY)
        self.intervals = opened(story.spec, *span)
        self.spans = joined(self.intervals)

    def bounds(self, now: datetime, spec: LlamaDeploymentSpec) -> tuple[int, int] | None:
        """The bounds at an instant; None when it is closed."""
        here = [one for one in self.intervals if one.start <= now < one.end]
        low, high = (spec.scaling.min_replicas, spec.scaling.max_replicas) if spec.scaling else (0, 1000)
        if not here:
            return None
        lows = [low if one.min_replicas is None else one.min_replicas for one in here]
        highs = [high if one.max_replicas is None else one.max_replicas for one in here]
        return min(max(lows), max(highs)), max(highs)

    def next_start(self, now: datetime) -> datetime | None:
        """When it opens next."""
        return next((start for start, _ in self.spans if start > now), None)


def lead_of(look: Look) -> timedelta | None:
    """How long before a window a look lets replicas start; None when nothing was learned yet."""
    asked = look.spec.get("schedule", {}).get("preWarm", "Auto")
    if asked != "Auto":
        return timedelta(seconds=int(asked[:-1]) * {"s": 1, "m": 60, "h": 3600}[asked[-1]])
    learned = look.status.get("coldStart")
    return None if learned is None else timedelta(seconds=learned["p95Seconds"] + 60)


def closes_when_idle(spec: LlamaDeploymentSpec) -> bool:
    """Whether a window may close early."""
    return spec.schedule is not None and spec.schedule.close_when_idle


def wrong(story: Story) -> Iterator[str]:
    """Everything that is not as it must be."""
    yield from _counts(story)
    yield from _closings(story)
    yield from _openings(story)
    yield from _bill(story)
    yield from _budget(story)
    yield from _events(story)
    yield from _writes(story)
    yield from _changes(story)
    yield from _projection(story)


def _counts(story: Story) -> Iterator[str]:
    """The count within its bounds, and what follows from it."""
    calendar, parsed, before = Calendar(story), {}, story.month.looks[0]
    for look in story.month.looks:
        key = str(look.spec)
        spec = parsed.get(key) or parsed.setdefault(key, LlamaDeploymentSpec.model_validate(look.spec))
        desired, cost = look.status["desiredReplicas"], spec.cost
        if not desired <= look.replicas <= desired + len(look.resting):
            yield f"{look.now} wants {desired}, the Deployment {look.replicas}, {len(look.resting)} rest"
        drain = spec.schedule.drain_timeout if spec.schedule else DRAIN
        if desired < look.replicas and all(look.now - since > drain + REST_LOOK for since in look.resting):
            yield f"{look.now} {look.replicas - desired} rest for too long"
        if look.selects != bool(desired):
            yield f"{look.now} wants {desired}, the Service selects {look.selects}"
        if cost and cost.hourly_limit is not None and desired * look.price > cost.hourly_limit:
            yield f"{look.now} {desired} x {look.price} > {cost.hourly_limit}"
        if spec.suspend and desired:
            yield f"{look.now} suspended and wants {desired}"
        if look.by_hand:
            yield from _held(look, before)
        elif not spec.suspend and spec.schedule and "closedEarlyUntil" in look.status["schedule"]:
            yield from _early(story, calendar, look, before)
        elif not spec.suspend:
            yield from _bounded(calendar, spec, look)
        before = look


def _held(look: Look, before: Look) -> Iterator[str]:
    """A person has the last word over the schedule."""
    if look.by_hand == "closed" and look.replicas and not before.replicas and not _is_due(look):
        yield f"{look.now} held closed, and wants {look.replicas}"
    if look.by_hand == "open" and not look.status.get("schedule", {"open": True})["open"]:
        yield f"{look.now} held open, and is closed"


def _bounded(calendar: Calendar, spec: LlamaDeploymentSpec, look: Look) -> Iterator[str]:
    """In a window the count is what is asked for, moved into its bounds; money may lower it."""
    bounds = calendar.bounds(look.now, spec)
    if bounds is None:
        return
    low, high = bounds
    if spec.replicas is not None:
        low = high = min(max(spec.replicas, low), high)
    wanted = look.status["desiredReplicas"]
    if wanted > high or (spec.cost is None and wanted < low):
        yield f"{look.now} wants {wanted}, not {low} to {high}"


def _is_due(look: Look) -> bool:
    """Whether a fleet that is held closed may be started already for when it opens."""
    opens = datetime.fromisoformat(look.status["schedule"].get("nextTransition", "9999-01-01T00:00:00Z"))
    return opens - look.now <= (lead_of(look) or timedelta(hours=1))


def _early(story: Story, calendar: Calendar, look: Look, before: Look) -> Iterator[str]:
    """A window that closed early was idle for five minutes, and stays closed until its end."""
    until = datetime.fromisoformat(look.status["schedule"]["closedEarlyUntil"])
    end = next(end for start, end in calendar.spans if start <= look.now < end)
    if until != end or look.replicas:
        yield f"{look.now} closed early until {until}, not {end}, with {look.replicas}"
    told = before.status.get("schedule", {})
    if "closedEarlyUntil" in told or not before.replicas:
        return
    if story.month.is_busy(look.now - SECOND, look.now):
        yield f"{look.now} closed early, and there was work"
    since = told.get("idleSince")
    if since is None or look.now - datetime.fromisoformat(since) < timedelta(minutes=5):
        yield f"{look.now} closed early, idle since {since}"


def _closings(story: Story) -> Iterator[str]:
    """Nothing is wanted outside windows and the time before them, and each edge is looked at."""
    calendar, was_early = Calendar(story), False
    times = {look.now for look in story.month.looks}
    for look in story.month.looks:
        is_closed = not any(start <= look.now < end for start, end in calendar.spans) and not look.by_hand
        if look.replicas and is_closed:
            start, lead = calendar.next_start(look.now), lead_of(look)
            # What was started for an opening stays, also when the lead becomes shorter meanwhile.
            if start is None or (lead is not None and start - look.now > lead and not was_early):
                yield f"{look.now} closed until {start}, lead {lead}, and wants {look.replicas}"
        was_early = is_closed and bool(look.replicas)
    for start, end in calendar.spans:
        for edge in (start, end):
            is_watched = story.month.is_up(edge) and not story.month.held
            if calendar.begin < edge < story.until and is_watched and edge not in times:
                yield f"{edge} nobody looked"


def _openings(story: Story) -> Iterator[str]:
    """Ready at the start, when nobody meddled and the start was no slower than the lead."""
    if not story.is_calm or story.spec.cost is not None or closes_when_idle(story.spec):
        return
    calendar = Calendar(story)
    looks = {look.now: look for look in story.month.looks}
    for (_, end), (start, _) in pairwise(calendar.spans):
        look = looks.get(start)
        if look is None or end < calendar.begin:
            continue
        early = [each for each in story.month.looks if end <= each.now < start and each.replicas]
        lead = lead_of(early[0]) if early else lead_of(look)
        if lead is None or start - end < lead + timedelta(minutes=40):
            continue
        there = [
            one for one in story.month.pods if one.bound <= start and not (one.gone and one.gone <= start)
        ]
        for one in there:
            if one.ready > start and one.ready - one.created <= lead:
                yield f"{start} {one.name} is not ready, lead {lead}, created {one.created} ready {one.ready}"
        if lead and look.replicas > len(there):
            yield f"{start} {look.replicas} are wanted, {len(there)} are there"


def deviation(story: Story) -> Iterator[tuple[Decimal, Decimal, datetime]]:
    """By how much each written figure is wrong, beside what it says itself: share, US dollars, when."""
    for look in story.month.looks:
        cost = look.status.get("cost")
        if not look.wrote or cost is None:
            continue
        ledger = Ledger.model_validate(cost["ledger"])
        month = month_called(ledger.month, zone_of(ledger.time_zone))
        true, said = story.month.truth(month.begin, ledger.at), spent(ledger, ledger.at)
        if abs(Decimal(cost["monthToDate"]) - said) > Decimal("0.005"):
            yield Decimal(9), abs(Decimal(cost["monthToDate"]) - said), look.now
        off = max(Decimal(0), abs(true - said) - ledger.uncertain_usd)
        yield off / max(true, said, Decimal("0.01")), off, look.now


def _bill(story: Story) -> Iterator[str]:
    if story.month.downs and len({look.price for look in story.month.looks}) > 1:
        return  # nobody saw when the price changed
    price = max(look.price for look in story.month.looks)
    for share, usd, now in deviation(story):
        # A second of a pod whose removal was heard of late.
        if share > Decimal("0.001") and usd > price * 2 / HOUR * len(story.month.pods):
            yield f"{now} the bill is wrong by {usd:.6f} USD, {share:.4%}"


def _budget(story: Story) -> Iterator[str]:
    cost = story.spec.cost
    if not story.is_calm or cost is None or cost.monthly_budget is None or cost.on_exhausted != "Shutdown":
        return
    true = story.month.truth(story.calendar.begin, story.calendar.end)
    if true > cost.monthly_budget:
        yield f"{true:.4f} USD of {cost.monthly_budget}"


def _events(story: Story) -> Iterator[str]:
    yield from _repeated(story)
    turns = [one for one in story.month.world.said if one.reason in {"WindowOpened", "WindowClosed"}]
    for first, second in pairwise(turns):
        if first.reason == second.reason:
            yield f"{second.at} {second.reason} again, {first.again} {second.again}"
    if story.month.downs or story.month.held or story.spec.schedule is None or closes_when_idle(story.spec):
        return
    calendar, told = Calendar(story), {(one.reason, one.at) for one in turns}
    for span in calendar.spans:
        for reason, when in zip(("WindowOpened", "WindowClosed"), span, strict=True):
            if calendar.begin < when < story.until and (reason, when) not in told:
                yield f"{when} {reason} is not told"


def _repeated(story: Story) -> Iterator[str]:
    """What is said again within an hour is the same Event."""
    said: dict[tuple[str, str, str], list[datetime]] = {}
    zone = zone_of(story.spec.schedule.time_zone if story.spec.schedule else "UTC")
    for one in story.month.world.said:
        month = month_of(one.at, zone).label if one.reason == "CeilingExceedsBudget" else ""
        said.setdefault((one.reason, one.again, month), []).append(one.at)
    for what, when in said.items():
        if what[0] == "CeilingExceedsBudget" and not story.is_calm:
            continue  # with another price it is news
        again = sum(other - one > timedelta(hours=1) for one, other in pairwise(when))
        if again > 0:
            yield f"{what} is said {len(when)} times: {when[0]} {when[1]}"


def _visible(look: Look) -> dict[str, object]:
    status = look.status
    return {
        **{name: status.get(name) for name in ("desiredReplicas", "replicas", "readyReplicas", "schedule")},
        "coldStart": status.get("coldStart"),
        "meters": [
            (meter["uid"], meter.get("idleSince"))
            for meter in status.get("cost", {}).get("ledger", {}).get("meters", [])
        ],
        "month": status.get("cost", {}).get("ledger", {}).get("month"),
        "told": status.get("cost", {}).get("ledger", {}).get("told"),
        "conditions": [
            (one["type"], one["status"], one["reason"], one.get("observedGeneration"))
            for one in status["conditions"]
        ],
    }


def _writes(story: Story) -> Iterator[str]:
    """Where nothing happened, a status is only written for the ledger's sake: every 15 minutes.

    While there are requests and somebody scales by them, what the autoscaler remembers is written as well,
    every minute.
    """
    last = dict.fromkeys(("ledger", "scaling"), story.month.looks[0].now - DAY)
    for before, look in pairwise(story.month.looks):
        if not look.wrote or look.caused or _visible(before) != _visible(look):
            continue
        why = "ledger" if _checkpoint(before) != _checkpoint(look) else "scaling"
        least = timedelta(minutes=15 if why == "ledger" else 1)
        fields = ("queue", "reasons")
        is_new = any(before.status.get(field) != look.status.get(field) for field in fields)
        is_busy = any(look.status.get("queue", {}).values())
        if look.now - last[why] < least or (why == "scaling" and not is_busy and not is_new):
            yield f"{look.now} wrote again after {look.now - last[why]}, though nothing happened"
        last[why] = look.now


def _checkpoint(look: Look) -> object:
    return look.status.get("cost", {}).get("ledger", {}).get("at")


def changes(story: Story) -> dict[str, int]:
    """How often the count changed on each day, beside edits, openings and closings."""
    calendar = Calendar(story)
    edges = {instant for one in calendar.intervals for instant in (one.start, one.end)}
    edited = {when for when, _ in story.month.edits} | {end for _, end in story.month.downs}
    found: dict[str, int] = {}
    for before, look in pairwise(story.month.looks):
        if before.replicas != look.replicas and look.now not in edges | edited:
            is_closed = not any(start <= look.now < end for start, end in calendar.spans)
            if not (is_closed and not before.replicas):
                found[f"{look.now:%F}"] = found.get(f"{look.now:%F}", 0) + 1
    return found


def _changes(story: Story) -> Iterator[str]:
    """A month in which nobody meddles has a few changes a day; what people do may each bring a few more."""
    most = 4 if story.is_calm else 4 + len(story.month.edits)
    for day, count in changes(story).items():
        if count > most:
            yield f"{day} the count changed {count} times"


def _projection(story: Story) -> Iterator[str]:
    spec = story.spec
    if not story.is_calm or spec.cost is not None or spec.replicas is None or closes_when_idle(spec):
        return  # without a queue reading the demand is what there is, which a window may have raised
    calendar = Calendar(story)
    most = max(look.replicas for look in story.month.looks)
    true = story.month.truth(story.calendar.begin, story.calendar.end)
    price = story.month.price
    for look in story.month.looks:
        cost = look.status.get("cost")
        if not look.wrote or cost is None or cost["ledger"]["month"] != story.calendar.label:
            continue
        left = sum(look.now < start < story.calendar.end for start, _ in calendar.spans) + 1
        lead = lead_of(look)
        if lead is None:
            continue
        slack = most * price * left * (Decimal(int(_grace(look).total_seconds()) + 120) / HOUR)
        if spec.schedule is None or spec.schedule.pre_warm == "Auto":
            slack += most * price * left * Decimal(1500) / HOUR
        first = calendar.next_start(story.calendar.end - SECOND)
        if first is not None and first - lead < story.calendar.end:
            slack += most * price * Decimal(int(lead.total_seconds()) + 60) / HOUR
        off = Decimal(cost["projectedMonth"]) - true
        if abs(off) > slack + Decimal("0.02"):
            yield f"{look.now} projected {cost['projectedMonth']}, true {true:.2f}, slack {slack:.2f}"
            return


def _grace(look: Look) -> timedelta:
    asked = look.spec.get("schedule", {}).get("drainTimeout", "5m")
    return timedelta(seconds=int(asked[:-1]) * {"s": 1, "m": 60}[asked[-1]] + 30)
