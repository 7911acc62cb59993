"""How fast llama.cpp writes on, for benches/generation.rs, which starts this and asks.

usage: generation.py MODEL.gguf THREADS     needs xllamacpp

Every line read is "PROMPT_TOKENS COUNT". It evaluates the first PROMPT_TOKENS tokens of a text and writes
COUNT more, the likeliest each time. The answer is one line: the milliseconds of a token that was written,
and those of a token of the prompt, as llama.cpp's own clock has them.
"""

import contextlib
import json
import os
import sys

import xllamacpp

path, threads = sys.argv[1:]


@contextlib.contextmanager
def silent():
    """llama.cpp writes its log to the process's own outputs, whatever Python does with them."""
    kept = [os.dup(1), os.dup(2)]
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1), os.dup2(nothing, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept[0], 1), os.dup2(kept[1], 2)


parameters = xllamacpp.CommonParams()
parameters.model.path = path
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = int(threads)
parameters.n_ctx, parameters.n_parallel = 1024, 1
with silent():
    server = xllamacpp.Server(parameters)
print("llama.cpp", xllamacpp.__version__, flush=True)

for line in sys.stdin:
    prompt, count = map(int, line.split())
    ids = [(i * 7919 + 13) % 30_000 for i in range(prompt)]
    question = {"prompt": ids, "n_predict": count, "temperature": 0, "cache_prompt": False, "ignore_eos": True}
    with silent():
        answer = server.handle_completions(question)
    timings = (answer if isinstance(answer, dict) else json.loads(answer))["timings"]
    print(timings["predicted_per_token_ms"], timings["prompt_per_token_ms"], flush=True)
