"""``llamafleet plan``: the shape and the price of one replica, with no cluster at hand."""

import argparse
from typing import TYPE_CHECKING, Final

from llamafleet.cli.arguments import add_output, add_values

if TYPE_CHECKING:
    from llamafleet.cli.answer import Answer

NOTHING_FITS: Final = 3
"""The exit code when no GPUs hold the model."""


def add_plan(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet plan``."""
    parser.set_defaults(command=_plan)
    parser.add_argument("manifests", metavar="FILE", help="manifests with the LlamaDeployment; - is stdin")
    parser.add_argument(
        "--name", help="which LlamaDeployment, as NAME or NAMESPACE/NAME, when there are several"
    )
    parser.add_argument(
        "--pools",
        metavar="FILE",
        action="append",
        default=[],
        help="more manifests with GpuPools; may be repeated",
    )
    add_values(parser)
    parser.add_argument(
        "--weights", metavar="PATH", help="your own checkpoint: its folder, or its config.json"
    )
    add_output(parser)
    parser.add_argument(
        "--explain", action="store_true", help="show the sum of every shape and the source of every figure"
    )


def _plan(options: argparse.Namespace) -> int:
    from llamafleet.cli.answer import answer  # noqa: PLC0415 - see the package's docstring
    from llamafleet.cli.question import read_question  # noqa: PLC0415

    answered = answer(read_question(options))
    if options.output == "table":
        _show(answered, explain=options.explain)
    else:
        _print(answered, options.output)
    return 0 if answered.feasible else NOTHING_FITS


def _show(answered: "Answer", *, explain: bool) -> None:
    from llamafleet.cli.screen import show  # noqa: PLC0415
    from llamafleet.cli.view import draw  # noqa: PLC0415

    show(lambda console: draw(answered, console, explain=explain))


def _print(answered: "Answer", form: str) -> None:
    from llamafleet.cli.document import document  # noqa: PLC0415
    from llamafleet.cli.stdout import write_document  # noqa: PLC0415

    write_document(document(answered).model_dump(mode="json", by_alias=True), form)
