"""What a Prometheus sees of a waker before anything happens: it notices a first time only after a zero."""

import re

from builders import ROOT
from llamafleet.waker.book import Book
from llamafleet.waker.metrics import Metrics
from llamafleet.waker.refusals import CODES
from llamafleet.waker.settings import Settings


def test_every_reason_to_refuse_is_there_from_the_beginning_at_zero() -> None:
    families = {family.name: family for family in Metrics(Book(Settings(0))).registry.collect()}
    counts = {
        sample.labels["reason"]: sample.value
        for sample in families["llamafleet_waker_refused"].samples
        if sample.name.endswith("_total")
    }
    assert counts == dict.fromkeys(CODES, 0)


def test_the_reasons_are_those_that_the_page_tells() -> None:
    page = (ROOT / "docs" / "waker.md").read_text("utf-8")
    rows = re.findall(r"^\| \d{3} \| ((?:`\w+`(?:, )?)+) \|", page, re.MULTILINE)
    assert {code for row in rows for code in re.findall(r"`(\w+)`", row)} == {*CODES}
