"""What is worse, or was not measured, does not pass the gate."""

import pytest

from daulat.records import Score, Scorecard
from daulat.release.gate import ReleaseOptions, propose


def card(**values: float) -> Scorecard:
    """Numbers by `metric__model__language`."""
    scores = tuple(Score(*name.split("__"), value) for name, value in values.items())
    return Scorecard(base="sha256:b", model="sha256:m", corpus="sha256:c", scores=scores)


GOOD = {
    "bits_per_byte__base__id": 1.9,
    "bits_per_byte__ours__id": 1.5,
    "bits_per_byte__base__en": 1.1,
    "bits_per_byte__ours__en": 1.12,
    "bytes_per_token__base__id": 2.7,
    "bytes_per_token__ours__id": 4.0,
}


def passed(**values: float) -> bool:
    found = propose(card(**values), "sha256:s", "sha256:g", "id", ("en",), ReleaseOptions())
    assert found.state == "proposed"
    return all(finding.passed for finding in found.findings)


def test_better_in_its_language_and_not_much_worse_in_english_passes() -> None:
    assert passed(**GOOD)


@pytest.mark.parametrize(
    "worse",
    [
        {"bits_per_byte__ours__id": 1.91},
        {"bits_per_byte__ours__en": 1.14},
        {"bytes_per_token__ours__id": 2.6},
        {"bits_per_byte__ours__id": float("nan")},
        {"bits_per_byte__base__id": 0.0},
    ],
)
def test_worse_beyond_the_margin_fails(worse: dict[str, float]) -> None:
    assert not passed(**{**GOOD, **worse})


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_a_number_that_was_not_measured_fails(missing: str) -> None:
    assert not passed(**{name: value for name, value in GOOD.items() if name != missing})


def test_proposing_the_same_twice_gives_the_same_release() -> None:
    one, two = (propose(card(**GOOD), "sha256:s", "sha256:g", "id", ("en",), ReleaseOptions()) for _ in range(2))
    assert one == two
    assert one.id != propose(card(**GOOD), "sha256:s", "sha256:h", "id", ("en",), ReleaseOptions()).id
