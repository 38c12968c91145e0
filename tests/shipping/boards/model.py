"""One fleet, with what its model servers say of themselves."""

from typing import Final

from shipping.boards.chosen import DOLLARS, FLEET, chosen, of_fleet
from shipping.grafana import dashboard
from shipping.panels import Json, Panel, Row

MODEL: Final = 'namespace="$namespace",fleet="$name"'
QUANTILES: Final = {"half of them": 0.5, "95 of 100": 0.95, "99 of 100": 0.99}


def model() -> Json:
    """One fleet, with what its model servers say."""
    return dashboard(
        "llamafleet-model",
        "llamafleet / one model",
        "How does one model serve its requests?",
        chosen(several=False),
        [
            Row("Load", _load()),
            Row("Time", _times()),
            Row("Work", _work()),
        ],
    )


def _of_model(metric: str, labels: str = "") -> str:
    return f"vllm:{metric}{{{MODEL}{',' if labels else ''}{labels}}}"


def _rate(metric: str, by: str = "") -> str:
    return f"sum{f' by ({by})' if by else ''} (rate({_of_model(metric)}[$__rate_interval]))"


def _load() -> list[Panel]:
    replicas = {
        "wanted": of_fleet("desired_replicas"),
        "there": of_fleet("replicas"),
        "ready": of_fleet("ready_replicas"),
    }
    held = f"sum(llamafleet_waker_held_requests{{{FLEET}}})"
    return [
        Panel("Replicas", "Wanted by the last decision, there, and answering.", "none", replicas),
        Panel(
            "Requests",
            "All replicas together; held by the waker while no replica is ready.",
            "none",
            {
                "running": f"sum({_of_model('num_requests_running')})",
                "waiting": f"sum({_of_model('num_requests_waiting')})",
                "held": held,
            },
        ),
        Panel(
            "KV cache in use",
            "Of each replica; a full one makes requests wait or start again.",
            "percentunit",
            {"{{pod}}": f"max by (pod) ({_of_model('kv_cache_usage_perc')})"},
        ),
        Panel(
            "Waiting, by reason",
            "More replicas help with capacity; deferred waits for something else.",
            "none",
            {"{{reason}}": f"sum by (reason) ({_of_model('num_requests_waiting_by_reason')})"},
        ),
        Panel(
            "Running, by replica",
            "Uneven lines are connections that stay with one pod.",
            "none",
            {"{{pod}}": f"sum by (pod) ({_of_model('num_requests_running')})"},
        ),
        Panel(
            "Refused and begun again",
            "Refused at a full queue, and preempted for want of KV cache.",
            "ops",
            {
                "refused: {{reason}}": _rate("admission_rejections_total", "reason"),
                "preempted": _rate("num_preemptions_total"),
            },
        ),
    ]


def _times() -> list[Panel]:
    parts = {
        "Time to first token": ("From the request to the first word.", "time_to_first_token_seconds"),
        "Time between tokens": ("How fluently it speaks.", "inter_token_latency_seconds"),
        "Time in the queue": ("Before a replica began.", "request_queue_time_seconds"),
        "Time of a whole request": ("From end to end.", "e2e_request_latency_seconds"),
    }
    panels = [
        Panel(title, says, "s", {name: _quantile(share, metric) for name, share in QUANTILES.items()})
        for title, (says, metric) in parts.items()
    ]
    start = Panel(
        "Cold start",
        "95 of 100 of the last starts took no longer, from the node to the first answer.",
        "s",
        {"95 of 100": of_fleet("cold_start_seconds")},
    )
    return [*panels, start]


def _quantile(share: float, metric: str) -> str:
    return f"histogram_quantile({share}, {_rate(f'{metric}_bucket', 'le')})"


def _work() -> list[Panel]:
    hit = f"{_rate('prefix_cache_hits_total')} / {_rate('prefix_cache_queries_total')}"
    return [
        Panel(
            "Tokens per second",
            "All replicas together.",
            "none",
            {"prompts": _rate("prompt_tokens_total"), "answers": _rate("generation_tokens_total")},
        ),
        Panel(
            "Requests finished",
            "By reason: abort means that the client left.",
            "reqps",
            {"{{finished_reason}}": _rate("request_success_total", "finished_reason")},
        ),
        Panel("Prompts found in the cache", "Of all tokens of prompts.", "percentunit", {"found": hit}),
        Panel("Dollars per hour", "Wanted replicas.", DOLLARS, {"per hour": of_fleet("hourly_rate_dollars")}),
        Panel(
            "The month",
            "Spent, projected, and the budget.",
            DOLLARS,
            {
                "spent": of_fleet("month_to_date_dollars"),
                "projected": of_fleet("projected_month_dollars"),
                "budget": of_fleet("monthly_budget_dollars"),
            },
        ),
        Panel(
            "GPUs draining", "Paid for, without new requests.", "none", {"GPUs": of_fleet("draining_gpus")}
        ),
    ]
