"""The student: loading, fine-tuning, generation and serving; alone in importing torch, transformers and trl."""

import os

# Before torch and the hub client are imported, for they read these once.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # people distil private data
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads cost 30x beside any other busy process
if "LOCAL_RANK" not in os.environ:
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")  # one process trains on one GPU; more need `accelerate launch`
