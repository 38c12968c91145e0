"""The whole decision: shape, count, money, and the fields that have no effect yet."""

from datetime import timedelta
from decimal import Decimal

import pytest

from builders import NOW
from llamafleet.planning.coldstart import ColdStarts
from llamafleet.planning.plan import Observation, plan
from llamafleet.planning.sizing.pools import resolve
from planning.givens import Json, planned, pool, spec


def test_a_month_of_one_a100_costs_856_80() -> None:
    hourly = planned(spec("scout")).hourly_usd
    assert hourly * 24 * 30 == Decimal("856.80")


def test_the_plan_costs_replicas_times_gpus_times_price() -> None:
    given = planned(spec("maverick", replicas=3), [pool(price="0.123456")])
    assert (given.replicas, given.shape.tensor_parallel) == (3, 2)
    assert given.shape.hourly_usd == Decimal("0.246912")
    assert given.hourly_usd == Decimal("0.740736")


def test_a_suspended_fleet_costs_nothing_and_keeps_its_shape() -> None:
    given = planned(spec("scout", suspend=True), replicas=2)
    assert given.replicas == 0
    assert given.hourly_usd == Decimal(0)
    assert given.shape.tensor_parallel == 1
    assert [reason.step for reason in given.reasons] == ["demand", "suspended"]


@pytest.mark.parametrize(
    ("sections", "paths"),
    [
        pytest.param({}, (), id="nothing is used"),
        pytest.param(
            {"scaling": {"queueDepth": 4, "scaleDownDelay": "10m", "idleTimeout": "30m"}},
            (),
            id="the autoscaler's own numbers",
        ),
        pytest.param(
            {
                "model": {"adapters": [{"name": "law", "source": "hf://acme/law"}]},
                "schedule": {"windows": [{"name": "night", "start": "0 22 * * *", "duration": "8h"}]},
                "cost": {"hourlyLimit": "12.00"},
            },
            ("spec.model.adapters",),
            id="adapters, and neither hours nor money",
        ),
    ],
)
def test_fields_without_effect_are_named(sections: dict[str, Json], paths: tuple[str, ...]) -> None:
    assert planned(spec("scout", **sections)).not_in_effect == paths


@pytest.mark.parametrize(
    ("of", "taken"),
    [
        pytest.param("", 100, id="nobody says what was started: believed"),
        pytest.param("meta-llama/Llama-3.1-8B-Instruct on a100-80gb", 100, id="the same weights and GPU"),
        pytest.param("meta-llama/Llama-3.1-70B-Instruct on a100-80gb", 907, id="other weights: the budget"),
        pytest.param("meta-llama/Llama-3.1-8B-Instruct on h100-80gb", 907, id="another GPU: the budget"),
    ],
)
def test_cold_starts_of_another_shape_teach_nothing(of: str, taken: int) -> None:
    seen = Observation(now=NOW, replicas=None, cold_starts=ColdStarts((60, 100), of))
    case = plan(spec("llama-3.1-8b"), resolve(()), seen).case
    assert case.cold_start == timedelta(seconds=taken)
    assert case.starts.samples == ((60, 100) if taken == 100 else ())
    assert case.starts.of == "meta-llama/Llama-3.1-8B-Instruct on a100-80gb"
