"""Strings of the API that have a form: names, images, sources, cron times, label keys and values.

Each pattern bounds what reaches a command line, an object name or a volume; none is checked twice.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field

LARGEST: Final = 2**53
"""The largest integer bound of a CRD: the API server reads bounds as 64-bit floats, exact up to here."""

LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN: Final = rf"{LABEL}(\.{LABEL})*"
_STEP: Final = r"[a-zA-Z0-9]+((\.|__?|-+)[a-zA-Z0-9]+)*"
_TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
IMAGE: Final = rf"{_STEP}(:[0-9]{{1,5}})?(/{_STEP})*(:{_TAG})?(@[a-z0-9]+:[0-9a-f]{{8,128}})?"
"""A registry with its port, steps of a path, a tag, a digest: the grammar of the distribution project, in
which no step is empty or made of dots. Capitals may stand in a registry; the runtime refuses others."""

_FOLDER: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
"""One step of a path; it never begins with a dot, so that no path climbs out of its volume."""

_REPOSITORY: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"

SOURCE: Final = (
    rf"^(hf://{_REPOSITORY}/{_REPOSITORY}(@{_FOLDER}(/{_FOLDER})*)?"
    rf"|pvc://{SUBDOMAIN}(/{_FOLDER})*/?"
    rf"|oci://{IMAGE})$"
)
_CRON_FIELD: Final = r"[0-9A-Za-z*/,-]+"
CRON: Final = f"^({_CRON_FIELD} ){{4}}{_CRON_FIELD}$"
TIME_ZONE: Final = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$"

_NAME_PART: Final = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"

LABEL_KEY: Final = f"^({SUBDOMAIN}/)?{_NAME_PART}$"
"""The key of a label or taint: an optional DNS prefix and a name of at most 63 characters."""

LABEL_VALUE: Final = r"^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$"
RESOURCE_NAME: Final = f"^{SUBDOMAIN}/{_NAME_PART}$"
DATA_KEY: Final = r"^\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$"
"""Kubernetes takes neither ``.`` nor what begins with two dots (IsConfigMapKey in its validation package)."""

FLAG: Final = r"^--[a-z0-9][a-z0-9.-]*(=[^\x00-\x1f\x7f-\x9f]*)?$"

NAME_LENGTH: Final = 63
PREFIX_LENGTH: Final = 253
LABEL_KEY_LENGTH: Final = 317
"""253 characters of prefix, a slash and 63 of name, as Kubernetes bounds them."""

FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"^{LABEL}$": "must have lower-case letters, digits and dashes only, and no dash at its ends",
        f"^{SUBDOMAIN}$": "must have lower-case letters, digits, dashes and dots only, and a letter or digit "
        "at both ends",
        f"^{IMAGE}$": "must be a container image, such as registry.example.com/vllm:v1",
        SOURCE: "must be hf://org/name@revision, pvc://claim/path or oci://image",
        TIME_ZONE: "must be a name of the IANA time zone database, such as Europe/Berlin",
        LABEL_KEY: "must be a label key: an optional DNS prefix with a slash, and a name",
        LABEL_VALUE: "must be a label value: letters, digits, dashes, underscores and dots, with a letter or "
        "digit at both ends",
        RESOURCE_NAME: "must be an extended resource with its DNS prefix, such as nvidia.com/gpu",
        DATA_KEY: "must have letters, digits, dashes, underscores and dots only, and not begin with two dots",
        FLAG: "must be --flag or --flag=value, without control characters",
    }
)
"""Each pattern in words, for people who are not told the pattern itself."""

Name = Annotated[str, Field(max_length=NAME_LENGTH, pattern=f"^{LABEL}$")]
"""An RFC 1123 label: lower-case letters, digits and dashes."""

ObjectName = Annotated[str, Field(max_length=253, pattern=f"^{SUBDOMAIN}$")]
"""The name of an object that is not ours: an RFC 1123 subdomain."""

SecretKey = Annotated[str, Field(max_length=253, pattern=DATA_KEY)]

Image = Annotated[str, Field(max_length=512, pattern=f"^{IMAGE}$")]

Source = Annotated[str, Field(max_length=512, pattern=SOURCE)]
"""``hf://org/name@revision``, ``pvc://claim/path`` or ``oci://image``."""

Cron = Annotated[str, Field(max_length=128)]
"""Five cron fields; a rule of the field says so, and the planner reads them in full."""

TimeZone = Annotated[str, Field(max_length=64, pattern=TIME_ZONE)]
"""A name of the IANA time zone database."""

ResourceName = Annotated[str, Field(max_length=317, pattern=RESOURCE_NAME)]
"""The name of an extended resource; its prefix sets it apart from cpu and memory."""

LabelValue = Annotated[str, Field(max_length=63, pattern=LABEL_VALUE)]

Key = Annotated[str, Field(max_length=LABEL_KEY_LENGTH, pattern=LABEL_KEY)]
"""The key of a label or taint."""

DIGITS_PATTERN: Final = r"^[0-9]+(\.[0-9]+)?$"

Digits = Annotated[str, Field(max_length=32, pattern=DIGITS_PATTERN)]
"""A decimal number as a string, because a float would not say what was meant."""

Text = Annotated[str, Field(max_length=1024)]
"""A sentence or two for a person."""

_IS_LABEL: Final = re.compile(LABEL).fullmatch
_IS_LABEL_KEY: Final = re.compile(LABEL_KEY).fullmatch


def is_name(text: str) -> bool:
    """Whether a text is an RFC 1123 label, which the name of an object may be."""
    return len(text) <= NAME_LENGTH and _IS_LABEL(text) is not None


def is_service_name(text: str) -> bool:
    """Whether a text is an RFC 1035 label, which the name of a Service must be, and so that of a fleet."""
    return is_name(text) and text[0].isalpha()


def is_label_key(text: str) -> bool:
    """Whether a text can be the key of a label or taint."""
    is_short = len(text) <= LABEL_KEY_LENGTH and text.find("/") <= PREFIX_LENGTH
    return is_short and _IS_LABEL_KEY(text) is not None
