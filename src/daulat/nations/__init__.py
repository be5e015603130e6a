"""A country's own words: data, no code. A further country is a further folder; see `docs/guides/new-nation.md`."""
