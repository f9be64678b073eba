"""The output of the Python programs of the bench."""

import json
import platform
import resource
import sys

import torch
import transformers


def print_result(step_seconds, phases=None, step_cpu_seconds=None, facts=None, **versions):
    """Prints one line of JSON for measure.mjs: seconds of each timed step and, when given, of its phases, the processor's seconds of
    each step, other facts, the process's peak memory and CPU time, versions."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    # Kilobytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    print(
        json.dumps(
            {
                "stepSeconds": step_seconds,
                "peakRssBytes": usage.ru_maxrss * unit,
                "cpuSeconds": usage.ru_utime + usage.ru_stime,
                "versions": {
                    "Python": platform.python_version(),
                    "torch": torch.__version__,
                    "transformers": transformers.__version__,
                    **versions,
                },
                "threads": torch.get_num_threads(),
                **({} if phases is None else {"phases": phases}),
                **({} if step_cpu_seconds is None else {"stepCpuSeconds": step_cpu_seconds}),
                **(facts or {}),
            }
        )
    )
