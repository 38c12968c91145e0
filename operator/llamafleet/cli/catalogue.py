"""``llamafleet models``, ``gpus`` and ``prices``: the catalogue, each figure with its source."""

import argparse
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from rich.console import Console

from llamafleet.cli import catalogue_document as documents
from llamafleet.cli.catalogue_gpus import draw_gpu, draw_gpus, draw_prices
from llamafleet.cli.catalogue_models import draw_model, draw_models
from llamafleet.cli.screen import show
from llamafleet.cli.stdout import write_document
from llamafleet.cli.values import read_catalogue
from llamafleet.errors import InvalidSpec

NARROWEST: Final = 80
"""Columns of these views at the least: their tables are for looking things up."""


def models(options: argparse.Namespace) -> int:
    """Show every model, or one of them."""
    known, variant = read_catalogue(options.values), options.key
    if variant is None:
        return _show(options, documents.models_document(known), partial(draw_models, known))
    _check_key("VARIANT", variant, [*known.models, *known.unreleased])
    return _show(options, documents.model_document(known, variant), partial(draw_model, known, variant))


def gpus(options: argparse.Namespace) -> int:
    """Show every GPU, or one of them."""
    known, key = read_catalogue(options.values), options.key
    if key is None:
        return _show(options, documents.gpus_document(known), partial(draw_gpus, known))
    _check_key("KEY", key, known.gpus)
    return _show(options, documents.gpu_document(known, key), partial(draw_gpu, known, key))


def prices(options: argparse.Namespace) -> int:
    """Show what GPUs cost, what APIs ask, or both."""
    known, asked = read_catalogue(options.values), {"gpu": options.gpu, "api": options.api}
    return _show(options, documents.prices_document(known, **asked), partial(draw_prices, known, **asked))


def _check_key(what: str, key: str, known: Iterable[str]) -> None:
    if key not in known:
        raise InvalidSpec(what, key, f"must be one of {', '.join(known)}")


def _show(options: argparse.Namespace, document: documents.Document, draw: Callable[[Console], None]) -> int:
    if options.output == "table":
        show(draw, NARROWEST)
    else:
        write_document(document, options.output)
    return 0
