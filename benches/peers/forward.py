"""One forward pass of PyTorch at a time, for benches/forward.rs, which starts this and asks.

usage: forward.py MODEL_DIR {base|causal} THREADS     needs torch and transformers

Every line read is a list of token ids, separated by spaces. The answer is one line: the
milliseconds of one eager pass with every attention map and hidden state, and the mean magnitude
of its last output, by which the caller sees that both computed the same.
"""

import sys
import time

import torch
from transformers import AutoModel, AutoModelForCausalLM
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
folder, kind, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
opened = {"base": AutoModel, "causal": AutoModelForCausalLM}[kind]
model = opened.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
print(f"PyTorch {torch.__version__}", flush=True)
with torch.inference_mode():
    for line in sys.stdin:
        ids = torch.tensor([[int(word) for word in line.split()]])
        start = time.perf_counter()
        outputs = model(ids, output_attentions=True, output_hidden_states=True, use_cache=False)
        milliseconds = (time.perf_counter() - start) * 1e3
        last = outputs.logits if kind == "causal" else outputs.last_hidden_state
        print(f"{milliseconds:.6f} {last.abs().mean().item():.9f}", flush=True)
