"""daulat: a nation's own AI, from its own text to its own answers, with every step accounted for.

```
Source ──> Corpus ──> Model ──> Scorecard ──> Release ──> Deployment ──> Usage
```
Every arrow is a step: the law of the country is asked before it, a signed statement is written after it.
"""

__version__ = "0.1.0"
