"""Who judges a block of YAML: each kind of block has one judge, and one that nobody knows is a mistake."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from builders import NOW, ROOT
from docs import charts
from docs.fields import exists
from docs.kubectl import kustomized
from docs.markdown import Block, blocks
from llamafleet.api.base import Record
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.ledger import Ledger
from llamafleet.api.llamadeployment import LlamaDeployment, LlamaDeploymentSpec
from llamafleet.cli.values import read_catalogue
from llamafleet.planning.plan import Observation, plan
from llamafleet.planning.sizing.pools import resolve

API_VERSION: Final = "llamafleet.io/v1alpha1"
KINDS: Final[Mapping[str, type[Record]]] = {"LlamaDeployment": LlamaDeployment, "GpuPool": GpuPool}

ELSEWHERE: Final[Mapping[str, str]] = {
    "scrape_configs": "promtool judges it in tests/adapters/test_metrics_page.py",
}
"""Blocks that another test judges, by a key at their top."""

APPLICATION: Final = frozenset({"project", "source", "destination", "syncPolicy", "ignoreDifferences"})
"""What the spec of an Application of Argo CD has."""

Judge = Callable[[Block, Any, Path], None]


def judge(block: Block, folder: Path) -> None:
    """Raises with what is wrong with a block."""
    for raw in documents(block):
        _judge_of(raw)(block, raw, folder)


def documents(block: Block) -> list[dict[str, Any]]:
    """What stands in a block, without what is empty."""
    return [raw for raw in yaml.safe_load_all(block.text) if raw is not None]


def is_foreign(raw: Mapping[str, Any]) -> bool:
    """Whether it is an object of a kind that is not ours; the API server judges these."""
    return "kind" in raw and raw.get("apiVersion") != API_VERSION and not is_kustomization(raw)


def is_kustomization(raw: Mapping[str, Any]) -> bool:
    """Whether kustomize reads it; its own kind may be left out."""
    return "resources" in raw or str(raw.get("apiVersion")).startswith("kustomize.config.k8s.io/")


def _judge_of(raw: Mapping[str, Any]) -> Judge:
    for judge_of_it, is_mine in JUDGES:
        if is_mine(raw):
            return judge_of_it
    message = f"nobody knows what this YAML is: {sorted(raw)}"
    raise AssertionError(message)


def _within(known: frozenset[str]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda raw: raw.keys() <= known


def _keys(record: type[Record]) -> frozenset[str]:
    return frozenset(record.model_json_schema()["properties"])


def _ours(block: Block, raw: dict[str, Any], _folder: Path) -> None:
    """The type takes it, knows every field, and the planner has an answer for it."""
    kind = KINDS[raw["kind"]]
    resource = kind.model_validate(raw)
    read = resource.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert _shape(read["spec"]) == _shape(raw["spec"]), "a field is unknown"
    if isinstance(resource, LlamaDeployment):
        pools = resolve(_pools(block, resource.spec.gpu.pools))
        plan(resource.spec, pools, Observation(now=NOW, replicas=None))


def _shape(value: Any) -> Any:
    """The fields without their texts: an instant is read in another form than it was written in."""
    if isinstance(value, dict):
        return {key: _shape(below) for key, below in value.items()}
    return [_shape(one) for one in value] if isinstance(value, list) else type(value)


def _pools(block: Block, names: tuple[str, ...]) -> list[GpuPool]:
    """The pools of the page; one that is named there and shown elsewhere is of A100."""
    raws = [raw for other in blocks(block.page) if other.language == "yaml" for raw in documents(other)]
    found = [GpuPool.model_validate(raw) for raw in raws if raw.get("kind") == "GpuPool"]
    missing = {*names} - {pool.metadata.name for pool in found}
    return found + [
        GpuPool.model_validate({"metadata": {"name": name}, "spec": {"gpu": "a100-80gb"}})
        for name in sorted(missing)
    ]


def _part(block: Block, raw: dict[str, Any], folder: Path) -> None:
    """A part of a spec; what it leaves out is Scout's."""
    spec = {"model": {"variant": "scout"}, **raw.get("spec", raw)}
    whole = {"kind": "LlamaDeployment", "metadata": {"name": "part"}, "spec": spec}
    _ours(block, whole, folder)


def _ledger(_block: Block, raw: dict[str, Any], _folder: Path) -> None:
    assert Ledger.model_validate(raw).model_dump(mode="json", by_alias=True, exclude_unset=True) == raw


def _figures(block: Block, _raw: dict[str, Any], folder: Path) -> None:
    (folder / "judged.yaml").write_text(block.text, "utf-8")
    read_catalogue(str(folder / "judged.yaml"))


def _kustomization(_block: Block, raw: dict[str, Any], folder: Path) -> None:
    inside = folder / "judged"
    inside.mkdir(exist_ok=True)
    (inside / "kustomization.yaml").write_text(yaml.safe_dump(raw), "utf-8")
    assert kustomized(inside)


def _values(_block: Block, raw: dict[str, Any], folder: Path) -> None:
    (folder / "judged.yaml").write_text(yaml.safe_dump(raw), "utf-8")
    chart = next(one for one in charts.CHARTS if raw.keys() <= charts.keys(one))
    said = charts.rendered(4, ROOT / "charts" / chart, ["-f", "judged.yaml"], folder)
    assert not said, said


def _application(_block: Block, raw: dict[str, Any], _folder: Path) -> None:
    """A part of an Application of Argo CD: what it says of fields of ours is about fields that we have."""
    for difference in raw["spec"].get("ignoreDifferences", []):
        assert (difference["group"], difference["kind"]) in {("llamafleet.io", kind) for kind in KINDS}
        assert all(exists(pointer[1:].replace("/", ".")) for pointer in difference["jsonPointers"])


def _release(_block: Block, raw: dict[str, Any], folder: Path) -> None:
    """A HelmRelease of Flux: the chart is there, and takes the values."""
    asked = raw["spec"]
    (folder / "judged.yaml").write_text(yaml.safe_dump(asked.get("values", {})), "utf-8")
    said = charts.rendered(4, ROOT / asked["chart"]["spec"]["chart"], ["-f", "judged.yaml"], folder)
    assert not said, said


def _left_to_others(_block: Block, _raw: dict[str, Any], _folder: Path) -> None:
    """The API server, or the test that ``ELSEWHERE`` names."""


JUDGES: Final[tuple[tuple[Judge, Callable[[Mapping[str, Any]], bool]], ...]] = (
    (_kustomization, is_kustomization),
    (_release, lambda raw: raw.get("kind") == "HelmRelease"),
    (_left_to_others, is_foreign),
    (_application, lambda raw: raw.keys() == {"spec"} and raw["spec"].keys() <= APPLICATION),
    (_left_to_others, lambda raw: bool(raw.keys() & ELSEWHERE.keys())),
    (_ours, lambda raw: "kind" in raw),
    (_figures, _within(frozenset({"gpus", "models", "apiPrices"}))),
    (_part, _within(_keys(LlamaDeploymentSpec) | {"spec"})),
    (_ledger, _within(_keys(Ledger))),
    (_values, lambda raw: any(raw.keys() <= charts.keys(chart) for chart in charts.CHARTS)),
)
"""The first that calls a block its own judges it."""
