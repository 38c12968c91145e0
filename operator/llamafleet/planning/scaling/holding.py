"""What was asked for is held for a while: a start costs more than a short rest."""

from datetime import datetime, timedelta

from llamafleet.api.memory import MOST_ASKS, Ask


def with_ask(asks: tuple[Ask, ...], replicas: int, now: datetime, hold: timedelta) -> tuple[Ask, ...]:
    """The counts that are held, with a new one: largest and oldest first, each smaller one asked for later.

    A larger and later one makes an older one pointless, so there are never more than the largest count; past
    the bound the two smallest become one, the larger held as long as the later.
    """
    kept = [ask for ask in asks if now - ask.at <= hold and ask.replicas > replicas]
    kept.append(Ask(replicas=replicas, at=now))
    if len(kept) > MOST_ASKS:
        last = kept.pop()
        kept[-1] = Ask(replicas=kept[-1].replicas, at=last.at)
    return tuple(kept)
