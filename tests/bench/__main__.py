"""Run the benchmark and print its table; ``--write`` puts it onto the page in ``docs`` as well."""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from bench import autoscale_command, report
from bench.parts import PARTS, say, tried
from bench.report import Row
from testbed.processes import ended_by_signals

NUMBERS = (
    ("--resources", 1, 200, "that settle, turn by turn with the floor"),
    ("--repeat", 1, 3, "how many turns"),
    ("--large", 1, 1000, "resources of the large fleet"),
    ("--pods", 1, 10, "of each of these"),
    ("--edits", 2, 20, "one after the other"),
    ("--held", 100, 50_000, "pods in memory, and as many events of them"),
)
"""Options: the name, the least, the default, and what it is."""

INTERRUPTED = 130
"""The exit code of a program that Ctrl-C ended, by the custom of shells."""


def main() -> int:
    """Run it; the exit code. ``autoscale`` has a program of its own, which needs no cluster."""
    if sys.argv[1:2] == ["autoscale"]:
        try:
            return autoscale_command.main(sys.argv[2:])
        except KeyboardInterrupt:
            return INTERRUPTED
    options, figures = _options(), list[Row]()
    try:
        with ended_by_signals():
            _measure(options, figures)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; everything that was started is stopped.\n")
        return INTERRUPTED
    finally:
        sys.stdout.write(f"\n{report.table(figures)}\n")
    if options.failed:
        sys.stderr.write(f"error: not measured to the end: {', '.join(options.failed)}\n")
        return 1
    if options.write:
        command = " ".join(["python -m bench", *(word for word in sys.argv[1:] if word != "--write")])
        report.write(figures, command, datetime.now(UTC).date())
    return 0


def _measure(options: argparse.Namespace, figures: list[Row]) -> None:
    """Every part that is asked for."""
    for name in [name for name in PARTS if name in options.only]:
        for row in tried(name, options):
            say(" | ".join(filter(None, row)))
            figures.append(row)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure llamafleet against floors.")
    for name, least, usual, what in NUMBERS:
        parser.add_argument(
            name, type=_at_least(least), default=usual, metavar="N", help=f"{what} (default: %(default)s)"
        )
    parser.add_argument(
        "--quiet-seconds", type=float, default=600.0, metavar="S", help="default: %(default)s"
    )
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument(
        "--write", action="store_true", help="write docs/benchmarks.md, too, unless a part failed"
    )
    parser.set_defaults(begun=[], failed=[])
    return parser.parse_args()


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            message = f"must be a whole number from {least} on, not {text!r}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return number


if __name__ == "__main__":
    sys.exit(main())
