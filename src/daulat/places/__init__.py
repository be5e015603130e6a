"""places: where things run: this machine's processes, cores and memory.

```
argv ──> processes.start ──> pid + start time + boot, in the run folder ──> status | stop | wait_for_file
         cores: how many are really ours        memory: how much a job took
```
"""
