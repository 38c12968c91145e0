"""``llamafleet simulate``: reads the question and the trace, has it simulated, and shows the answer."""

import argparse
import sys
from functools import partial

from llamafleet.cli.drawing import drawing
from llamafleet.cli.files import STDIN, BadInput, called
from llamafleet.cli.fleet import Fleet, fleet
from llamafleet.cli.manifests import refusal
from llamafleet.cli.plan import NOTHING_FITS, read_question
from llamafleet.cli.progress import progress
from llamafleet.cli.simulate_answer import Asked, SimulateAnswer, begin_of_day, simulate_answer
from llamafleet.cli.stdout import write_document
from llamafleet.errors import InvalidSpec
from llamafleet.simulation import BadTrace, Starts, Trace, open_trace


def simulate(options: argparse.Namespace) -> int:
    """Show what a fleet does, costs and lets wait while a trace of requests comes in.

    Raises:
        BadInput: a file cannot be used, a field must be changed, or a picture cannot be drawn.
    """
    if options.plot:
        with drawing(options.plot):  # said before a long simulation, not after it
            import matplotlib as mpl  # noqa: F401, PLC0415 - slow, large, and an extra of the package
    _check_stdin(options)
    question = read_question(options)
    trace = _trace(options.trace)
    try:
        asked = fleet(question)
        with progress("simulating") as told:
            answered = simulate_answer(asked, _asked(options, asked), trace, told)
    except InvalidSpec as error:
        llama = question.llama
        raise refusal(question.origin, type(llama).__name__, llama.metadata.name, error) from error
    if options.plot:
        _plot(answered, options)
    if options.output == "table":
        _show(answered)
    else:
        _print(answered, options.output)
    return 0 if answered.ran else NOTHING_FITS


def _trace(file: str) -> Trace:
    if file == STDIN and sys.stdin is None:  # the shell closed it
        message = f"{called(file)}: must be a trace of requests, and it is closed"
        raise BadInput(message)
    try:
        return open_trace(file)
    except BadTrace as error:
        raise BadInput(str(error)) from error


def _asked(options: argparse.Namespace, asked: Fleet) -> Asked:
    return Asked(
        trace=called(options.trace),
        policy=options.policy,
        starts=Starts(options.cold_start, options.cold_start_spread, options.seed),
        slo_seconds=options.slo,
        start=options.start or begin_of_day(asked),
    )


def _check_stdin(options: argparse.Namespace) -> None:
    """It can be read once."""
    if options.trace == STDIN and STDIN in (options.manifests, *options.pools):
        message = "--trace = -: must be a file where standard input is a manifest"
        raise BadInput(message)


def _plot(answered: SimulateAnswer, options: argparse.Namespace) -> None:
    from llamafleet.cli.simulate_plot import plot  # noqa: PLC0415 - it needs matplotlib

    if answered.ran is None:
        return
    with drawing(options.plot):
        plot(answered, answered.ran, options.plot)


def _show(answered: SimulateAnswer) -> None:
    from llamafleet.cli.screen import show  # noqa: PLC0415 - what programs read needs no rich
    from llamafleet.cli.simulate_view import NARROWEST, draw  # noqa: PLC0415

    show(partial(draw, answered), NARROWEST)


def _print(answered: SimulateAnswer, form: str) -> None:
    from llamafleet.cli.simulate_output import document  # noqa: PLC0415 - what people read needs no record

    write_document(document(answered).model_dump(mode="json", by_alias=True), form)
