"""ICU's serialized tries become arrays: every state with the one before it, the symbol between, and its word's value.

Source: ICU 77, `bytestrie.h` and `ucharstrie.h`; a double array after Aoe (1989).
"""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

TRIES = 10_000
"""Free rows at which a state's next ones are tried, before they go behind all others."""
LINEAR_AT_MOST = 5
"""A branch of more symbols is a binary search first. Both tries."""


@numba.njit(cache=True)
def read(data):  # type: ignore[no-untyped-def]
    """Parents, symbols and values (-1: no word ends here) of all states of a trie; the first is the root.

    `data`: bytes or UTF-16 units, which are also its symbols.
    """
    run = 0x10 if data.itemsize == 1 else 0x30
    parents, symbols, values = [np.int32(-1)], [np.int32(0)], [np.int32(-1)]
    todo = [(0, 0, -1)]  # place in the data, state, symbols left of a run
    branches = [(0, 0, 0)]  # place, symbols to choose from, state
    branches.pop()
    while todo or branches:
        if branches:
            at, length, state = branches.pop()
            if length > LINEAR_AT_MOST:
                jump, after = _delta(data, at + 1)
                branches.append((after, length - (length >> 1), state))
                branches.append((after + jump, length >> 1, state))
                continue
            while length > 1:
                child = _add(parents, symbols, values, state, data[at])
                value, is_word, at = _value_or_jump(data, at + 1)
                if is_word:
                    values[child] = value
                else:
                    todo.append((at + value, child, -1))
                length -= 1
            child = _add(parents, symbols, values, state, data[at])
            todo.append((at + 1, child, -1))
            continue
        at, state, left = todo.pop()
        if left >= 0:
            child = _add(parents, symbols, values, state, data[at])
            todo.append((at + 1, child, left - 1))
            continue
        values[state], node, at = _head(data, at)
        if node >= run:
            todo.append((at, state, node - run))
        elif node > 0:
            branches.append((at, node + 1, state))
        elif node == 0:
            branches.append((at + 1, int(data[at]) + 1, state))
    return np.array(parents, np.int32), np.array(symbols, np.int32), np.array(values, np.int32)


