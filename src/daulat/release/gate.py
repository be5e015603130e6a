"""Is the candidate good enough to be served? Every threshold is one finding; a number that is missing fails."""

import hashlib

from daulat.records import Digest, Finding, Record, Release, Scorecard


class ReleaseOptions(Record, frozen=True):
    """Thresholds of `[release]`, as relative changes against the base."""

    max_bits_per_byte_change: float = 0.0
    """Of the nation's language on held-out text: 0 means no worse than the base."""
    max_replay_bits_per_byte_change: float = 0.03
    """Of the replay language (English). Source: no forgetting beyond 3%, the bound this project set itself."""
    min_bytes_per_token_change: float = 0.0
    """Of the nation's language: 0.4 asks for 40% more text in each token."""


def propose(
    scorecard: Scorecard,
    scorecard_digest: Digest,
    exported: Digest,
    language: str,
    replay: tuple[str, ...],
    options: ReleaseOptions,
) -> Release:
    """A release in state `proposed`; its id is a pure function of what it holds: proposed twice, it is one release."""
    findings = [
        _at_most(scorecard, "bits_per_byte", language, options.max_bits_per_byte_change),
        *(_at_most(scorecard, "bits_per_byte", code, options.max_replay_bits_per_byte_change) for code in replay),
        _at_least(scorecard, "bytes_per_token", language, options.min_bytes_per_token_change),
    ]
    words = "\n".join([exported, scorecard_digest, *(f"{f.rule} {f.passed}" for f in findings)])
    return Release(
        id=f"rel-{hashlib.sha256(words.encode()).hexdigest()[:12]}",
        model=exported,
        weights=scorecard.model,
        scorecard=scorecard_digest,
        findings=tuple(findings),
        state="proposed",
    )


def change(scorecard: Scorecard, metric: str, language: str) -> float | None:
    """Relative change of ours against the base, None where one of them was not measured: -0.1 is 10% less."""
    base, ours = scorecard.value(metric, "base", language), scorecard.value(metric, "ours", language)
    return None if base is None or ours is None or base <= 0 else ours / base - 1


def _at_most(scorecard: Scorecard, metric: str, language: str, limit: float) -> Finding:
    rule = f"{metric} in {language} changes by at most {limit:+.1%}"
    found = change(scorecard, metric, language)
    # INVARIANT: written so that a NaN fails.
    passed = found is not None and found <= limit
    return Finding(rule=rule, passed=passed, words=_words(scorecard, metric, language, found))


def _at_least(scorecard: Scorecard, metric: str, language: str, limit: float) -> Finding:
    rule = f"{metric} in {language} changes by at least {limit:+.1%}"
    found = change(scorecard, metric, language)
    passed = found is not None and found >= limit
    return Finding(rule=rule, passed=passed, words=_words(scorecard, metric, language, found))


def _words(scorecard: Scorecard, metric: str, language: str, found: float | None) -> str:
    if found is None:
        return "not measured"
    base, ours = scorecard.value(metric, "base", language), scorecard.value(metric, "ours", language)
    return f"{base:.3f} -> {ours:.3f} ({found:+.1%})"
