"""The fleets that a dashboard was told to show, and their figures."""

from typing import Final

from shipping.grafana import variable
from shipping.panels import Json

FLEET: Final = 'namespace=~"$namespace",name=~"$name"'
KNOWN: Final = "llamafleet_fleet_desired_replicas"
DOLLARS: Final = "currencyUSD"


def of_fleet(metric: str, labels: str = "") -> str:
    """A figure of each chosen fleet: one, though two pods of the operator may show it around a handover."""
    chosen = f"{FLEET},{labels}" if labels else FLEET
    return f"max by (namespace, name) (llamafleet_fleet_{metric}{{{chosen}}})"


def chosen(*, several: bool) -> list[Json]:
    """The variables that choose fleets, or one."""
    of = '{namespace=~"$namespace"}' if several else '{namespace="$namespace"}'
    return [
        variable("namespace", f'label_values({KNOWN}{{name!="(others)"}}, namespace)', several=several),
        variable("name", f"label_values({KNOWN}{of}, name)", several=several),
    ]
