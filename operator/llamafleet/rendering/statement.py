"""A statement about a resource: a condition before it gets its times."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """One condition before it gets its times.

    Attributes:
        type: what it is about, such as Ready.
        holds: whether it is so; None: nobody can tell.
        reason: why, in one word for programs.
        message: why, in sentences for people.
    """

    type: str
    holds: bool | None
    reason: str
    message: str


def true(type_: str, reason: str, message: str) -> Statement:
    """It is so."""
    return Statement(type_, holds=True, reason=reason, message=message)


def false(type_: str, reason: str, message: str) -> Statement:
    """It is not so."""
    return Statement(type_, holds=False, reason=reason, message=message)


def unknown(type_: str, reason: str, message: str) -> Statement:
    """Nobody can tell."""
    return Statement(type_, holds=None, reason=reason, message=message)
