"""Reads a run folder's event files with TensorBoard's own reader, and lists scalars and texts.

    python tooling/parity/check_tensorboard.py RUN_FOLDER

Fails without scalars, or with a text that is not of the text plugin. Needs: tensorboard.
"""

import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1])
events.Reload()
tags = events.Tags()
assert "loss" in tags["scalars"], f"no scalar named loss among {tags['scalars']}"
for kind in ("scalars", "histograms", "tensors"):
    print(f"{kind}: {', '.join(tags[kind])}")
for tag in tags["tensors"]:
    assert events.SummaryMetadata(tag).plugin_data.plugin_name == "text", tag
    for event in events.Tensors(tag):
        (text,) = event.tensor_proto.string_val
        print(f"{tag}, step {event.step}: {text.decode()}")
