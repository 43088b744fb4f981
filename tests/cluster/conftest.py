"""Clusters of two small nodes on this machine."""

import pytest

from tests.cluster.two_nodes import TwoNodes


@pytest.fixture
def two_nodes():
    """A cluster of two nodes of one core each, which can be lost."""
    with TwoNodes() as nodes:
        yield nodes
