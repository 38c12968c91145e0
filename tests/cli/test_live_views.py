"""``explain``, ``top`` and what was really spent, from values; and which word means a file."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from builders import NOW, ROOT, pod
from cli.live_resources import CLOSED, FLEETS, NIGHTLY, instant, ledger, llama, meter
from goldens import compare
from llamafleet.api.ledger import Meter
from llamafleet.api.observed import PodSeen
from llamafleet.cli.files import BadInput, name_in_cluster
from llamafleet.cli.live.decision import decision
from llamafleet.cli.live.decision_view import draw
from llamafleet.cli.live.fleets import fleet, read_status
from llamafleet.cli.live.pods import Crew, crew, state
from llamafleet.cli.live.pods_view import render
from llamafleet.cli.live.terminal import drawn
from llamafleet.cli.printable import printable
from llamafleet.cli.spent import spent

GOLDEN = ROOT / "tests" / "cli" / "golden"
EVIL = "\x1b[2J\u202eevil\nline"


def explained(raw: dict[str, Any]) -> str:
    status = read_status(raw)
    assert status is not None
    told = decision(raw, fleet(raw, NOW), status, NOW)
    return captured(lambda there: draw(told, NOW, there))


def captured(show: Callable[[Console], None]) -> str:
    there = Console(width=100, highlight=False, markup=False, emoji=False)
    with there.capture() as said:
        show(there)
    return "".join(f"{line.rstrip()}\n" for line in said.get().splitlines())


@pytest.mark.parametrize("raw", FLEETS, ids=lambda raw: raw["metadata"]["name"])
def test_the_chain_of_a_decision(raw: dict[str, Any], update_golden: bool) -> None:  # noqa: FBT001 - a flag of pytest
    compare(GOLDEN / f"explain-{raw['metadata']['name']}.txt", explained(raw), update=update_golden)


def test_replicas_of_a_closed_fleet_start_as_early_as_its_starts_take() -> None:
    samples = {"p50Seconds": 300, "p95Seconds": 540, "samples": [300, 540]}
    raw = {**CLOSED, "status": {**CLOSED["status"], "coldStart": samples}}
    turn = NOW + timedelta(days=1, hours=18) - timedelta(minutes=10)
    assert f"Replicas start {turn:%a %Y-%m-%d %H:%M} UTC" in " ".join(explained(raw).split())


def test_nothing_of_the_cluster_reaches_the_terminal_as_it_is() -> None:
    reasons = [{"step": EVIL, "replicas": 1, "message": EVIL}]
    raw = llama(
        reasons=reasons,
        plan={"explanation": EVIL},
        metadata={"annotations": {"llamafleet.io/open-until": EVIL}},
    )
    shown = explained(raw)
    assert not any(letter in shown for letter in "\x1b\u202e")


PODS = {
    "ready": (pod(ready=True), None, "Ready"),
    "ready and idle": (pod(ready=True), {"idleSince": instant(NOW)}, "Idle"),
    "loading": (pod(), {}, "Loading"),
    "without a node": (pod(node=None), None, "NoNode"),
    "crashed": (pod(restarts=2), {"ready": None}, "Crashed"),
    "not ready any more": (pod(), {"ready": instant(NOW)}, "NotReady"),
    "waiting": (pod(waiting_reason="ImagePullBackOff"), None, "ImagePullBackOff"),
    "resting": (pod(ready=True, resting=NOW), None, "Resting"),
    "on its way out": (pod(ready=True, deleting=True), None, "Leaving"),
}


@pytest.mark.parametrize(("seen", "known", "word"), PODS.values(), ids=PODS)
def test_a_pod_is_told_by_one_word(seen: PodSeen, known: dict[str, Any] | None, word: str) -> None:
    told = None if known is None else Meter.model_validate({"uid": "a", "since": instant(NOW), **known})
    assert state(seen, told).word == word


def crews() -> list[Crew]:
    book = ledger(
        meter("a", 3, tokens=1_068_000),
        meter("b", 2),
        meter("c", 0.5, ready=None),
        at=instant(NOW - timedelta(minutes=2)),
    )
    raw = {**NIGHTLY, "status": {**NIGHTLY["status"], "cost": {"ledger": book}}}
    three, five = NOW - timedelta(hours=3), NOW - timedelta(hours=5)
    pods = [
        pod(name="nightly-a", uid="a", ready=True, bound=three, created=three, gpus=2),
        pod(name="nightly-b", uid="b", ready=True, bound=five, created=five, gpus=2),
        pod(name="nightly-c", uid="c", bound=NOW - timedelta(minutes=30), gpus=2),
        pod(name="nightly-d", uid="d", node=None, gpus=2),
        pod(name="nightly-e", uid="e", phase="Failed"),
    ]
    return [crew(fleet(one, NOW), read_status(one), pods if one is raw else [], NOW) for one in (raw, CLOSED)]


@pytest.mark.parametrize("width", [None, 100, 60], ids=lambda width: f"{width}")
def test_the_table_of_pods(width: int | None, update_golden: bool) -> None:  # noqa: FBT001 - a flag of pytest
    content: RenderableType = render(crews(), "here", width, spread=True)
    there = Console(width=width or 1000, highlight=False, markup=False, emoji=False)
    compare(GOLDEN / f"top-{width}.txt", drawn(there, content), update=update_golden)


def test_a_pod_costs_from_its_node_or_from_where_its_meter_was_begun_anew() -> None:
    older, newer, loading, waiting = crews()[0].pods
    assert (older.name, older.usd, older.counted_from) == (
        "nightly-b",
        Decimal("2.38"),
        NOW - timedelta(hours=2),
    )
    assert (newer.usd, newer.counted_from) == (Decimal("3.57"), None)
    assert newer.tokens_per_second == 100
    assert (loading.state.word, loading.usd) == ("Loading", Decimal("0.595"))
    assert (waiting.age, waiting.usd) == (None, None)


def test_what_was_spent_is_the_ledgers_by_category() -> None:
    status = read_status(NIGHTLY)
    assert status is not None
    told = spent(status, NOW)
    assert told is not None
    assert told.phases.serving == Decimal("90.00") + 6 * Decimal("1.19")
    assert (told.phases.loading, told.phases.idle) == (Decimal("5.00"), Decimal("2.50"))
    assert told.today.usd == Decimal("11.90")
    assert told.last is not None
    assert told.last.usd == Decimal("201.11")


def test_a_word_is_a_file_if_there_is_one_else_the_name_of_a_resource(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").touch()
    found = {
        word: name_in_cluster(word)
        for word in ("llama/there", "there", "scout", "-", "a.yaml", "Scout", "b/c")
    }
    assert found == {
        "llama/there": "there",
        "there": None,
        "scout": "scout",
        "-": None,
        "a.yaml": None,
        "Scout": None,
        "b/c": None,
    }


def test_what_is_no_name_is_refused_before_anybody_is_asked() -> None:
    with pytest.raises(BadInput, match="must be llama/ and the name of a LlamaDeployment"):
        name_in_cluster("llama/../../../api/v1/secrets")


def test_a_text_is_made_printable() -> None:
    assert printable(f"a {EVIL}") == "a ?[2J?evil line"
