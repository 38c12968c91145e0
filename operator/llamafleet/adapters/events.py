"""What people should read of a LlamaDeployment, as Kubernetes Events.

They are written through ``v1``, with the fields of both generations of Events: ``kubectl describe`` sorts by
the old ones, and some tools show nothing else.
"""

import hashlib
import platform
from typing import Any, Final

from llamafleet.adapters.kinds import EVENT, LLAMA_DEPLOYMENT
from llamafleet.api.names import REPORTING_CONTROLLER
from llamafleet.api.observed import Announcement

MESSAGE_BYTES: Final = 1024
"""The API server refuses an Event with a longer message (``NoteLengthLimit``)."""

NAME_CHARACTERS: Final = 253 - 1 - 16
"""What is left of the name of an object beside a dot and our digest."""

INSTANCE_CHARACTERS: Final = 128
"""The API server refuses an Event with a longer ``reportingInstance``."""

_CUT: Final = "…".encode()


def event_of(announcement: Announcement) -> dict[str, Any]:
    """The Event of an announcement. The same announcement always has the same name."""
    key, instant = announcement.key, announcement.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.name,
        "metadata": {"namespace": key.namespace, "name": _name(announcement)},
        "involvedObject": {
            "apiVersion": LLAMA_DEPLOYMENT.api_version,
            "kind": LLAMA_DEPLOYMENT.name,
            "namespace": key.namespace,
            "name": key.name,
            "uid": announcement.uid,
        },
        "type": announcement.type,
        "reason": announcement.reason,
        "action": announcement.reason,
        "message": _cut(announcement.message),
        "count": 1,
        "firstTimestamp": instant,
        "lastTimestamp": instant,
        "eventTime": announcement.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "source": {"component": REPORTING_CONTROLLER},
        "reportingComponent": REPORTING_CONTROLLER,
        "reportingInstance": platform.node()[:INSTANCE_CHARACTERS] or REPORTING_CONTROLLER,
    }


def _name(announcement: Announcement) -> str:
    identity = f"{announcement.uid}\0{announcement.reason}\0{announcement.again}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return f"{announcement.key.name[:NAME_CHARACTERS].rstrip('-.')}.{digest}"


def _cut(message: str) -> str:
    """At most so many bytes of UTF-8, and no half character."""
    whole = message.encode(errors="replace")
    if len(whole) <= MESSAGE_BYTES:
        return whole.decode()
    return (whole[: MESSAGE_BYTES - len(_CUT)]).decode(errors="ignore") + _CUT.decode()
