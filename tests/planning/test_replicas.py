"""The chain that decides how many replicas there are, and says why."""

from datetime import UTC, datetime

import pytest

from llamafleet.planning.situation import Reason
from planning.givens import Json, planned, spec

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

BOUNDS = {"minReplicas": 2, "maxReplicas": 4}


@pytest.mark.parametrize(
    ("sections", "seen", "told"),
    [
        pytest.param(
            {},
            7,
            [("demand", 1, "One replica, because neither spec.replicas nor spec.scaling is given.")],
            id="nobody asks: one",
        ),
        pytest.param(
            {"replicas": 3}, 1, [("demand", 3, "spec.replicas asks for 3.")], id="the author asks for three"
        ),
        pytest.param(
            {"replicas": 0}, 1, [("demand", 0, "spec.replicas asks for 0.")], id="the author asks for none"
        ),
        pytest.param(
            {"scaling": BOUNDS},
            None,
            [
                ("demand", 1, "There is no queue reading, so the fleet starts with 1."),
                ("within_bounds", 2, "spec.scaling allows 2 to 4."),
            ],
            id="a new fleet starts at its minimum",
        ),
        pytest.param(
            {"scaling": BOUNDS},
            3,
            [
                ("demand", 3, "There is no queue reading, so the fleet stays at 3."),
                ("within_bounds", 3, "spec.scaling allows 2 to 4."),
            ],
            id="without a reading the count holds",
        ),
        pytest.param(
            {"scaling": BOUNDS},
            9,
            [
                ("demand", 9, "There is no queue reading, so the fleet stays at 9."),
                ("within_bounds", 4, "spec.scaling allows 2 to 4."),
            ],
            id="a lowered maximum takes replicas away",
        ),
        pytest.param(
            {"scaling": {"minReplicas": 0}},
            0,
            [
                ("demand", 1, "There is no queue reading, so the fleet starts with 1."),
                ("within_bounds", 1, "spec.scaling allows 0 to 10."),
            ],
            id="a fleet that was suspended comes back",
        ),
        pytest.param(
            {"replicas": 3, "suspend": True},
            3,
            [("demand", 3, "spec.replicas asks for 3."), ("suspended", 0, "spec.suspend is true.")],
            id="suspension has the last word",
        ),
    ],
)
def test_every_rule_that_applies_gives_its_count_and_reason(
    sections: dict[str, Json | int | bool], seen: int | None, told: list[tuple[str, int, str]]
) -> None:
    reasons = planned(spec("scout", **sections), replicas=seen).reasons
    assert reasons == tuple(Reason(*each) for each in told)
