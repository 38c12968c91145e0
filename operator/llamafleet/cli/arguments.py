"""The options of every command, with their types and their help.

A wrong one ends the program with its usage and exit code 2. What an option means is known where it is used.
"""

import argparse
import os
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

LAST_PORT: Final = 65535

FORMS: Final = ("table", "json", "yaml")
"""What ``-o`` takes: a view for people, or one document for programs."""

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

SHARE: Final = re.compile(r"0(\.[0-9]{1,6})?|1(\.0{1,6})?", re.ASCII)


def add_plan(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet plan``."""
    _add_question(parser)
    _add_output(parser)
    parser.add_argument(
        "--explain", action="store_true", help="show the sum of every shape and the source of every figure"
    )


def add_windows(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet windows``."""
    _add_question(parser)
    parser.add_argument(
        "--from",
        type=_day,
        metavar="DAY",
        dest="first_day",
        help="the first day in the time zone of spec.schedule, such as 2026-03-01 (default: this month's)",
    )
    parser.add_argument(
        "--to",
        type=_day,
        metavar="DAY",
        dest="end_day",
        help="the first day after the last one (default: that of the next month)",
    )
    _add_output(parser)


def add_cost(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet cost``."""
    _add_question(parser)
    parser.add_argument(
        "--tokens-per-month",
        type=_tokens,
        metavar="N",
        help="how many tokens, in and out, the fleet is to serve in 30 days: 250M, 1.5B, 1e9 or 250000000",
    )
    parser.add_argument(
        "--input-share",
        type=_share,
        metavar="SHARE",
        default=Decimal("0.25"),
        help="the share of tokens of prompts among them, from 0 to 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--plot",
        type=_picture,
        metavar="FILE",
        help="draw US dollars over tokens into a .png or .svg file; needs llamafleet[plot]",
    )
    _add_output(parser)


def add_models(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet models``."""
    parser.add_argument("key", nargs="?", metavar="VARIANT", help="one model, with every source")
    _add_values(parser)
    _add_output(parser)


def add_gpus(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet gpus``."""
    parser.add_argument("key", nargs="?", metavar="KEY", help="one GPU, with every source and price")
    _add_values(parser)
    _add_output(parser)


def add_prices(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet prices``."""
    parser.set_defaults(gpu=True, api=True)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--gpu", action="store_false", dest="api", help="what GPUs cost, and nothing else")
    only.add_argument("--api", action="store_false", dest="gpu", help="what APIs ask, and nothing else")
    _add_values(parser)
    _add_output(parser)


def add_run(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet run``."""
    parser.add_argument(
        "--namespace",
        default=os.environ.get("POD_NAMESPACE", "llamafleet-system"),
        help="the namespace that the operator runs in (default: $POD_NAMESPACE, else %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=_positive,
        default=8,
        help="resources reconciled at the same time (default: %(default)s)",
    )
    parser.add_argument(
        "--health", metavar="URL", help="where to serve liveness, such as http://0.0.0.0:8080/healthz"
    )
    parser.add_argument(
        "--metrics-port", type=_port, default=0, help="where to serve Prometheus metrics (default: nowhere)"
    )
    _add_values(parser)


def add_reference(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet reference``."""
    parser.add_argument(
        "--write", type=_folder, metavar="FOLDER", required=True, help="the folder with the pages"
    )


def add_crds(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet crds``."""
    parser.add_argument(
        "--write", type=_folder, metavar="FOLDER", help="write one file per kind into this folder"
    )


def _add_question(parser: argparse.ArgumentParser) -> None:
    """What is asked about: one LlamaDeployment, and everything that its plan depends on."""
    parser.add_argument(
        "manifests", type=_file, metavar="FILE", help="manifests with the LlamaDeployment; - is stdin"
    )
    parser.add_argument(
        "--name", help="which LlamaDeployment, as NAME or NAMESPACE/NAME, when there are several"
    )
    parser.add_argument(
        "--pools",
        type=_file,
        metavar="FILE",
        action="append",
        default=[],
        help="more manifests with GpuPools; may be repeated",
    )
    _add_values(parser)
    parser.add_argument(
        "--weights", type=_file, metavar="PATH", help="your own checkpoint: its folder, or its config.json"
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", choices=FORMS, default=FORMS[0], help="how to show it (default: %(default)s)"
    )


def _add_values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--values", type=_file, metavar="FILE", help="your own figures for the catalogue's")


def _file(text: str) -> str:
    """The name of a file, which may be missing; a variable of the shell that is not set is no name."""
    if not text:
        message = "must be the name of a file, not an empty text"
        raise argparse.ArgumentTypeError(message)
    return text


def _positive(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        message = f"must be a whole number from 1 on, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _day(text: str) -> date:
    """A day of the calendar, of years in which time zones are known."""
    try:
        day = date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year < END_YEAR:
        message = (
            f"must be a day of the years {FIRST_YEAR} to {END_YEAR - 1}, such as 2026-03-01, not {text!r}"
        )
        raise argparse.ArgumentTypeError(message)
    return day


def _tokens(text: str) -> int:
    """A number of tokens, with a unit or an exponent where that is shorter."""
    parts = TOKENS.fullmatch(text)
    if parts:
        tokens = Decimal(parts["number"]).scaleb(int(parts["exponent"] or 0) + UNITS[parts["unit"] or ""])
        if 1 <= tokens <= MOST_TOKENS and tokens == tokens.to_integral_value():
            return int(tokens)
    message = f"must be a whole number from 1 to {MOST_TOKENS:,}, such as 250M, 1.5B or 1e9, not {text!r}"
    raise argparse.ArgumentTypeError(message)


def _share(text: str) -> Decimal:
    """A share from 0 to 1."""
    if not SHARE.fullmatch(text):
        message = f"must be a decimal from 0 to 1 with at most six decimals, such as 0.25, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return Decimal(text)


def _picture(text: str) -> Path:
    """The file of a picture, whose name says what kind it is."""
    path = Path(text)
    if path.suffix not in PICTURES:
        message = f"must be the name of a file that ends in {' or '.join(PICTURES)}, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return path


def _port(text: str) -> int:
    """A TCP port; 0 for none."""
    if not text.isdecimal() or int(text) > LAST_PORT:
        message = f"must be a port from 0 to {LAST_PORT}, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _folder(text: str) -> Path:
    """A folder that exists."""
    if not Path(text).is_dir():
        message = f"must be a folder that exists, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return Path(text)
