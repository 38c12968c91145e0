"""The fleets that somebody asked for, as one picture: for whoever draws it once, and for whoever goes on."""

import argparse
from collections.abc import Iterable, Mapping
from typing import Any

from llamafleet.adapters import clock
from llamafleet.cli.live.fleets import fleet
from llamafleet.cli.live.fleets_view import Picture
from llamafleet.cli.live.where import Where, chosen


def pictured(options: argparse.Namespace, where: Where, found: Iterable[Mapping[str, Any]]) -> Picture:
    """The fleets that were asked for.

    Raises:
        NotThere: one of them is not among those that there are.
    """
    now = options.now or clock.now()
    fleets = [fleet(raw, now) for raw in chosen(found, options.names, where)]
    spread = where.namespace is None or len({one.namespace for one in fleets}) > 1
    return Picture(fleets, f"{where}", now, spread)
