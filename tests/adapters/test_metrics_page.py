"""``docs/metrics.md`` names every metric that there is and none that is not; its configuration is one."""

import re
from pathlib import Path

import yaml

from builders import ROOT
from monitoring.promtool import judged
from monitoring.shipped import own

PAGE = (ROOT / "docs" / "metrics.md").read_text("utf-8")


def test_every_metric_is_in_a_table_and_every_name_is_a_metrics() -> None:
    found = dict(own())
    told = set(re.findall(r"^\| `(llamafleet_\w+)` \|", PAGE, re.MULTILINE))
    assert told == found.keys()
    known = {name for names in found.values() for name in names} | found.keys()
    assert {*re.findall(r"\bllamafleet_\w+", PAGE)} <= known


def test_prometheus_takes_the_scrape_configuration(tmp_path: Path) -> None:
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    (config,) = [block for block in blocks if "scrape_configs" in block]
    (job,) = config["scrape_configs"]
    assert job.pop("kubernetes_sd_configs")[0]["role"] == "pod"  # Debian's Prometheus is built without it
    (path := tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    judged("check", "config", "--syntax-only", str(path))
