"""Documents that agree become connected components, by union-find."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253


@numba.njit(cache=True, nogil=True)
def connect(parent, keys, order):  # type: ignore[no-untyped-def]
    """Join the documents with the same key; `order` sorts the keys. The smaller root stays: the order of joining is no matter."""
    for index in range(1, len(order)):
        a, b = order[index - 1], order[index]
        if keys[a] != keys[b]:
            continue
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


@numba.njit(cache=True, nogil=True)
def roots(parent):  # type: ignore[no-untyped-def]
    """The smallest document that each is connected to."""
    found = np.empty_like(parent)
    for node in range(len(parent)):
        at = node
        while parent[at] != at:
            at = parent[at]
        found[node] = at
        parent[node] = at
    return found