@numba.njit(cache=True)
def double_array(parents, codes, values):  # type: ignore[no-untyped-def]
    """Cells of an automaton of those states, and their values: each row has where its next ones begin, and its state before.

    `codes` of the symbols, from 1 on. The next state of row r by a symbol is row `begin + code`, if that row's state before is r.
    Where a state has none, `begin` is negative. Its lowest bit says whether a word ends there: it is shifted left by one.
    """
    number, most = len(parents), codes.max() + 1
    counts = np.zeros(number + 1, np.int64)
    for state in range(1, number):
        counts[parents[state] + 1] += 1
    starts = np.cumsum(counts)
    places = starts.copy()
    children = np.empty(max(1, number - 1), np.int64)
    for state in range(1, number):
        children[places[parents[state]]] = state
        places[parents[state]] += 1
    cells = np.full((2 * number + 2 * most, 2), -1, np.int32)
    free = np.arange(len(cells) + 1)  # of each row, one behind it from which the next free one is looked for
    row_of = np.zeros(number, np.int64)
    cells[0, 1], free[0] = 2**31 - 1, 1  # no state is before the first
    top, todo = 0, [0]
    while todo:
        state = todo.pop()
        own = children[starts[state] : starts[state + 1]]
        if not len(own):
            continue
        least = codes[own].min()
        at, tries = _next_free(free, least), 0
        while not _fits(cells, at - least, codes, own):
            tries += 1
            at = _next_free(free, at + 1 if tries < TRIES else top + least + 1)
        begin = at - least
        cells[row_of[state], 0] = 2 * begin
        for child in own:
            row = begin + codes[child]
            cells[row, 1] = row_of[state]
            free[row] = row + 1
            row_of[child] = row
            top = max(top, row)
            todo.append(child)
        if top + 2 * most >= len(cells):
            cells = np.concatenate((cells, np.full((len(cells) // 2 + 2 * most, 2), -1, np.int32)))
            free = np.concatenate((free, np.arange(len(free), len(cells) + 1)))
    own = np.full(top + 1, -1, np.int32)
    for state in range(number):
        row = row_of[state]
        own[row] = values[state]
        cells[row, 0] = (cells[row, 0] & -2) | (values[state] >= 0)
    return cells[: top + most + 1], own


@numba.njit(cache=True)
def _next_free(free, row):  # type: ignore[no-untyped-def]
    while free[row] != row:
        free[row] = free[free[row]]
        row = free[row]
    return row


@numba.njit(cache=True)
def _fits(cells, begin, codes, own):  # type: ignore[no-untyped-def]
    for child in own:  # noqa: SIM110 - a generator is no loop to Numba
        if cells[begin + codes[child], 1] >= 0:
            return False
    return True


@numba.njit(cache=True)
def _add(parents, symbols, values, state, symbol):  # type: ignore[no-untyped-def]
    parents.append(np.int32(state))
    symbols.append(np.int32(symbol))
    values.append(np.int32(-1))
    return len(parents) - 1


@numba.njit(cache=True)
def _head(data, at):  # type: ignore[no-untyped-def]
    """The value of the state that stands there (-1: none), what kind of node goes on from it (-1: none), and where."""
    node = int(data[at])
    if data.itemsize == 1:
        if node < 0x20:
            return np.int32(-1), node, at + 1
        value, is_last, at = _value_or_jump(data, at)
        return (np.int32(value), -1, at) if is_last else (np.int32(value), int(data[at]), at + 1)
    if node & 0x8000:
        return np.int32(_unit_value(data, at + 1, node & 0x7FFF)[0]), -1, at
    if node < 0x40:
        return np.int32(-1), node, at + 1
    value, at = _node_value(data, at + 1, node)
    return value, node & 0x3F, at


@numba.njit(cache=True)
def _value_or_jump(data, at):  # type: ignore[no-untyped-def]
    """A number, whether it is the value of a word that goes no further, and where it ends."""
    lead = int(data[at])
    if data.itemsize == 1:
        value, after = _byte_value(data, at + 1, lead >> 1)
        return value, lead & 1 > 0, after
    value, after = _unit_value(data, at + 1, lead & 0x7FFF)
    return value, lead & 0x8000 > 0, after


@numba.njit(cache=True)
def _delta(data, at):  # type: ignore[no-untyped-def]
    return _byte_delta(data, at) if data.itemsize == 1 else _unit_delta(data, at)


@numba.njit(cache=True)
def _byte_value(data, at, lead):  # type: ignore[no-untyped-def]
    """A value or jump whose first byte said `lead`, and where it ends."""
    if lead < 0x51:
        return np.int64(lead) - 0x10, at
    if lead < 0x6C:
        return (np.int64(lead) - 0x51) << 8 | data[at], at + 1
    if lead < 0x7E:
        return (np.int64(lead) - 0x6C) << 16 | np.int64(data[at]) << 8 | data[at + 1], at + 2
    if lead == 0x7E:
        return np.int64(data[at]) << 16 | np.int64(data[at + 1]) << 8 | data[at + 2], at + 3
    high = np.int64(data[at]) << 24 | np.int64(data[at + 1]) << 16
    return high | np.int64(data[at + 2]) << 8 | data[at + 3], at + 4


@numba.njit(cache=True)
def _byte_delta(data, at):  # type: ignore[no-untyped-def]
    lead = np.int64(data[at])
    if lead < 0xC0:
        return lead, at + 1
    if lead < 0xF0:
        return (lead - 0xC0) << 8 | data[at + 1], at + 2
    if lead < 0xFE:
        return (lead - 0xF0) << 16 | np.int64(data[at + 1]) << 8 | data[at + 2], at + 3
    if lead == 0xFE:
        return np.int64(data[at + 1]) << 16 | np.int64(data[at + 2]) << 8 | data[at + 3], at + 4
    high = np.int64(data[at + 1]) << 24 | np.int64(data[at + 2]) << 16
    return high | np.int64(data[at + 3]) << 8 | data[at + 4], at + 5


@numba.njit(cache=True)
def _unit_value(data, at, lead):  # type: ignore[no-untyped-def]
    if lead < 0x4000:
        return np.int64(lead), at
    if lead < 0x7FFF:
        return (np.int64(lead) - 0x4000) << 16 | data[at], at + 1
    return np.int64(data[at]) << 16 | data[at + 1], at + 2


@numba.njit(cache=True)
def _node_value(data, at, node):  # type: ignore[no-untyped-def]
    """A value that stands in the head of a node which goes on."""
    if node < 0x4040:
        return np.int32((node >> 6) - 1), at
    if node < 0x7FC0:
        return np.int32((((node & 0x7FC0) - 0x4040) << 10) | np.int64(data[at])), at + 1
    return np.int32(np.int64(data[at]) << 16 | data[at + 1]), at + 2


@numba.njit(cache=True)
def _unit_delta(data, at):  # type: ignore[no-untyped-def]
    lead = np.int64(data[at])
    if lead < 0xFC00:
        return lead, at + 1
    if lead < 0xFFFF:
        return (lead - 0xFC00) << 16 | data[at + 1], at + 2
    return np.int64(data[at + 1]) << 16 | data[at + 2], at + 3
