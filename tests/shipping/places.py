"""Where things lie in the repository."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
KINDS: Final = ROOT / "crds"
MANIFESTS: Final = ROOT / "manifests"
CHART: Final = ROOT / "charts" / "llamafleet"
KINDS_CHART: Final = ROOT / "charts" / "llamafleet-crds"
