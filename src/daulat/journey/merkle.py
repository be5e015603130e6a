"""The Merkle tree of RFC 6962: roots, inclusion proofs, consistency proofs, and how each is checked.

A proof is made from any `Subtree`: a function that gives the hash of the complete subtree of 2^height leaves that
starts at leaf `index << height`. Lists in memory and tiles on disk both can.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TypeAlias

Subtree: TypeAlias = Callable[[int, int], bytes]
"""(height, index) -> hash."""

EMPTY_ROOT = sha256(b"").digest()
"""Source: RFC 6962, section 2.1."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry. Source: RFC 6962, section 2.1: the 0x00 keeps a leaf from passing for a node."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two neighbours. Source: RFC 6962, section 2.1."""
    return sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """MTH of these leaf hashes. Source: RFC 6962, section 2.1.

    Pairing level by level and carrying an odd last one up gives the RFC's split at the largest power of two.
    """
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)] + odd
    return level[0]


def subtrees(hashes: Sequence[bytes]) -> Subtree:
    """The `Subtree` of leaf hashes held in memory."""
    return lambda height, index: root(hashes[index << height : (index + 1) << height])


def tree_hash(start: int, end: int, subtree: Subtree) -> bytes:
    """MTH(D[start:end]), where `start` is a multiple of the size rounded up to a power of two, as in every proof."""
    size = end - start
    if size == 0:
        return EMPTY_ROOT
    if size & (size - 1) == 0:
        height = size.bit_length() - 1
        return subtree(height, start >> height)
    middle = start + _split(size)
    return node_hash(tree_hash(start, middle, subtree), tree_hash(middle, end, subtree))


def inclusion_path(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """PATH(index, D[size]): what proves that leaf in that tree. Source: RFC 6962, section 2.1.1."""
    assert 0 <= index < size
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(tree_hash(middle, end, subtree))
            end = middle
        else:
            path.append(tree_hash(start, middle, subtree))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """PROOF(old, D[new]): proves that the old tree is the start of the new. Source: RFC 6962, section 2.1.2."""
    assert 0 <= old <= new
    if old in (0, new):
        return []
    start, end, whole, path = 0, new, True, []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(tree_hash(middle, end, subtree))
            end = middle
        else:
            path.append(tree_hash(start, middle, subtree))
            start, whole = middle, False
    if not whole:
        path.append(tree_hash(start, end, subtree))
    return path[::-1]


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Whether the path leads from the leaf to the root. Source: RFC 9162, section 2.1.3.2 (same tree as RFC 6962)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == expected


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the new tree only adds to the old one. Source: RFC 9162, section 2.1.4.2."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not path and (old_root == new_root if old else old_root == EMPTY_ROOT)
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not steps:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    was = now = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            now = node_hash(now, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and was == old_root and now == new_root


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)
