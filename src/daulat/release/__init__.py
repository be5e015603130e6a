"""The gate between develop and deploy.

```
Scorecard ──> findings(thresholds) ──> Release (proposed) ──> approve | reject, signed by a named key ──> Deployment
```
Nothing is served that did not pass here. What cannot be compared fails.
"""
