"""The samples of a cluster that is well, and the names by which a case changes some of them.

Samples are a minute apart.
"""

from collections.abc import Mapping
from typing import Final

MINUTES: Final = 500

Series = Mapping[str, str]


def flat(value: float) -> str:
    """The same all the time."""
    return f"{value}x{MINUTES}"


def slope(step: float) -> str:
    """A counter that grows by so much each minute."""
    return f"0+{step}x{MINUTES}"


SYSTEM: Final = 'job="llamafleet",namespace="llamafleet-system",pod="llamafleet-a"'
OTHER: Final = 'job="llamafleet",namespace="llamafleet-system",pod="llamafleet-b"'
WAKER: Final = 'job="llamafleet-waker",namespace="llamafleet-system",pod="waker-a"'
IDENTITY: Final = 'namespace="team-a",name="scout"'

OPERATOR: Final = {"job": "llamafleet", "namespace": "llamafleet-system"}
FLEET: Final = {"namespace": "team-a", "name": "scout"}


def figure(name: str, pod: str = "llamafleet-a") -> str:
    """A series of the fleet that the cases are about, as one pod of the operator shows it."""
    return f'llamafleet_fleet_{name}{{job="llamafleet",pod="{pod}",{IDENTITY}}}'


def says(kind: str, status: str, reason: str) -> str:
    """A condition of that fleet."""
    said = f'type="{kind}",status="{status}",reason="{reason}"'
    return figure("condition").replace("}", f",{said}}}")


def lag(bound: str) -> str:
    """A bucket of the loop's lateness."""
    return f'llamafleet_loop_lag_seconds_bucket{{{SYSTEM},le="{bound}"}}'


def refused(reason: str) -> str:
    """A reason for which the waker answers with an error."""
    return f'llamafleet_waker_refused_total{{{WAKER},reason="{reason}"}}'


def looks(result: str) -> str:
    """Looks of the operator, by result."""
    return f'llamafleet_reconciles_total{{{SYSTEM},result="{result}"}}'


LEADER: Final = f"llamafleet_leader{{{SYSTEM}}}"
STANDBY: Final = f"llamafleet_leader{{{OTHER}}}"
OLDEST: Final = f"llamafleet_queue_oldest_seconds{{{SYSTEM}}}"
NOT_RENEWED: Final = f'llamafleet_lease_renewals_total{{{SYSTEM},result="failed"}}'
PUT_OFF: Final = f"llamafleet_throttled_requests_total{{{SYSTEM}}}"
SILENT: Final = f'llamafleet_watch_restarts_total{{{SYSTEM},kind="Pod",reason="silent"}}'
REPAIRS: Final = f'llamafleet_writes_total{{{SYSTEM},kind="Service",reason="repair"}}'

WELL: Final[Series] = {
    LEADER: flat(1),
    STANDBY: flat(0),
    OLDEST: flat(5),
    looks("done"): slope(60),
    looks("failed"): slope(1),
    looks("broken"): flat(0),
    NOT_RENEWED: flat(0),
    PUT_OFF: slope(1),
    SILENT: slope(0.1),
    f'llamafleet_watch_restarts_total{{{SYSTEM},kind="Pod",reason="ended"}}': slope(2),
    REPAIRS: slope(0.1),
    lag("0.05"): slope(59),
    lag("1.0"): slope(60),
    lag("2.5"): slope(60),
    lag("+Inf"): slope(60),
    figure("desired_replicas"): flat(3),
    figure("replicas"): flat(3),
    figure("ready_replicas"): flat(3),
    figure("draining_gpus"): flat(0),
    figure("hourly_rate_dollars"): flat(3.57),
    figure("month_to_date_dollars"): flat(500),
    figure("projected_month_dollars"): flat(900),
    figure("monthly_budget_dollars"): flat(1000),
    figure("uncertain_dollars"): flat(0),
    figure("waiting_requests"): flat(10),
    figure("running_requests"): flat(30),
    figure("cold_start_seconds"): flat(300),
    says("Ready", "True", "AllReplicasReady"): flat(1),
    says("Degraded", "False", "AsExpected"): flat(1),
    says("MetricsAvailable", "True", "Read"): flat(1),
    says("WithinBudget", "True", "WithinBudget"): flat(1),
    refused("fleet_closed"): slope(30),
    refused("too_many_waiting"): flat(0),
}

NEVER: Final = "_"


def held(pod: str) -> str:
    """What one waker holds for that fleet."""
    return f'llamafleet_waker_held_requests{{job="llamafleet-waker",pod="{pod}",{IDENTITY}}}'


def otherwise(name: str, *changed: str) -> dict[str, str]:
    """A condition says something else than in the cluster that is well."""
    kept = {series: NEVER for series in WELL if f'type="{name}"' in series}
    return {**kept, says(name, *changed): flat(1)}


def not_ready(reason: str) -> dict[str, str]:
    """The condition Ready is false for this reason."""
    return otherwise("Ready", "False", reason)
