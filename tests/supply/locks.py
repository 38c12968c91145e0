"""Reads the locks: which version of what, with which hashes."""

import re
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from builders import ROOT

FOLDER = ROOT / "locks"
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})$")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock.

    Attributes:
        requirement: its name, its version, and where it is needed at all.
        hashes: of each of its files.
    """

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def name(self) -> str:
        """Its name, as indexes spell it."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> Version:
        """The one version that the lock allows."""
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "=="
        return Version(specifier.version)

    @property
    def needed(self) -> bool:
        """Whether it is needed on this machine."""
        return self.requirement.marker is None or self.requirement.marker.evaluate()


def pins(lock: str) -> list[Pin]:
    """Every entry of a lock; one of another form than ours is an error."""
    text = (FOLDER / f"{lock}.txt").read_text("utf-8")
    return [_pin(line) for line in text.replace("\\\n", " ").splitlines()]


def read(lock: str) -> dict[str, Pin]:
    """What a lock installs on this machine, by the names as indexes spell them."""
    return {pin.name: pin for pin in pins(lock) if pin.needed}


def _pin(text: str) -> Pin:
    words = text.split("--hash=")
    requirement = Requirement(words[0].strip())
    found = [HASH.fullmatch(f"--hash={word.strip()}") for word in words[1:]]
    assert all(found), text
    hashes = frozenset(match[1] for match in found if match)
    return Pin(requirement, hashes)
