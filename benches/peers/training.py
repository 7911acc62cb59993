"""Training steps and passes of PyTorch, for benches/training.rs, which starts this and asks.

usage: training.py MODEL_DIR THREADS     needs torch and safetensors

MODEL_DIR is a folder that `lexiscope train` writes: a "transformer" (pre-norm, rotary), an "lstm" or a
"gru". Every line read is {"work": "step" | "forward", "texts": [[ids], ...]}. The answer is one line:
the milliseconds, and the loss before the step (of a pass the mean magnitude of the logits), by which
the caller sees that both computed the same. A step is what AdamW with clipped gradients takes.
"""

import json
import math
import sys
import time

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

folder, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
config = json.load(open(f"{folder}/config.json"))
width, vocabulary, layers = config["embedding_size"], config["vocab_size"], config["num_layers"]


class Attention(nn.Module):
    def __init__(self, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, turn):
        split = lambda y: y.view(*x.shape[:2], self.heads, -1).transpose(1, 2)
        query, key, value = split(self.query(x)), split(self.key(x)), split(self.value(x))
        query, key = rotated(query, turn), rotated(key, turn)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.output(mixed.transpose(1, 2).reshape(x.shape))


def rotated(x, turn):
    cosine, sine = turn
    first, second = x.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)


class FeedForward(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x):
        return self.down(functional.gelu(self.up(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(config["num_heads"])
        self.feed_forward = FeedForward(config["feed_forward_size"])

    def forward(self, x, turn):
        x = x + self.attention(self.norm1(x), turn)
        return x + self.feed_forward(self.norm2(x))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList(Block() for _ in range(layers))
        self.final_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids):
        size = width // config["num_heads"]
        frequencies = config["rotary_base"] ** (-torch.arange(0, size, 2) / size)
        angles = torch.arange(ids.shape[1])[:, None] * frequencies
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, (angles.cos(), angles.sin()))
        return self.head(self.final_norm(x))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.rnn = kind(width, config["hidden_size"], layers, batch_first=True)
        self.head = nn.Linear(config["hidden_size"], vocabulary)

    def forward(self, ids):
        return self.head(self.rnn(self.embedding(ids))[0])


kinds = {"transformer": Transformer, "lstm": lambda: Recurrent(nn.LSTM), "gru": lambda: Recurrent(nn.GRU)}
model = kinds[config["model_type"]]()
model.load_state_dict(load_file(f"{folder}/model.safetensors"))
optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)


def step(ids):
    optimiser.zero_grad()
    logits = model(ids)
    loss = functional.cross_entropy(logits[:, :-1].reshape(-1, vocabulary), ids[:, 1:].reshape(-1))
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return loss.item()


def forward(ids):
    with torch.inference_mode():
        return model(ids)


print(f"PyTorch {torch.__version__}", flush=True)
for line in sys.stdin:
    job = json.loads(line)
    ids = torch.tensor(job["texts"])
    start = time.perf_counter()
    found = step(ids) if job["work"] == "step" else forward(ids)
    milliseconds = (time.perf_counter() - start) * 1e3
    found = found if job["work"] == "step" else found.abs().mean().item()
    assert math.isfinite(found)
    print(f"{milliseconds:.6f} {found:.9f}", flush=True)
