"""Pairs become connected components."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253


@numba.njit(cache=True, nogil=True)
def components(pairs, number):  # type: ignore[no-untyped-def]
    """The smallest node that each of `number` nodes is connected to, by union-find over the `pairs`."""
    parent = np.arange(number)
    for index in range(len(pairs)):
        a, b = pairs[index, 0], pairs[index, 1]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    for node in range(number):
        parent[node] = parent[parent[node]]
    return parent
