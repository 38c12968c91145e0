"""What is left to do for a resource that is gone: its account is closed, for a namesake to go on from."""

import logging
from datetime import datetime, timedelta

from llamafleet.api.observed import Key
from llamafleet.catalogue import Catalogue
from llamafleet.errors import Forbidden
from llamafleet.planning.drain import drain
from llamafleet.planning.money.account import Ground, account
from llamafleet.planning.money.carryover import left_behind
from llamafleet.planning.sizing.pools import resolve
from llamafleet.reconcile.observe import read_pools, spot_nodes
from llamafleet.reconcile.ports import World
from llamafleet.reconcile.seen import read_ledger

log = logging.getLogger(__name__)


async def bury(world: World, known: Catalogue, key: Key, now: datetime) -> None:
    """The resource is gone: a namesake shall not get its money again.

    Its last status need not know of its last pods: it may be from before they had their nodes. So they are
    settled once more. With that go its departed pods, for nobody is left to account for them.

    Raises:
        Unavailable: the API server cannot be reached or refuses.
    """
    raw, departed, pods, version = (
        world.left(key),
        world.departed(key),
        world.pods(key),
        world.pods_version(key),
    )
    ledger = None if raw is None else read_ledger(raw)
    if ledger is not None:
        pools, unreadable = await read_pools(world)
        grace = timedelta(seconds=drain(None).grace)
        ground = Ground(
            pools=resolve(pools, unreadable, known),
            spot=await spot_nodes(world, (*pods, *(one.pod for one in departed)), pools),
            loads={},
            zone=ledger.time_zone,
            grace=grace,
        )
        last = account(ledger, (*pods, *departed), ground, now, version).ledger
        kept = left_behind(last, now, grace).model_dump(mode="json", by_alias=True, exclude_none=True)
        try:
            await world.carry_over(key, kept)
        except Forbidden as error:  # rights of an older release
            log.warning("%s leaves no account: %s", key, error)
            world.forget(key)  # no look will come again for it
    world.settled(key, [one.pod.uid for one in departed])
