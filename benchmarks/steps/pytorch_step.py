"""What the children in PyTorch share: the step around a loss, and the child's side of the protocol (competitor.mjs).

The one argument is JSON, which `main` hands on: the cell {batch, dModel, layerNorm, threads}, the sizes and the optimiser
of reference.mjs, and settings of the child. Environment variables (OpenMP, BLAS) are set by the parent, because libraries
read them while they load.
"""
import json
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import torch  # noqa: E402


def adam_w(model, cell, **kind):
    return torch.optim.AdamW(
        model.parameters(),
        lr=cell["learningRate"],
        betas=(cell["beta1"], cell["beta2"]),
        eps=cell["epsilon"],
        weight_decay=cell["weightDecay"],
        **kind,
    )


def draw_tokens(cell):
    """Random blocks of half the context, repeated, and one token more: [batch, context + 1]."""
    half = torch.randint(0, cell["vocabulary"], (cell["batch"], cell["context"] // 2))
    return torch.cat([half, half, half[:, :1]], 1)


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


def main(make):
    """Serves bursts. `make(cell)` gives (loss_of, optimizer): the mean loss of tokens [batch, context + 1]."""
    cell = json.loads(sys.argv[1])
    if cell["threads"] is not None:  # else PyTorch's own choice
        torch.set_num_threads(cell["threads"])
        torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    loss_of, optimizer = make(cell)

    def step():
        tokens = draw_tokens(cell)
        optimizer.zero_grad()
        loss = loss_of(tokens)
        loss.backward()
        optimizer.step()
        return loss

    say = lambda record: print(json.dumps(record), flush=True)
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
