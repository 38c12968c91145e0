"""Pods on their way out: who ends at once, who ends in peace, and that failing at it stops nothing."""

import asyncio

import pytest

from llamafleet.errors import Unavailable
from reconcile.nights import GRACE, Night, nightly, utc
from reconcile.test_reconciler import KEY


def closing() -> Night:
    """The end of a window: one pod has served, the other still loads, and both are told to end."""
    night = nightly("2026-11-21 01:00", replicas=2).look()
    night.starts("served", "loading")
    night.ready("served")
    night.look()
    night.look("2026-11-21 04:00")
    night.delete("served", "loading")
    return night


def test_a_pod_that_never_started_is_shortened_once_and_one_that_did_never() -> None:
    night = closing()
    for second in range(0, 50, 10):
        night.look(f"2026-11-21 04:00:{second:02}")
    assert night.world.shortened == ["loading"]


def test_a_pod_that_nobody_deletes_is_left_alone() -> None:
    night = nightly("2026-11-21 01:00").look()
    night.starts("loading")
    night.look().look("2026-11-21 02:00")
    assert night.world.shortened == []


def test_a_pod_that_is_given_little_time_already_is_left_alone() -> None:
    night = nightly("2026-11-21 01:00").look()
    night.starts("loading")
    night.delete("loading", grace=5)
    night.look()
    assert night.world.shortened == []


def test_a_pod_that_cannot_be_shortened_stops_nothing_and_is_tried_again() -> None:
    night = closing()
    night.world.broken = {"shorten": Unavailable("HTTP 500")}
    night.look("2026-11-21 04:00:10")
    assert night.status["replicas"] == 0
    night.world.broken = {}
    night.look("2026-11-21 04:00:20")
    assert night.world.shortened == ["loading"]


def test_a_pod_of_a_resource_that_is_gone_is_shortened_too() -> None:
    night = closing()
    night.world.resource_now = None
    assert asyncio.run(night._reconciler.reconcile(KEY)) is None  # noqa: SLF001 - there is no outcome to look at
    assert night.world.shortened == ["loading"]


def test_a_pod_of_a_refused_spec_is_shortened_too() -> None:
    night = closing()
    night.edit(gpu={"pools": ["nowhere"]})
    night.look("2026-11-21 04:00:10")
    assert night.world.shortened == ["loading"]


def test_shortening_moves_no_bill_beyond_the_first_deadline() -> None:
    night = closing()
    night.look("2026-11-21 04:00:10")
    night.now = utc("2026-11-21 04:00:20")
    night.remove("loading")
    night.look()
    night.now = utc("2026-11-21 04:00").replace(second=GRACE % 60, minute=GRACE // 60)
    night.remove("served")
    night.look()
    hours = (3 + 20 / 3600) + (3 + GRACE / 3600)
    assert float(night.cost["monthToDate"]) == pytest.approx(hours * 1.19, abs=0.011)
    assert night.cost["ledger"]["meters"] == []
