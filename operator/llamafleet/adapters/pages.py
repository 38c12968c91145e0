"""A list of the API server, page by page, in answers that are neither too large nor too slow for us."""

from collections.abc import AsyncIterator
from typing import Any, Final

from llamafleet.adapters.kinds import Kind
from llamafleet.adapters.streams import Lost, TooLarge, page_of
from llamafleet.adapters.transport import Transport
from llamafleet.errors import LlamafleetError

PAGE_SIZE: Final = 100
LEAST_PAGE: Final = 20
"""After an answer that was too large or too slow the pages are halved, down to this: of the largest objects
that the API server takes, 3 MiB each, so many are within what we read of one answer."""


class UnknownKind(Lost):
    """The cluster does not know the kind."""


class Pages:
    """The lists of one collection.

    Args:
        transport: how to reach the API server.
        kind: what to list.
        path: where.
    """

    def __init__(self, transport: Transport, kind: Kind, path: str) -> None:
        """Begin with the usual size."""
        self._transport = transport
        self._kind = kind
        self._path = path
        self._size = PAGE_SIZE

    async def read(self, newest: int) -> AsyncIterator[tuple[int, list[Any]]]:
        """The pages of one list: its version, and the items as they came.

        Args:
            newest: the version that was seen last; a list of an earlier one is not believed.

        Raises:
            UnknownKind: there is no such collection.
            Unavailable: there is no list, or none that can be believed.
        """
        query = {"labelSelector": self._kind.selector, "limit": str(self._size)}
        while True:
            version, proceed, items = await self._page(query)
            if version < newest:
                message = f"an API server that is behind: {version} after {newest}"
                raise Lost(message)
            yield version, items
            if not proceed:
                break
            query["continue"] = proceed
        self._size = PAGE_SIZE

    async def _page(self, query: dict[str, str]) -> tuple[int, str, list[Any]]:
        """One page; after one that was too large or too slow, those of the next list are smaller."""
        try:
            body = await self._transport.read(self._path, query)
            if body is not None:
                return page_of(body)
        except LlamafleetError as error:
            if isinstance(error, TooLarge) or isinstance(error.__cause__, TimeoutError):
                self._size = max(LEAST_PAGE, self._size // 2)
            raise
        message = f"the cluster does not know the kind {self._kind.name}"
        raise UnknownKind(message)
