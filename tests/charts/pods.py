"""The pods that the chart starts, and what their programs are told."""

from argparse import ArgumentParser
from typing import Any

from charts.rendered import Object
from llamafleet.api.names import NAME_LABEL, OPERATOR_NAME, WAKER_NAME
from llamafleet.cli.arguments import add_run, add_waker

PROGRAMS = {OPERATOR_NAME: add_run, WAKER_NAME: add_waker}


def deployments(objects: list[Object]) -> list[Object]:
    return [one for one in objects if one["kind"] == "Deployment"]


def container(deployment: Object) -> Object:
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(found)


def told(deployment: Object) -> dict[str, Any]:
    """What the program takes its arguments for, by the parser that it has."""
    command, *options = container(deployment)["args"]
    name = deployment["spec"]["template"]["metadata"]["labels"][NAME_LABEL]
    assert command == ("run" if name == OPERATOR_NAME else "waker")
    parser = ArgumentParser()
    PROGRAMS[name](parser)
    return vars(parser.parse_args(options))
