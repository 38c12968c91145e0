"""``kubectl llama status``: the fleets of a namespace, or of all, as they are now; with ``--watch`` live."""

import argparse

from llamafleet.adapters.onlooker import Onlooker
from llamafleet.cli.files import BadInput
from llamafleet.cli.live.asked import pictured
from llamafleet.cli.live.fleets_view import Picture, render
from llamafleet.cli.live.where import Where, ask
from llamafleet.cli.stdout import write_document


def status(options: argparse.Namespace) -> int:
    """Show the fleets.

    Raises:
        LlamafleetError: they cannot be read; the message says what to do.
    """
    if options.watch:
        return _watch(options)
    picture = ask(options, lambda onlooker, where: _look(options, onlooker, where))
    if options.output == "table":
        _show(picture)
    else:
        _print(picture, options.output)
    return 0


async def _look(options: argparse.Namespace, onlooker: Onlooker, where: Where) -> Picture:
    found = await onlooker.llamas(where.namespace)
    return pictured(options, where, found)


def _watch(options: argparse.Namespace) -> int:
    if options.output != "table":
        message = "--watch: must be without -o: it draws a table. For programs: kubectl get llama -w -o json"
        raise BadInput(message)
    from llamafleet.cli.live.watching import watch  # noqa: PLC0415 - what is shown once needs none of it

    return ask(options, lambda onlooker, where: watch(options, onlooker, where))


def _show(picture: Picture) -> None:
    from llamafleet.cli.live.terminal import show  # noqa: PLC0415 - what programs read needs no rich

    show(lambda width: render(picture, width))


def _print(picture: Picture, form: str) -> None:
    from llamafleet.cli.live.fleets_output import document  # noqa: PLC0415 - what people read needs no record

    write_document(document(picture).model_dump(mode="json", by_alias=True), form)
