"""Walks: A, then B and back to A, again and again, with mistakes and GpuPools that change in between."""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from exploration.edits import edited
from exploration.interesting import OWN_POOLS
from exploration.mending import Json, objection, refusal
from exploration.resources import SPEC, STANDING, accepted, gpu_pool, llama, plannable, planned, pool_specs
from exploration.schema import Draw
from exploration.wrong import mistaken
from llamafleet.api.llamadeployment import LlamaDeployment

MOST_RETURNS: Final = 3
"""How often a walk goes away from A and back: deleting the resource afterwards takes longer than a step."""

APART: Final = 1_000_003
"""Between the seeds of one exploration, so that two explorations with neighbouring numbers share none."""

Do = Literal["apply", "refused", "pool"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Attributes:
        do: apply a spec; apply one that the API server must refuse; make, edit or delete a pool.
        spec: of the resource or of the pool; None: the pool is deleted.
        name: of the pool; or, of a mistake, the field that the refusal must name.
        is_a: whether this is the A to which the walk comes back.
    """

    do: Do
    spec: Json | None
    name: str = ""
    is_a: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """A resource's life: its name and what is done to it.

    Attributes:
        name: of the resource.
        steps: what is done, in order.
    """

    name: str
    steps: tuple[Step, ...]

    def dumped(self) -> str:
        """As JSON, to be kept and walked again."""
        steps = [{"do": one.do, "spec": one.spec, "name": one.name, "is_a": one.is_a} for one in self.steps]
        return json.dumps({"name": self.name, "steps": steps}, ensure_ascii=False)

    @classmethod
    def loaded(cls, text: str) -> "Walk":
        """From that JSON."""
        raw = json.loads(text)
        return cls(raw["name"], tuple(Step(**one) for one in raw["steps"]))

    @property
    def pools(self) -> frozenset[str]:
        """The names of the pools that it changes."""
        return frozenset(step.name for step in self.steps if step.do == "pool")


NAMES: Final = st.one_of(
    st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True),
    st.from_regex(r"[a-z][-a-z0-9]{61}[a-z0-9]", fullmatch=True),
    st.sampled_from(["vllm", "a", "llama", "x-1"]),
)


@st.composite
def walks(draw: Draw) -> Walk:
    """One walk. Nine of ten leave the pools alone."""
    has_pools = draw(st.integers(0, 9)) == 9
    first: list[Step] = []
    if has_pools:
        first = [Step("pool", draw(pool_specs()), name) for name in OWN_POOLS]
    pools = (*STANDING, *(gpu_pool(step.name, step.spec) for step in first))
    is_planned = draw(st.integers(0, 4)) < 4
    a = Step("apply", draw(_named(draw(planned(pools) if is_planned else accepted()), pools)), is_a=True)
    steps = [*first, a]
    for _ in range(draw(st.integers(1, MOST_RETURNS))):
        steps += draw(_aside(a.spec or {}, pools, has_pools=has_pools))
        steps.append(a)
    return Walk(draw(NAMES), tuple(steps))


@st.composite
def _named(draw: Draw, raw: Json, pools: Sequence[Json]) -> Json:
    """The spec; two of three name their pools, and do not care for those of other walks."""
    spec: Json = raw["spec"]
    names = draw(
        st.lists(st.sampled_from([pool["metadata"]["name"] for pool in pools]), max_size=2, unique=True)
    )
    if not names or "pools" in spec.get("gpu", {}):
        return spec
    named = {**raw, "spec": {**spec, "gpu": {**spec.get("gpu", {}), "pools": names}}}
    return spec if objection(raw, pools) is None and objection(named, pools) else named["spec"]


@st.composite
def _aside(draw: Draw, a: Json, pools: Sequence[Json], *, has_pools: bool) -> list[Step]:
    """What lies between A and A."""
    if draw(st.integers(0, 4)) == 4:
        return [draw(_refused(a))]
    if has_pools:
        name = draw(st.sampled_from(OWN_POOLS))
        spec = draw(st.one_of(st.none(), pool_specs()))
        before = next(one["spec"] for one in pools if one["metadata"]["name"] == name)
        return [Step("pool", spec, name), Step("apply", draw(_other(a, pools))), Step("pool", before, name)]
    return [Step("apply", draw(_other(a, pools)))]


@st.composite
def _other(draw: Draw, a: Json, pools: Sequence[Json]) -> Json:
    """B: an edit of A, or now and then another spec altogether; the planner refuses one of four."""
    chance = draw(st.integers(0, 9))
    b = llama(draw(accepted())["spec"] if chance == 9 else draw(edited(a)))
    found = plannable(b, pools) if chance < 7 else b
    assume(found is not None and refusal(LlamaDeployment, found) is None and found["spec"] != a)
    return spec_of(found or {})


def spec_of(raw: Json) -> Json:
    """The spec of a resource."""
    spec: Json = raw["spec"]
    return spec


@st.composite
def _refused(draw: Draw, a: Json) -> Step:
    """A with a mistake that the API server must refuse."""
    raw, mistake = draw(mistaken(SPEC, llama(a)))
    return Step("refused", raw["spec"], mistake.field)


def walk(exploration: int, number: int) -> Walk:
    """The walk of that number in the exploration of that seed: always the same one.

    Hypothesis begins a run with the least of all walks and goes on with one by chance, which is taken. More
    from one run would be variations of each other.
    """
    found: list[Walk] = []

    def keep(one: Walk) -> None:
        found.append(one)

    run = settings(
        max_examples=2,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(given(walks())(keep))
    seed(exploration * APART + number)(run)()
    return found[-1]


def smaller(walk: Walk) -> list[Walk]:
    """Walks with one thing less: a step, or a property of a spec in all steps that have it alike."""
    steps = walk.steps
    fewer = [replace(walk, steps=steps[:at] + steps[at + 1 :]) for at in range(len(steps) - 1, -1, -1)]
    poorer = [replace(walk, steps=tuple(_without(step, way) for step in steps)) for way in _ways(walk)]
    return [one for one in (*fewer, *poorer) if one.steps and all(map(_is_legal, one.steps))]


def _is_legal(step: Step) -> bool:
    """Whether the API server takes what it is to take."""
    return step.do != "apply" or refusal(LlamaDeployment, llama(step.spec)) is None


def _ways(walk: Walk) -> list[tuple[str, ...]]:
    """The optional properties of the specs, the outer ones first."""
    found: dict[tuple[str, ...], None] = {}
    for step in walk.steps:
        for name, below in (step.spec or {}).items() if step.do == "apply" else ():
            found[(name,)] = None
            found |= {(name, inner): None for inner in (below if isinstance(below, dict) else ())}
    ways = sorted(found, key=len)
    return [way for way in ways if way not in {("model",), ("model", "variant")}]


def _without(step: Step, way: tuple[str, ...]) -> Step:
    if step.do != "apply" or step.spec is None:
        return step
    spec: Any = copy.deepcopy(step.spec)
    holder = spec
    for name in way[:-1]:
        holder = holder.get(name, {})
    if isinstance(holder, dict):
        holder.pop(way[-1], None)
    return replace(step, spec=spec)
