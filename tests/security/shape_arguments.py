"""Whether a command line of ``vllm serve`` can mean only what the operator and the allow-list mean."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from llamafleet.api.vllm_flags import ALLOWED_FLAGS
from security.expected import FLAGS, OPERATORS_FLAGS

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
FOLDER: Final = re.compile(r"/weights(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


def argument_faults(arguments: Sequence[str]) -> Iterator[str]:
    """What is wrong with the arguments; each is a flag with its value in one word, but for the first."""
    if not arguments:
        yield "no model is named"
        return
    yield from _model_faults(arguments[0])
    seen: list[str] = []
    for argument in arguments[1:]:
        name = argument.partition("=")[0]
        yield from _word_faults(argument, name)
        if name in OPERATORS_FLAGS and name in seen:
            yield f"{name} is given twice"
        seen.append(name)


def _model_faults(model: str) -> Iterator[str]:
    if not (FOLDER.fullmatch(model) or REPOSITORY.fullmatch(model)):
        yield f"the model is neither a repository nor a folder of the weights: {model!r}"
    if ".." in model.split("/"):
        yield f"the model climbs out of its folder: {model!r}"


def _word_faults(argument: str, name: str) -> Iterator[str]:
    if not argument.startswith("--"):
        yield f"a word that is no flag: {argument!r}"
    elif name not in FLAGS:
        yield f"vLLM knows no {name}, and may take it for the beginning of another"
    elif name not in OPERATORS_FLAGS | ALLOWED_FLAGS:
        yield f"a flag that nobody may give: {name}"
    if CONTROL.search(argument):
        yield f"control characters in {argument!r}"
    if re.search(r"\$\(", argument.replace("$$", "")):
        yield f"Kubernetes would put a variable into {argument!r}"
