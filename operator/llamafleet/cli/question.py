"""What ``llamafleet plan`` is asked: its files, read and put together. Nothing is planned here."""

import argparse
from pathlib import Path

from llamafleet.adapters.clock import now
from llamafleet.catalogue import Catalogue
from llamafleet.cli.answer import Question
from llamafleet.cli.errors import BadInput
from llamafleet.cli.files import called
from llamafleet.cli.manifests import Manifests, join_pools, pick, read_manifests
from llamafleet.cli.values import read_catalogue
from llamafleet.planning.checkpoint import OwnWeights


def read_question(options: argparse.Namespace) -> Question:
    """Read the files that the command line names, and the clock.

    Raises:
        BadInput: a file cannot be used.
        InvalidSpec: the user's own checkpoint does not belong to the resource.
    """
    first = read_manifests(options.manifests)
    llama = pick(first.llamas, options.name, options.manifests)
    known = read_catalogue(options.values)
    return Question(
        llama=llama,
        pools=join_pools([(options.manifests, first), *((file, _pools_of(file)) for file in options.pools)]),
        known=known,
        own=_own_weights(options.weights, llama.spec.model.variant, known),
        now=options.now or now(),
    )


def _pools_of(file: str) -> Manifests:
    """The manifests of a file that is there for its pools."""
    manifests = read_manifests(file)
    if not manifests.pools:
        message = f"{called(file)}: must have a GpuPool in it"
        raise BadInput(message)
    return manifests


def _own_weights(path: str | None, variant: str, known: Catalogue) -> OwnWeights | None:
    if path is None:
        return None
    from llamafleet.cli.weights import read_weights  # noqa: PLC0415 - few plans need what it loads

    return read_weights(Path(path), variant, known)
