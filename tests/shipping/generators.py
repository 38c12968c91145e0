"""The list of what is generated."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from shipping import admission, argocd, kinds, monitoring, plain, readme, schema

Generator = Callable[[], dict[Path, str]]

GENERATORS: Final[tuple[Generator, ...]] = (
    kinds.chart,
    plain.install,
    admission.templates,
    argocd.settings,
    monitoring.files,
    schema.schemas,
    readme.readmes,
)


def written() -> dict[Path, str]:
    """Every generated file: its path and its text."""
    return {path: text for generate in GENERATORS for path, text in generate().items()}
