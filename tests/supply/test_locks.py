"""Nothing is installed that the locks do not name by hash, and the locks are those of ``pyproject.toml``."""

import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from builders import ROOT
from supply import locks
from supply.locks import Pin

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = ("build", "dev", "runtime")


@pytest.mark.parametrize("name", LOCKS)
def test_every_entry_is_one_version_with_hashes(name: str) -> None:
    pins = locks.pins(name)
    assert len(pins) > 4
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert all(str(pin.version) in str(pin.requirement) for pin in pins)
    assert len(locks.read(name)) == sum(pin.needed for pin in pins), "a package is named twice"


@pytest.mark.parametrize("name", LOCKS)
def test_no_entry_is_an_address_or_an_option(name: str) -> None:
    """Where packages come from is the machine's business: an index, a mirror, a folder."""
    text = (locks.FOLDER / f"{name}.txt").read_text("utf-8")
    assert "://" not in text
    assert " @ " not in text
    assert [line for line in text.splitlines() if line.startswith("-")] == []


@pytest.mark.parametrize("part", ["build", "runtime"])
def test_developers_run_what_users_run(part: str) -> None:
    everything = locks.read("dev")
    others = {name: pin for name, pin in locks.read(part).items() if everything.get(name) != pin}
    assert others == {}


def test_the_locks_allow_what_the_project_asks_for() -> None:
    project = PROJECT["project"]
    assert unmet(project["dependencies"], locks.read("runtime")) == []
    assert unmet(PROJECT["build-system"]["requires"], locks.read("build")) == []
    assert unmet((ROOT / "locks" / "build.in").read_text("utf-8").splitlines(), locks.read("build")) == []
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    assert unmet([*project["dependencies"], *extras], locks.read("dev")) == []


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        pytest.param("runtime", PROJECT["project"]["dependencies"], id="what the operator runs with"),
        pytest.param("build", PROJECT["build-system"]["requires"], id="what builds the wheel"),
    ],
)
def test_a_lock_has_what_its_packages_need_and_nothing_that_nobody_asked_for(
    name: str, asked: list[str]
) -> None:
    pins = locks.read(name)
    reached: set[str] = set()
    waiting = [Requirement(line) for line in asked]
    while waiting:
        requirement = waiting.pop()
        if (found := canonicalize_name(requirement.name)) not in reached:
            reached.add(found)
            needed = needs(requirement)
            assert unmet([str(one) for one in needed], pins) == [], f"{found} needs more than the lock has"
            waiting += needed
    assert set(pins) == reached


def unmet(lines: Iterable[str], pins: dict[str, Pin]) -> list[str]:
    """Those of the requirements that no package of a lock meets; the project itself is none."""
    wanted = [Requirement(line) for line in lines if line]
    foreign = [one for one in wanted if one.name != PROJECT["project"]["name"]]
    return [str(one) for one in foreign if not met(one, pins.get(canonicalize_name(one.name)))]


def met(requirement: Requirement, pin: Pin | None) -> bool:
    return pin is not None and requirement.specifier.contains(pin.version, prereleases=True)


def needs(requirement: Requirement) -> list[Requirement]:
    """What the installed package asks for itself, on this machine and with these extras."""
    extras = [*requirement.extras, ""]
    try:
        found = [Requirement(line) for line in requires(requirement.name) or []]
    except PackageNotFoundError:
        pytest.fail(f"{requirement.name} is not installed: `make setup` installs it")
    return [
        one
        for one in found
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras)
    ]
