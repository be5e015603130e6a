"""One file a verb: each command parses, calls one function, renders.

```
develop.py   source, develop, corpus          -> text becomes a measured model
deploy.py    release, deploy, ask             -> a signed release becomes answers
manage.py    init, nation, law, config        -> who decides, and by which rules
journey.py   trace, verify                    -> where from, where to, and is it true
quickstart.py                                 -> all of it, once, with what it prints
```
Data goes to stdout, talk to stderr. Exit 0 done, 1 refused or yours to mend, 2 usage or our bug, 3 not verified.
"""
