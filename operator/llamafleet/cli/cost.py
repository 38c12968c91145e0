"""``llamafleet cost``: reads the question from files and the clock, has it answered, and shows the answer."""

import argparse
from functools import partial
from typing import Final

from llamafleet.cli.cost_answer import CostAnswer, Wish, cost_answer
from llamafleet.cli.drawing import drawing
from llamafleet.cli.files import BadInput
from llamafleet.cli.fleet import fleet
from llamafleet.cli.manifests import refusal
from llamafleet.cli.plan import NOTHING_FITS, read_question
from llamafleet.cli.stdout import write_document
from llamafleet.errors import InvalidSpec

NARROWEST: Final = 66
"""Columns of the view at the least."""


def cost(options: argparse.Namespace) -> int:
    """Show what the fleet costs in 30 days, per token, and beside APIs.

    Raises:
        BadInput: a file cannot be used, a field must be changed, or a picture cannot be drawn.
    """
    question = read_question(options)
    try:
        answered = cost_answer(fleet(question), Wish(options.tokens_per_month, options.input_share))
    except InvalidSpec as error:
        llama = question.llama
        raise refusal(question.origin, type(llama).__name__, llama.metadata.name, error) from error
    if options.plot and not answered.fleet.refusal:
        _plot(answered, options)
    if options.output == "table":
        _show(answered)
    else:
        _print(answered, options.output)
    return NOTHING_FITS if answered.fleet.refusal else 0


def _plot(answered: CostAnswer, options: argparse.Namespace) -> None:
    if not answered.monthly_usd:
        message = f"--plot {options.plot}: must have a price of the fleet to draw, and it has none above zero"
        raise BadInput(message)
    with drawing(options.plot):
        from llamafleet.cli.plot import plot  # noqa: PLC0415 - slow, large, and an extra of the package

        plot(answered, options.plot)


def _show(answered: CostAnswer) -> None:
    from llamafleet.cli.cost_view import draw  # noqa: PLC0415 - what programs read needs no rich
    from llamafleet.cli.screen import show  # noqa: PLC0415

    show(partial(draw, answered), NARROWEST)


def _print(answered: CostAnswer, form: str) -> None:
    from llamafleet.cli.cost_output import document  # noqa: PLC0415 - what people read needs no record

    write_document(document(answered).model_dump(mode="json", by_alias=True), form)
