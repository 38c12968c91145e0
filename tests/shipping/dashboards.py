"""The Grafana dashboards that we ship, in ``manifests/monitoring/dashboards``: fleets, money, one model."""

import json
from pathlib import Path
from typing import Final

from shipping.boards.fleets import fleets
from shipping.boards.model import model
from shipping.boards.money import money
from shipping.places import MANIFESTS

FOLDER: Final = MANIFESTS / "monitoring" / "dashboards"


def dashboards() -> dict[Path, str]:
    """Every dashboard as the text of its file."""
    made = {"fleets": fleets(), "money": money(), "model": model()}
    return {
        FOLDER / f"llamafleet-{name}.json": json.dumps(board, indent=2, ensure_ascii=False) + "\n"
        for name, board in made.items()
    }
