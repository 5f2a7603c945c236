"""The reference step in PyTorch, as a child of run.mjs (protocol: competitor.mjs).

The one argument is JSON: the cell {batch, layerNorm, threads} and the settings that tuning.mjs searches:
attention "bmm" or "sdpa", optimizer "foreach" or "fused", compile "off", "default" or "cppWrapper". Environment
variables (OpenMP, BLAS) are set by the parent, because libraries read them while they load.
"""
import json
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import torch  # noqa: E402
import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402

VOCABULARY, CONTEXT, D_MODEL, HEADS, LAYERS = 64, 50, 64, 4, 2
D_HEAD = D_MODEL // HEADS
INITIAL_STD = 0.13


class Transformer(nn.Module):
    """Attention-only, no biases, untied. Q, K and V are one product, which is PyTorch's fastest way to write it."""

    def __init__(self, layer_norm, attention):
        super().__init__()
        weight = lambda *shape: nn.Parameter(torch.randn(*shape) * INITIAL_STD)
        norm = lambda: nn.LayerNorm(D_MODEL) if layer_norm else nn.Identity()
        self.W_E = weight(VOCABULARY, D_MODEL)
        self.W_pos = weight(CONTEXT, D_MODEL)
        self.W_QKV = nn.ParameterList([weight(D_MODEL, 3 * D_MODEL) for _ in range(LAYERS)])
        self.W_O = nn.ParameterList([weight(D_MODEL, D_MODEL) for _ in range(LAYERS)])
        self.W_U = weight(D_MODEL, VOCABULARY)
        self.norms = nn.ModuleList([norm() for _ in range(LAYERS + 1)])
        self.sdpa = attention == "sdpa"
        self.register_buffer("mask", torch.triu(torch.full((CONTEXT, CONTEXT), float("-inf")), 1))

    def attend(self, q, k, v):
        """[batch, head, pos, dHead] each, to [batch, pos, dModel]."""
        batch = q.shape[0]
        if self.sdpa:
            z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            q, k, v = (t.reshape(batch * HEADS, CONTEXT, D_HEAD) for t in (q, k, v))
            mask = self.mask.expand(batch * HEADS, CONTEXT, CONTEXT)
            scores = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=D_HEAD**-0.5)
            z = torch.bmm(torch.softmax(scores, -1), v).view(batch, HEADS, CONTEXT, D_HEAD)
        return z.transpose(1, 2).reshape(batch, CONTEXT, D_MODEL)

    def forward(self, tokens):
        batch = tokens.shape[0]
        x = F.embedding(tokens, self.W_E) + self.W_pos
        for layer in range(LAYERS):
            qkv = self.norms[layer](x) @ self.W_QKV[layer]
            q, k, v = qkv.view(batch, CONTEXT, 3, HEADS, D_HEAD).permute(2, 0, 3, 1, 4)
            x = x + self.attend(q, k, v) @ self.W_O[layer]
        return self.norms[LAYERS](x) @ self.W_U


def make_optimizer(model, kind):
    settings = dict(lr=1e-3, weight_decay=0.01)
    return torch.optim.AdamW(model.parameters(), **settings, **{kind: True})


def make_step(cell):
    model = Transformer(cell["layerNorm"], cell.get("attention", "bmm"))
    optimizer = make_optimizer(model, cell.get("optimizer", "foreach"))

    def loss_of(tokens):
        logits = model(tokens[:, :-1])
        return F.cross_entropy(logits.reshape(-1, VOCABULARY), tokens[:, 1:].reshape(-1))

    compile_mode = cell.get("compile", "off")
    if compile_mode != "off":
        options = {"cpp_wrapper": True} if compile_mode == "cppWrapper" else None
        loss_of = torch.compile(loss_of, dynamic=False, options=options)

    def step():
        half = torch.randint(0, VOCABULARY, (cell["batch"], CONTEXT // 2))
        tokens = torch.cat([half, half, half[:, :1]], 1)
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(tokens)
        loss.backward()
        optimizer.step()
        return loss

    return step


def blas():
    """The BLAS that the products run on, as the build or the loaded libraries name it."""
    config = torch.__config__.show()
    if "BLAS_INFO=mkl" in config:
        return "MKL"
    try:
        with open("/proc/self/maps") as maps:
            loaded = {os.path.basename(os.path.realpath(line.split()[-1])) for line in maps if "blas" in line}
        return ", ".join(sorted(loaded)) or "unknown BLAS"
    except OSError:
        return "unknown BLAS"


def main():
    cell = json.loads(sys.argv[1])
    torch.set_num_threads(cell["threads"])
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    say = lambda record: print(json.dumps(record), flush=True)
    step = make_step(cell)
    first = step().item()
    capability = getattr(torch.backends.cpu, "get_cpu_capability", lambda: "")() if hasattr(torch.backends, "cpu") else ""
    say({"ready": True, "version": torch.__version__, "build": f"{blas()} {capability}".strip(), "firstLoss": first})
    for line in sys.stdin:
        steps = json.loads(line)["steps"]
        start = time.perf_counter()
        for _ in range(steps):
            loss = step()
        seconds = time.perf_counter() - start
        say({"steps": steps, "seconds": seconds, "loss": loss.item()})


main()
