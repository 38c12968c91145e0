"""The demo needs the programs of the control plane; they are built before the first test."""

from testbed.fixtures import pytest_collection_finish

__all__ = ["pytest_collection_finish"]
