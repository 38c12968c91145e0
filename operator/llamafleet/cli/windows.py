"""``llamafleet windows``: reads the question from files and the clock, has it answered, and shows it."""

import argparse
from functools import partial

from llamafleet.cli.fleet import fleet
from llamafleet.cli.manifests import refusal
from llamafleet.cli.plan import NOTHING_FITS, read_question
from llamafleet.cli.stdout import write_document
from llamafleet.cli.windows_answer import Calendar, asked_days, calendar
from llamafleet.errors import InvalidSpec


def windows(options: argparse.Namespace) -> int:
    """Show when the fleet is open, and what that costs.

    Raises:
        BadInput: a file cannot be used, or a field must be changed, whatever GPUs there are.
        InvalidSpec: the days are no range.
    """
    question = read_question(options)
    try:
        asked = fleet(question)
    except InvalidSpec as error:
        llama = question.llama
        raise refusal(question.origin, type(llama).__name__, llama.metadata.name, error) from error
    days = asked_days(options.first_day, options.end_day, question.now, asked.zone)
    answered = calendar(asked, days)
    if options.output == "table":
        _show(answered)
    else:
        _print(answered, options.output)
    return NOTHING_FITS if asked.refusal else 0


def _show(answered: Calendar) -> None:
    from llamafleet.cli.screen import show  # noqa: PLC0415 - what programs read needs no rich
    from llamafleet.cli.windows_view import draw, narrowest  # noqa: PLC0415

    show(partial(draw, answered), narrowest(answered))


def _print(answered: Calendar, form: str) -> None:
    from llamafleet.cli.windows_output import document  # noqa: PLC0415 - what people read needs no record

    write_document(document(answered).model_dump(mode="json", by_alias=True), form)
