"""``kubectl llama explain NAME``: why a fleet is as it is, and what happens next."""

import argparse
from functools import partial
from typing import Final

from llamafleet.adapters import clock
from llamafleet.adapters.onlooker import Onlooker
from llamafleet.cli.live.decision import Decision, decision
from llamafleet.cli.live.decision_view import draw
from llamafleet.cli.live.fleets import fleet, read_status
from llamafleet.cli.live.where import NotThere, Where, ask, fetch
from llamafleet.cli.screen import show

NARROWEST: Final = 60
"""Columns of the view at the least."""


def explain(options: argparse.Namespace) -> int:
    """Show the chain of the last decision.

    Raises:
        LlamafleetError: the resource cannot be read; the message says what to do.
    """
    told = ask(options, lambda onlooker, where: _decision(options, onlooker, where))
    show(partial(draw, told, options.now or clock.now()), NARROWEST)
    return 0


async def _decision(options: argparse.Namespace, onlooker: Onlooker, where: Where) -> Decision:
    raw = await fetch(onlooker, where, options.name)
    status, now = read_status(raw), options.now or clock.now()
    if status is None:
        message = (
            f"the status of LlamaDeployment {options.name} is not as this release of the tool knows it: use"
            " the one that fits the operator"
        )
        raise NotThere(message)
    return decision(raw, fleet(raw, now), status, now)
