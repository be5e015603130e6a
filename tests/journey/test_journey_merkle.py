"""Roots and proofs equal those of pymerkle, an independent implementation, over every pair up to SIZES."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pymerkle import InmemoryTree

from daulat.journey import merkle
from daulat.journey.tiles import Edge

SIZES = 256
ENTRIES = [f"entry {number}".encode() for number in range(SIZES)]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]


@pytest.fixture(scope="module")
def oracle() -> InmemoryTree:
    return InmemoryTree.init_from_entries(ENTRIES, algorithm="sha256")


def test_roots_equal_those_of_another_implementation_at_every_size(oracle) -> None:
    for size in range(1, SIZES + 1):
        assert merkle.root(LEAVES[:size]) == oracle.get_root(size)
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_inclusion_proofs_equal_and_check_for_every_leaf_of_every_size_up_to_256(oracle) -> None:
    for size in range(1, SIZES + 1):
        for index in range(size):
            path = merkle.inclusion_path(index, size, merkle.subtrees(LEAVES[:size]))
            assert path == oracle.prove_inclusion(index + 1, size).path[1:]
            assert merkle.check_inclusion(LEAVES[index], index, size, path, oracle.get_root(size))


def test_consistency_proofs_check_for_all_33153_pairs_up_to_256(oracle) -> None:
    pairs = 0
    for new in range(SIZES + 1):
        for old in range(new + 1):
            path = merkle.consistency_path(old, new, merkle.subtrees(LEAVES[:new]))
            roots = merkle.root(LEAVES[:old]), merkle.root(LEAVES[:new])
            assert merkle.check_consistency(old, new, *roots, path)
            assert path == rfc_proof(old, LEAVES[:new])
            if 0 < old <= new:
                assert roots == (oracle.get_root(old), oracle.get_root(new))
            pairs += 1
    assert pairs == 33_153


def rfc_proof(old: int, leaves: list[bytes]) -> list[bytes]:
    """PROOF and SUBPROOF, word for word. Source: RFC 6962, section 2.1.2."""

    def subproof(m: int, d: list[bytes], b: bool) -> list[bytes]:
        if m == len(d):
            return [] if b else [merkle.root(d)]
        k = max(power for power in (2**n for n in range(8)) if power < len(d))
        if m <= k:
            return [*subproof(m, d[:k], b), merkle.root(d[k:])]
        return [*subproof(m - k, d[k:], False), merkle.root(d[:k])]

    return subproof(old, leaves, True) if old > 0 else []


def test_the_consistency_proofs_that_the_rfc_draws() -> None:
    # Source: RFC 6962, section 2.1.3: the tree of seven leaves.
    a, b, c, d, e, f, j = LEAVES[:7]
    node = merkle.node_hash
    g, h, i = node(a, b), node(c, d), node(e, f)
    k, right = node(g, h), node(i, j)
    subtree = merkle.subtrees(LEAVES[:7])
    assert merkle.consistency_path(3, 7, subtree) == [c, d, g, right]
    assert merkle.consistency_path(4, 7, subtree) == [right]
    assert merkle.consistency_path(6, 7, subtree) == [i, j, k]


@given(some.data())
def test_a_proof_with_one_thing_changed_does_not_check(data) -> None:
    size = data.draw(some.integers(2, SIZES))
    index = data.draw(some.integers(0, size - 1))
    path = merkle.inclusion_path(index, size, merkle.subtrees(LEAVES[:size]))
    root = merkle.root(LEAVES[:size])
    at = data.draw(some.integers(0, len(path) - 1))
    flipped = bytes([path[at][0] ^ 1]) + path[at][1:]
    assert not merkle.check_inclusion(LEAVES[index], index, size, [*path[:at], flipped, *path[at + 1 :]], root)
    assert not merkle.check_inclusion(LEAVES[index], index, size, path[:-1], root)
    assert not merkle.check_inclusion(LEAVES[index], index, size, [*path, flipped], root)
    other = data.draw(some.integers(0, size - 1).filter(lambda number: number != index))
    assert not merkle.check_inclusion(LEAVES[other], index, size, path, root)
    assert not merkle.check_inclusion(LEAVES[index], size, size, path, root)


@given(some.data())
def test_a_tree_that_was_rewritten_is_not_consistent(data) -> None:
    new = data.draw(some.integers(2, SIZES))
    old = data.draw(some.integers(1, new - 1))
    path = merkle.consistency_path(old, new, merkle.subtrees(LEAVES[:new]))
    changed = [merkle.leaf_hash(b"other"), *LEAVES[1:new]]
    assert not merkle.check_consistency(old, new, merkle.root(LEAVES[:old]), merkle.root(changed), path)
    forged = merkle.consistency_path(old, new, merkle.subtrees(changed))
    assert not merkle.check_consistency(old, new, merkle.root(LEAVES[:old]), merkle.root(changed), forged)
    assert not merkle.check_consistency(old, new, merkle.root(LEAVES[:old]), merkle.root(LEAVES[:new]), path[:-1])


def test_the_growing_edge_gives_the_root_at_every_size_past_three_levels() -> None:
    edge = Edge()
    leaves = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(66_000)]
    checked = {*range(600), 65_535, 65_536, 65_537, 65_999}
    for number, leaf in enumerate(leaves):
        if number in checked:
            assert edge.root() == merkle.root(leaves[:number])
        edge.push(leaf)
    assert edge.root() == merkle.root(leaves)
