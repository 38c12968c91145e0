"""Strings of the API that have a form: names, images, sources, cron times, label keys and values.

Each pattern bounds what reaches a command line, an object name or a volume; none is checked twice.
"""

from typing import Annotated, Any, Final

from pydantic import Field

LARGEST: Final = 2**53
"""The largest integer bound of a CRD: the API server reads bounds as 64-bit floats, exact up to here."""

LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN: Final = rf"{LABEL}(\.{LABEL})*"
IMAGE: Final = r"[a-zA-Z0-9]+([._:/@-]+[a-zA-Z0-9_]+)*"
_FOLDER: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
"""One step of a path; it never begins with a dot, so that no path climbs out of its volume."""

_REPOSITORY: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"

SOURCE: Final = (
    rf"^(hf://{_REPOSITORY}/{_REPOSITORY}(@{_FOLDER}(/{_FOLDER})*)?"
    rf"|pvc://{SUBDOMAIN}(/{_FOLDER})*/?"
    rf"|oci://{IMAGE})$"
)
_CRON_FIELD: Final = r"[0-9A-Za-z*/,-]+"

_NAME_PART: Final = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"

LABEL_KEY: Final = f"^({SUBDOMAIN}/)?{_NAME_PART}$"
"""The key of a label or taint: an optional DNS prefix and a name of at most 63 characters."""

Name = Annotated[str, Field(max_length=63, pattern=f"^{LABEL}$")]
"""An RFC 1123 label: lower-case letters, digits and dashes."""

ObjectName = Annotated[str, Field(max_length=253, pattern=f"^{SUBDOMAIN}$")]
"""The name of an object that is not ours: an RFC 1123 subdomain."""

SecretKey = Annotated[str, Field(max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]

Image = Annotated[str, Field(max_length=512, pattern=f"^{IMAGE}$")]

Source = Annotated[str, Field(max_length=512, pattern=SOURCE)]
"""``hf://org/name@revision``, ``pvc://claim/path`` or ``oci://image``."""

Cron = Annotated[str, Field(max_length=128, pattern=f"^({_CRON_FIELD} ){{4}}{_CRON_FIELD}$")]
"""Five cron fields; the planner reads them in full."""

TimeZone = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$")]
"""A name of the IANA time zone database."""

ResourceName = Annotated[str, Field(max_length=317, pattern=f"^{SUBDOMAIN}/{_NAME_PART}$")]
"""The name of an extended resource; its prefix sets it apart from cpu and memory."""

LabelValue = Annotated[str, Field(max_length=63, pattern=r"^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$")]

Key = Annotated[str, Field(max_length=317, pattern=LABEL_KEY)]
"""The key of a label or taint."""

Digits = Annotated[str, Field(max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?$")]
"""A decimal number as a string, because a float would not say what was meant."""

Text = Annotated[str, Field(max_length=1024)]
"""A sentence or two for a person."""


def keyed_by(key: str) -> dict[str, Any]:
    """Marks a list whose items are told apart by one field, so that two authors can each own an item."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def distinct() -> dict[str, Any]:
    """Marks a list of scalars that names nothing twice."""
    return {"x-kubernetes-list-type": "set"}


def in_order() -> dict[str, Any]:
    """Marks a list that is one value: its order counts, and one author owns all of it."""
    return {"x-kubernetes-list-type": "atomic"}
