"""What the fleets cost, and their budgets."""

from shipping.boards.chosen import DOLLARS, chosen, of_fleet
from shipping.grafana import dashboard
from shipping.panels import Json, Panel, Row, stacked, stat, table


def money() -> Json:
    """What the fleets cost."""
    return dashboard(
        "llamafleet-money",
        "llamafleet / money",
        "What do the fleets cost, and does it stay within their budgets?",
        chosen(several=True),
        [Row("Now", _bill()), Row("Each fleet", _bills())],
    )


def _bill() -> list[Panel]:
    unpriced = of_fleet("condition", 'type="Priced",status="False"')
    return [
        stat(
            "Per hour", "What the wanted replicas cost.", DOLLARS, f"sum({of_fleet('hourly_rate_dollars')})"
        ),
        stat("This month", "Until now.", DOLLARS, f"sum({of_fleet('month_to_date_dollars')})"),
        stat(
            "Projected",
            "The month at the present demand, before any budget holds it back.",
            DOLLARS,
            f"sum({of_fleet('projected_month_dollars')})",
        ),
        stat(
            "Budgets", "Of the fleets that have one.", DOLLARS, f"sum({of_fleet('monthly_budget_dollars')})"
        ),
        stat(
            "GPUs draining",
            "Paid for, without new requests.",
            "none",
            f"sum({of_fleet('draining_gpus')})",
        ),
        stat(
            "Without a price",
            "Fleets whose pods are counted at nothing.",
            "none",
            f"count({unpriced}) or vector(0)",
            bad_from=1,
        ),
    ]


def _bills() -> list[Panel]:
    legend = "{{namespace}}/{{name}}"
    columns = {
        "per hour": of_fleet("hourly_rate_dollars"),
        "this month": of_fleet("month_to_date_dollars"),
        "projected": of_fleet("projected_month_dollars"),
        "budget": of_fleet("monthly_budget_dollars"),
        "may be wrong by": of_fleet("uncertain_dollars"),
        "GPUs draining": of_fleet("draining_gpus"),
    }
    share = f"{of_fleet('month_to_date_dollars')} / {of_fleet('monthly_budget_dollars')}"
    ahead = f"{of_fleet('projected_month_dollars')} / {of_fleet('monthly_budget_dollars')}"
    units = {name: DOLLARS for name in columns if name != "GPUs draining"}
    return [
        table("Cost of each fleet", "What is not known is empty; it is never zero.", columns, units),
        stacked(
            Panel("Dollars per hour", "Wanted replicas.", DOLLARS, {legend: of_fleet("hourly_rate_dollars")})
        ),
        stacked(
            Panel(
                "The month so far",
                "Begins again at zero.",
                DOLLARS,
                {legend: of_fleet("month_to_date_dollars")},
            )
        ),
        stacked(
            Panel("Draining", "GPUs of replicas that finish.", "none", {legend: of_fleet("draining_gpus")})
        ),
        Panel("Share of the budget spent", "1 is all of it.", "percentunit", {legend: share}, width=12),
        Panel(
            "Share of the budget that is projected",
            "Above 100 % the budget will hold the fleet back.",
            "percentunit",
            {legend: ahead},
            width=12,
        ),
    ]
