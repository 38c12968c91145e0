"""``kubectl llama top``: the pods of the fleets, their work and their cost."""

import argparse
from collections import defaultdict
from collections.abc import Sequence

from llamafleet.adapters import clock
from llamafleet.adapters.onlooker import Onlooker
from llamafleet.api.observed import Key, PodSeen
from llamafleet.cli.live.fleets import fleet, read_status
from llamafleet.cli.live.pods import Crew, crew
from llamafleet.cli.live.pods_view import render
from llamafleet.cli.live.terminal import show
from llamafleet.cli.live.where import Where, ask, chosen


def top(options: argparse.Namespace) -> int:
    """Show the pods.

    Raises:
        LlamafleetError: they cannot be read; the message says what to do.
    """
    crews, where = ask(options, lambda onlooker, where: _look(options, onlooker, where))
    spread = where.namespace is None or len({one.fleet.namespace for one in crews}) > 1
    show(lambda width: render(crews, f"{where}", width, spread=spread))
    return 0


async def _look(
    options: argparse.Namespace, onlooker: Onlooker, where: Where
) -> tuple[Sequence[Crew], Where]:
    now = options.now or clock.now()
    found = chosen(await onlooker.llamas(where.namespace), options.names, where)
    pods: dict[Key, list[PodSeen]] = defaultdict(list)
    for owner, pod in await onlooker.pods(where.namespace):
        pods[owner].append(pod)
    crews = []
    for raw in found:
        owner = Key(raw["metadata"]["namespace"], raw["metadata"]["name"])
        crews.append(crew(fleet(raw, now), read_status(raw), pods[owner], now))
    return crews, where
