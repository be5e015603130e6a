"""What a country decides.

```
nations/<code>/nation.toml      ──> Nation    names, languages, authority, calendar zone
nations/<code>/law/*.cedar      ──┐
nations/<code>/law/rules.toml   ──┼─> LawPack ── decide(question) ──> Decision: allow | refuse | hold, with articles
nation/house.cedar, house.toml  ──┘
nations/<code>/sources.toml     ──> tuple[Source]   sample sources that a fresh machine can reach
```
Knows nothing of how steps run; it only answers. Unknown is held.
"""
