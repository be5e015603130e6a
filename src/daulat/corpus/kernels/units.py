"""UTF-8 as UTF-16 units, which ICU and the other kernels read."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

from daulat.corpus.kernels.loads import HIGH, load64


@numba.njit(cache=True, nogil=True)
def utf16(data, offsets):  # type: ignore[no-untyped-def]
    """The units of all texts, and where each text begins. The bytes must be UTF-8, as those of a column of text are."""
    number = len(offsets) - 1
    units = np.empty(offsets[number] - offsets[0], np.uint16)
    starts = np.zeros(number + 1, np.int64)
    to = 0
    for text in range(number):
        at, end = offsets[text], offsets[text + 1]
        while at < end:
            if at + 8 <= end and load64(data, at) & HIGH == 0:
                for place in range(8):
                    units[to + place] = data[at + place]
                at, to = at + 8, to + 8
                continue
            lead = np.uint32(data[at])
            if lead < 0x80:
                units[to] = lead
                at, to = at + 1, to + 1
            elif lead < 0xE0:
                units[to] = (lead & np.uint32(0x1F)) << np.uint32(6) | (np.uint32(data[at + 1]) & np.uint32(0x3F))
                at, to = at + 2, to + 1
            elif lead < 0xF0:
                units[to] = (
                    (lead & np.uint32(0x0F)) << np.uint32(12)
                    | (np.uint32(data[at + 1]) & np.uint32(0x3F)) << np.uint32(6)
                    | (np.uint32(data[at + 2]) & np.uint32(0x3F))
                )
                at, to = at + 3, to + 1
            else:
                code = (
                    (lead & np.uint32(0x07)) << np.uint32(18)
                    | (np.uint32(data[at + 1]) & np.uint32(0x3F)) << np.uint32(12)
                    | (np.uint32(data[at + 2]) & np.uint32(0x3F)) << np.uint32(6)
                    | (np.uint32(data[at + 3]) & np.uint32(0x3F))
                ) - np.uint32(0x10000)
                units[to] = np.uint32(0xD800) | code >> np.uint32(10)
                units[to + 1] = np.uint32(0xDC00) | (code & np.uint32(0x3FF))
                at, to = at + 4, to + 2
        starts[text + 1] = to
    return units[:to], starts
