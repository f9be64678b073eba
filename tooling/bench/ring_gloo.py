"""The ring of gloo: sums of a tensor between processes under torchrun. Prints one line of JSON on rank 0: seconds of each sum."""

import json
import sys
import time

import torch
import torch.distributed as dist

megabytes, runs = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
dist.init_process_group("gloo")


def times(numbers):
    buffer = torch.ones(numbers)
    seconds = []
    for _ in range(runs + 1):
        dist.barrier()
        start = time.perf_counter()
        dist.all_reduce(buffer)
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


result = {"large": times(megabytes * 1_000_000 // 4), "small": times(64)}
if dist.get_rank() == 0:
    print(json.dumps(result))
dist.destroy_process_group()
