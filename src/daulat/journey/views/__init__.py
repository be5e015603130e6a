"""The journey in other people's formats: regenerated from the log at any time, never a second source of truth.

```
entries ──> openlineage.py   one event a step and a line               for lineage catalogues
corpus  ──> croissant.py     one data set with its sources             for data catalogues
release ──> cyclonedx.py     one machine-learning bill of materials    for supply-chain tools and auditors
entries ──> processing.py    one record of processing a source         for a supervisory authority
files   ──> model_signing.py one OpenSSF model signature               for who receives a published folder
```
The same journey gives the same bytes. Digests, names, licences and numbers are in them; text and people are not.
"""
