"""places: where things run: this machine's processes, its memory and its loopback.

```
argv ──> processes.start ──> pid + start time + boot, in the run folder ──> status | stop | wait_for_file
         memory: how much a job took        loopback: brought up where there is no other network
```
"""
