"""What a text of the command line stands for: a number, a day, a file. Nothing here knows what it is for.

Each function takes the text and gives the value, or raises ``ArgumentTypeError`` with the rule.
"""

import argparse
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from llamafleet.api.texts import is_name, is_service_name

LAST_PORT: Final = 65535

PICTURES: Final = (".png", ".svg")
"""What ``--plot`` draws, by the end of a file's name."""

DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
FIRST_YEAR: Final = 1970
END_YEAR: Final = 2900
"""Before and after these no schedule is looked at: the checks of schedules end there, too."""

TOKENS: Final = re.compile(
    r"(?P<number>[0-9]{1,18}(\.[0-9]{1,18})?)(e(?P<exponent>[0-9]{1,2})|(?P<unit>[kKMBT]))?", re.ASCII
)
UNITS: Final[Mapping[str, int]] = {"": 0, "k": 3, "K": 3, "M": 6, "B": 9, "T": 12}
"""Thousands, millions, billions and trillions, as powers of ten."""

MOST_TOKENS: Final = 10**15
"""A thousand trillion: more in a month than anybody serves, so that a larger number is a slip."""

LONGEST_SECONDS: Final = 86_400
"""A day, in seconds: no cold start and no wait that anybody plans for is longer."""

SHORTEST_LEASE: Final = 2
"""Seconds: a renewal has a quarter of it, and half a second is little for a request."""

LONGEST_LEASE: Final = 60
"""Seconds: for so long nobody works after a process died. Three minutes of silence would end all of them."""

LARGEST_SEED: Final = 2**32 - 1

MOST_SPREAD: Final = 2.0
"""Then one start of twenty takes fifty times as long as the usual one: nothing worse is worth a plan."""

URL: Final = re.compile(r"[a-z]+://[A-Za-z0-9.:\[\]_-]+(/[A-Za-z0-9._~/-]*)?", re.ASCII)
"""An address without a user, a query or a fragment: a password there would stand in the process list."""

SHARE: Final = re.compile(r"0(\.[0-9]{1,6})?|1(\.0{1,6})?", re.ASCII)


def file_name(text: str) -> str:
    """The name of a file, which may be missing; a variable of the shell that is not set is no name."""
    if not text:
        message = "must be the name of a file, not an empty text"
        raise argparse.ArgumentTypeError(message)
    return text


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        message = f"must be a whole number from 1 on, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def seconds(text: str) -> int:
    """A time in whole seconds, of a day at the most."""
    if not text.isdecimal() or not text.isascii() or int(text) > LONGEST_SECONDS:
        message = f"must be a whole number of seconds from 0 to {LONGEST_SECONDS:,}, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def lease_seconds(text: str) -> int:
    """The duration of a lease: whole seconds, as the API has it; its parts must be long against a request."""
    if not text.isdecimal() or not SHORTEST_LEASE <= int(text) <= LONGEST_LEASE:
        message = f"must be a whole number of seconds from {SHORTEST_LEASE} to {LONGEST_LEASE}, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def namespaces(text: str) -> tuple[str, ...]:
    """Names of namespaces, with commas between them."""
    names = tuple(text.split(","))
    for name in names:
        if not is_name(name):
            message = f"{name!r} is no name of a namespace: 1 to 63 small letters, digits and hyphens"
            raise argparse.ArgumentTypeError(message)
    return names


def namespace(text: str) -> str:
    """The name of one namespace."""
    return namespaces(text)[0] if "," not in text else _no_name(text)


def resource(text: str) -> str:
    """The name of a resource, which may stand behind that of its namespace and a slash."""
    namespace, slash, name = text.rpartition("/")
    return text if is_service_name(name) and (not slash or is_name(namespace)) else _no_name(text)


def _no_name(text: str) -> str:
    message = f"{text!r} is no name: small letters, digits and hyphens"
    raise argparse.ArgumentTypeError(message)


def joined(given: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """What an option has named that may be repeated: each once, in order."""
    return tuple(sorted({name for names in given for name in names}))


def spread(text: str) -> float:
    """How much starts differ: a plain decimal from 0 to 2."""
    whole, _, rest = text.partition(".")
    if (
        not whole.isdecimal()
        or not (rest or "0").isdecimal()
        or not text.isascii()
        or float(text) > MOST_SPREAD
    ):
        message = f"must be a number from 0 to {MOST_SPREAD:g}, such as 0.3, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return float(text)


def seed(text: str) -> int:
    """What chance begins with."""
    if not text.isdecimal() or not text.isascii() or int(text) > LARGEST_SEED:
        message = f"must be a whole number from 0 to {LARGEST_SEED:,}, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def instant(text: str) -> datetime:
    """An aware instant, in UTC, of years in which time zones are known."""
    from llamafleet.api.scalars import parse_timestamp  # noqa: PLC0415 - brings pydantic, which is slow

    try:
        found = parse_timestamp(text).astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or not FIRST_YEAR <= found.year < END_YEAR:
        message = (
            f"must be an instant with its offset from UTC, of the years {FIRST_YEAR} to {END_YEAR - 1}, "
            f"such as 2026-03-02T00:00:00+01:00, not {text!r}"
        )
        raise argparse.ArgumentTypeError(message)
    return found


def day(text: str) -> date:
    """A day of the calendar, of years in which time zones are known."""
    try:
        found = date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or not FIRST_YEAR <= found.year < END_YEAR:
        message = (
            f"must be a day of the years {FIRST_YEAR} to {END_YEAR - 1}, such as 2026-03-01, not {text!r}"
        )
        raise argparse.ArgumentTypeError(message)
    return found


def tokens(text: str) -> int:
    """A number of tokens, with a unit or an exponent where that is shorter."""
    parts = TOKENS.fullmatch(text)
    if parts:
        found = Decimal(parts["number"]).scaleb(int(parts["exponent"] or 0) + UNITS[parts["unit"] or ""])
        if 1 <= found <= MOST_TOKENS and found == found.to_integral_value():
            return int(found)
    message = f"must be a whole number from 1 to {MOST_TOKENS:,}, such as 250M, 1.5B or 1e9, not {text!r}"
    raise argparse.ArgumentTypeError(message)


def share(text: str) -> Decimal:
    """A share from 0 to 1."""
    if not SHARE.fullmatch(text):
        message = f"must be a decimal from 0 to 1 with at most six decimals, such as 0.25, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return Decimal(text)


def picture(text: str) -> Path:
    """The file of a picture, whose name says what kind it is."""
    path = Path(text)
    if path.suffix not in PICTURES:
        message = f"must be the name of a file that ends in {' or '.join(PICTURES)}, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return path


def port(text: str) -> int:
    """A TCP port; 0 for none."""
    if not text.isdecimal() or int(text) > LAST_PORT:
        message = f"must be a port from 0 to {LAST_PORT}, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def base_url(text: str) -> str:
    """The address of a server: http or https, a host, perhaps a port and a path, and nothing else."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # no port, or no IPv6 address
        usable = None
    if not usable or not URL.fullmatch(text):
        message = f"must be an address such as http://prometheus.monitoring:9090, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return text


def folder(text: str) -> Path:
    """A folder that exists."""
    if not Path(text).is_dir():
        message = f"must be a folder that exists, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return Path(text)
