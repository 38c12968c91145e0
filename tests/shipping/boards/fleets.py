"""Every fleet at a glance, and the operator and the waker behind them."""

from shipping.boards.chosen import DOLLARS, FLEET, chosen, of_fleet
from shipping.grafana import dashboard
from shipping.panels import LABEL, Json, Panel, Row, stat, table


def fleets() -> Json:
    """Every fleet at a glance, and the operator and the waker behind them."""
    return dashboard(
        "llamafleet-fleets",
        "llamafleet / fleets",
        "Are the fleets well, and is the operator?",
        chosen(several=True),
        [
            Row("Now", _now()),
            Row("Fleets", _every_fleet()),
            Row("The operator", _operator()),
            Row("The waker", _waker()),
        ],
    )


def _now() -> list[Panel]:
    not_ready = of_fleet("condition", 'type="Ready",status="False"')
    degraded = of_fleet("condition", 'type="Degraded",status="True"')
    return [
        stat("LlamaDeployments", "How many there are.", "none", f"count({of_fleet('desired_replicas')})"),
        stat(
            "Not ready",
            "Fewer replicas are ready than are wanted, or not yet of the present spec.",
            "none",
            f"count({not_ready}) or vector(0)",
            bad_from=1,
        ),
        stat(
            "Degraded",
            "Somebody has to change something.",
            "none",
            f"count({degraded}) or vector(0)",
            bad_from=1,
        ),
        stat(
            "Replicas wanted", "What the last decisions want.", "none", f"sum({of_fleet('desired_replicas')})"
        ),
        stat("Replicas ready", "Those that answer.", "none", f"sum({of_fleet('ready_replicas')})"),
        stat(
            "Requests waiting", "In all queues.", "none", f"sum({of_fleet('waiting_requests')}) or vector(0)"
        ),
    ]


def _every_fleet() -> list[Panel]:
    why = f'max by (namespace, name, reason) (llamafleet_fleet_condition{{{FLEET},type="Ready"}})'
    columns = {
        LABEL: why,
        "wanted": of_fleet("desired_replicas"),
        "ready": of_fleet("ready_replicas"),
        "waiting": of_fleet("waiting_requests"),
        "running": of_fleet("running_requests"),
        "per hour": of_fleet("hourly_rate_dollars"),
    }
    legend = "{{namespace}}/{{name}}"
    return [
        table("Every fleet", "The reason is that of the condition Ready.", columns, {"per hour": DOLLARS}),
        Panel(
            "Replicas",
            "All chosen fleets together.",
            "none",
            {
                "wanted": f"sum({of_fleet('desired_replicas')})",
                "there": f"sum({of_fleet('replicas')})",
                "ready": f"sum({of_fleet('ready_replicas')})",
            },
        ),
        Panel("Waiting", "Requests that nobody has begun.", "none", {legend: of_fleet("waiting_requests")}),
        Panel("Running", "Requests that are worked on.", "none", {legend: of_fleet("running_requests")}),
    ]


def _operator() -> list[Panel]:
    lag = "sum by (pod, le) (rate(llamafleet_loop_lag_seconds_bucket[$__rate_interval]))"
    look = "sum by (le) (rate(llamafleet_reconcile_seconds_bucket[$__rate_interval]))"
    return [
        Panel(
            "Who leads", "1 in the pod that works.", "none", {"{{pod}}": "max by (pod) (llamafleet_leader)"}
        ),
        Panel(
            "Looks",
            "At LlamaDeployments, by result.",
            "ops",
            {"{{result}}": "sum by (result) (rate(llamafleet_reconciles_total[$__rate_interval]))"},
        ),
        Panel(
            "Writes",
            "What the API server took, by reason; a quiet fleet causes none.",
            "ops",
            {"{{reason}}": "sum by (reason) (rate(llamafleet_writes_total[$__rate_interval]))"},
        ),
        Panel(
            "Time of a look",
            "With the waits for the API server.",
            "s",
            {
                "half of them": f"histogram_quantile(0.5, {look})",
                "99 of 100": f"histogram_quantile(0.99, {look})",
            },
        ),
        Panel(
            "Lateness",
            "Of the event loop, 99 of 100 timers: above a second it has too little of a processor.",
            "s",
            {"{{pod}}": f"histogram_quantile(0.99, {lag})"},
        ),
        Panel(
            "Trouble with the API server",
            "Requests put off, and watches begun again before their time.",
            "ops",
            {
                "put off": "sum(rate(llamafleet_throttled_requests_total[$__rate_interval]))",
                "{{kind}} {{reason}}": (
                    "sum by (kind, reason) "
                    '(rate(llamafleet_watch_restarts_total{reason!="ended"}[$__rate_interval]))'
                ),
            },
        ),
    ]


def _waker() -> list[Panel]:
    wait = "sum by (le) (rate(llamafleet_waker_wait_seconds_bucket[$__rate_interval]))"
    held = f"sum by (namespace, name) (llamafleet_waker_held_requests{{{FLEET}}})"
    return [
        Panel("Held", "Requests that wait for a first replica.", "none", {"{{namespace}}/{{name}}": held}),
        Panel(
            "Refused",
            "By reason; a closed fleet is a reason too.",
            "ops",
            {"{{reason}}": "sum by (reason) (rate(llamafleet_waker_refused_total[$__rate_interval]))"},
        ),
        Panel(
            "Time in the waker",
            "Of requests that were passed on.",
            "s",
            {
                "half of them": f"histogram_quantile(0.5, {wait})",
                "95 of 100": f"histogram_quantile(0.95, {wait})",
            },
        ),
    ]
