"""How anything happens.

```
plan ──> step ──> law asked ──> cached? ──> made in a folder of its own ──> store ──> statement in the journey
                    │ no                          │ killed
                    └─> refusal in the journey    └─> nothing happened; the next run goes on
```
`plan.py` is the table of steps, `run.py` runs one. Only this room writes to the journey.
"""
