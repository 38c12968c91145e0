"""The alerts and dashboards of ``manifests/monitoring``, copied to where the chart can read them."""

from pathlib import Path

from shipping.dashboards import dashboards
from shipping.places import CHART, MANIFESTS


def files() -> dict[Path, str]:
    """The dashboards, and the chart's copies of them and of the rules."""
    folder, copies = MANIFESTS / "monitoring", CHART / "files" / "monitoring"
    boards = dashboards()
    rules = folder / "rules.yaml"
    texts = {rules: rules.read_text("utf-8"), **boards}
    return {**boards, **{copies / path.relative_to(folder): text for path, text in texts.items()}}
