"""What is left of told sums when they are taken off each other."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, maximum_flow

from portal.publication.audit.attacks.world import Flags, Ints


def fewest_left(one: Ints, other: Ints, *, judged: Flags) -> int | None:
    """The fewest alerts on which any adding and subtracting of the sums of two measures depends; None for none.

    one, other: for each alert the told number of each measure that it adds to, once everything smaller is
    taken off; -1 for none. judged: alerts of numbers that are new. What an attacker adds up gives each number
    a factor, and an alert drops out where its two factors cancel: the fewest that stay are the least cut of
    the graph whose nodes are the numbers (one more for none) and whose edges are the alerts.
    """
    start = np.where(one < 0, 0, one + 1)
    end = np.where(other < 0, 0, other + 2 + one.max(initial=-1))
    size = int(max(start.max(initial=0), end.max(initial=0))) + 1
    if size == 1:
        return None
    ones = np.ones(len(start), np.int32)
    graph = coo_array((ones, (start, end)), shape=(size, size)).tocsr()
    graph = (graph + graph.T).astype(np.int32)
    # Without the node for none, numbers that share no alert fall apart.
    _, block = connected_components(graph[1:, 1:], directed=False)
    of_alert = np.where(start > 0, block[start - 1], np.where(end > 0, block[end - 1], -1))
    found = []
    for each in np.setdiff1d(np.unique(of_alert[judged]), [-1]):
        nodes = np.concatenate([[0], 1 + np.flatnonzero(block == each)])
        part = graph[nodes][:, nodes].tolil()
        part[0, 0] = 0
        found += _cuts(part.tocsr())
    return min(found, default=None)


def _cuts(graph: csr_array) -> list[int]:
    """The least cuts between what is joined to the first node and each other node; without it, to the second."""
    root = 0 if graph[[0]].sum() else 1
    flows = (maximum_flow(graph, root, node).flow_value for node in range(root + 1, graph.shape[0]))
    return [int(flow) for flow in flows if flow]
