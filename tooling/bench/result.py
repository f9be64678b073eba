"""What the Python programs of the bench print."""

import json
import platform
import resource
import sys

import torch
import transformers


def print_result(step_seconds, **versions):
    """One line of JSON for measure.mjs: the seconds of each timed step, the process's peak memory, what ran."""
    # Kilobytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    print(
        json.dumps(
            {
                "stepSeconds": step_seconds,
                "peakRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
                "versions": {
                    "Python": platform.python_version(),
                    "torch": torch.__version__,
                    "transformers": transformers.__version__,
                    **versions,
                },
                "threads": torch.get_num_threads(),
            }
        )
    )
