"""``llamafleet plan``: reads the question from files and the clock, has it answered, and shows the answer."""

import argparse
from functools import partial
from pathlib import Path
from typing import Final

from llamafleet.adapters.clock import now
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.catalogue import Catalogue
from llamafleet.cli.answer import Answer, Question, answer
from llamafleet.cli.files import BadInput, called, name_in_cluster
from llamafleet.cli.manifests import Manifests, join_pools, pick, read_manifests, refusal
from llamafleet.cli.stdout import write_document
from llamafleet.cli.values import read_catalogue
from llamafleet.cli.weights import read_weights
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.checkpoint import OwnWeights

NOTHING_FITS: Final = 3
"""The exit code when no GPUs hold the model."""

NARROWEST: Final = 60
"""Columns of the view at the least."""


def plan(options: argparse.Namespace) -> int:
    """Show the shape and the price of one replica, or why there is none.

    Raises:
        LlamafleetError: a file or the cluster cannot be used, or a field must be changed, whatever GPUs
            there are.
    """
    question = read_question(options)
    try:
        answered = answer(question)
    except InvalidSpec as error:
        llama = question.llama
        raise refusal(question.origin, type(llama).__name__, llama.metadata.name, error) from error
    if options.output == "table":
        _show(answered, explain=options.explain)
    else:
        _print(answered, options.output)
    return 0 if answered.feasible else NOTHING_FITS


def _show(answered: Answer, *, explain: bool) -> None:
    from llamafleet.cli.screen import show  # noqa: PLC0415 - what programs read needs no rich
    from llamafleet.cli.view import draw  # noqa: PLC0415

    show(partial(draw, answered, explain=explain), NARROWEST)


def _print(answered: Answer, form: str) -> None:
    from llamafleet.cli.output import document  # noqa: PLC0415 - what people read needs no record

    write_document(document(answered).model_dump(mode="json", by_alias=True), form)


def read_question(options: argparse.Namespace) -> Question:
    """What is asked about one LlamaDeployment, from the files or the cluster that the options name.

    Raises:
        BadInput: a file cannot be used.
        LlamafleetError: the cluster cannot be asked.
    """
    name = name_in_cluster(options.manifests)
    return _of_files(options) if name is None else _of_cluster(options, name)


def _of_cluster(options: argparse.Namespace, name: str) -> Question:
    """What is asked about a resource of the cluster, with the pools that it has there."""
    if options.name is not None:
        message = (
            f"--name: must be without {options.manifests}, which names the resource of the cluster itself"
        )
        raise BadInput(message)
    from llamafleet.cli.live.resource import read_resource  # noqa: PLC0415 - files need no cluster

    known = read_catalogue(options.values)
    found = read_resource(options, name)
    pools = join_pools([*map(_pools_of, options.pools)], known.gpus) if options.pools else found.pools
    return Question(
        llama=found.llama,
        pools=pools,
        known=known,
        own=_own_weights(Path(options.weights), found.llama, known) if options.weights else None,
        now=options.now or now(),
        origin=found.origin,
    )


def _of_files(options: argparse.Namespace) -> Question:
    manifests = read_manifests(options.manifests)
    llama, known = pick(manifests, options.name), read_catalogue(options.values)
    return Question(
        llama=llama,
        pools=join_pools([manifests, *map(_pools_of, options.pools)], known.gpus),
        known=known,
        own=_own_weights(Path(options.weights), llama, known) if options.weights else None,
        now=options.now or now(),
        origin=options.manifests,
    )


def _pools_of(file: str) -> Manifests:
    """The manifests of a file that is there for its pools."""
    manifests = read_manifests(file)
    if not manifests.pools:
        message = f"{called(file)}: must have a GpuPool in it"
        raise BadInput(message)
    return manifests


def _own_weights(path: Path, llama: LlamaDeployment, known: Catalogue) -> OwnWeights:
    try:
        return read_weights(path, known.models[llama.spec.model.variant], known)
    except InvalidSpec as error:
        message = f"{path}: {error}"
        raise BadInput(message) from error
