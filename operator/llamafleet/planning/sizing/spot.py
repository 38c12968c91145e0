"""How spot nodes are told from others: the same table by which the adapters read a node."""

from llamafleet.api.spot import SPOT_LABELS, selects_spot

__all__ = ["SPOT_LABELS", "selects_spot"]
