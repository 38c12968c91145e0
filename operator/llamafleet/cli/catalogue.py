"""``llamafleet models``, ``gpus`` and ``prices``: the catalogue, each figure with its source."""

import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from llamafleet.cli.arguments import add_output, add_values
from llamafleet.cli.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from llamafleet.catalogue import Catalogue

Draw = Callable[["Console"], None]


def add_models(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet models``."""
    parser.set_defaults(command=_models)
    parser.add_argument("variant", nargs="?", metavar="VARIANT", help="one model, with every source")
    add_values(parser)
    add_output(parser)


def add_gpus(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet gpus``."""
    parser.set_defaults(command=_gpus)
    parser.add_argument("key", nargs="?", metavar="KEY", help="one GPU, with every source and price")
    add_values(parser)
    add_output(parser)


def add_prices(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet prices``."""
    parser.set_defaults(command=_prices, gpu=True, api=True)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--gpu", action="store_false", dest="api", help="what GPUs cost, and nothing else")
    only.add_argument("--api", action="store_false", dest="gpu", help="what APIs ask, and nothing else")
    add_values(parser)
    add_output(parser)


def _models(options: argparse.Namespace) -> int:
    from llamafleet.cli.catalogue_document import model_document, models_document  # noqa: PLC0415 - see the
    from llamafleet.cli.catalogue_models import draw_model, draw_models  # noqa: PLC0415 - package's docstring

    known, variant = _known(options), options.variant
    if variant is None:
        return _show(options, models_document(known), lambda console: draw_models(known, console))
    _check_key("VARIANT", variant, [*known.models, *known.unreleased])
    return _show(options, model_document(known, variant), lambda console: draw_model(known, variant, console))


def _gpus(options: argparse.Namespace) -> int:
    from llamafleet.cli.catalogue_document import gpu_document, gpus_document  # noqa: PLC0415 - see above
    from llamafleet.cli.catalogue_gpus import draw_gpu, draw_gpus  # noqa: PLC0415

    known, key = _known(options), options.key
    if key is None:
        return _show(options, gpus_document(known), lambda console: draw_gpus(known, console))
    _check_key("KEY", key, known.gpus)
    return _show(options, gpu_document(known, key), lambda console: draw_gpu(known, key, console))


def _prices(options: argparse.Namespace) -> int:
    from llamafleet.cli.catalogue_document import prices_document  # noqa: PLC0415 - see above
    from llamafleet.cli.catalogue_prices import draw_prices  # noqa: PLC0415

    known = _known(options)
    document = prices_document(known, gpu=options.gpu, api=options.api)
    return _show(
        options, document, lambda console: draw_prices(known, console, gpu=options.gpu, api=options.api)
    )


def _known(options: argparse.Namespace) -> "Catalogue":
    from llamafleet.cli.values import read_catalogue  # noqa: PLC0415 - see above

    return read_catalogue(options.values)


def _check_key(what: str, key: str, known: Iterable[str]) -> None:
    if key not in known:
        message = f"{what} = {key}: must be one of {', '.join(known)}"
        raise BadInput(message)


def _show(options: argparse.Namespace, document: Mapping[str, Any], draw: Draw) -> int:
    if options.output == "table":
        from llamafleet.cli.screen import show  # noqa: PLC0415 - see above

        show(draw)
    else:
        from llamafleet.cli.stdout import write_document  # noqa: PLC0415

        write_document(document, options.output)
    return 0
