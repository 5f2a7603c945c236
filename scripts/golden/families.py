"""Golden data for families of language models: values and gradients in float64, by PyTorch, from the definitions alone.

    python3 scripts/golden/families.py packages/core/test/golden/families.json

Nothing of induction-lab is read. Each model is written here as its family's reference implementation computes it (row vectors; heads
one by one; complex numbers for neighbouring rotary pairs), on tiny random weights whose sizes are all different. PyTorch's autograd gives the
gradients of the mean next-token loss. Weights are whole multiples of 1/32, which every engine holds as they are.
"""
import json
import math
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
ACTIVATIONS = {
    "relu": F.relu,
    "gelu": lambda x: F.gelu(x, approximate="none"),
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}
SIZES = dict(n_layers=2, n_heads=6, d_model=7, d_head=6, n_ctx=9, d_vocab=11)
CASES = {
    "gpt2": dict(norm="LN", positions="standard", mlp=5, act="gelu_new", biases=True, tied=True),
    "gpt-neox": dict(norm="LN", positions="rotary", rotary_dim=2, base=100.0, mlp=5, act="gelu", biases=True, parallel=True),
    "gpt-j": dict(norm="LN", positions="rotary", rotary_dim=4, adjacent=True, mlp=5, act="gelu_new", biases=True, parallel=True),
    "llama": dict(norm="RMS", positions="rotary", kv=2, mlp=5, act="silu", gated=True, tied=True),
    "llama-3": dict(norm="RMS", positions="rotary", kv=3, mlp=5, act="silu", gated=True, base=500.0,
                    scaling=dict(factor=8.0, low=1.0, high=4.0, original=40)),
    "qwen2": dict(norm="RMS", positions="rotary", kv=1, mlp=5, act="silu", gated=True, biases=True),
    "geglu": dict(norm="RMS", positions="standard", kv=2, mlp=5, act="gelu", gated=True, biases=True),
    "relu": dict(norm=None, positions="none", mlp=5, act="relu", biases=True),
    "qwen3": dict(norm="RMS", positions="rotary", kv=3, mlp=5, act="silu", gated=True, qk_norm=True, tied=True),
}
EPS = 1e-5


def weights_of(case, seed):
    g = torch.Generator().manual_seed(seed)
    L, H, D, C, T, V = (SIZES[k] for k in ("n_layers", "n_heads", "d_model", "d_head", "n_ctx", "d_vocab"))
    K, M = case.get("kv", H), case["mlp"]
    shared = "_" if K != H else ""
    shapes = {"embed.W_E": (V, D)}
    if case["positions"] == "standard":
        shapes["pos_embed.W_pos"] = (T, D)

    def norm(name):
        if case["norm"]:
            shapes[f"{name}.w"] = (D,)
        if case["norm"] == "LN":
            shapes[f"{name}.b"] = (D,)

    for i in range(L):
        b = f"blocks.{i}"
        norm(f"{b}.ln1")
        shapes |= {f"{b}.attn.W_Q": (H, D, C), f"{b}.attn.{shared}W_K": (K, D, C), f"{b}.attn.{shared}W_V": (K, D, C), f"{b}.attn.W_O": (H, C, D)}
        if case.get("biases"):
            shapes |= {f"{b}.attn.b_Q": (H, C), f"{b}.attn.{shared}b_K": (K, C), f"{b}.attn.{shared}b_V": (K, C), f"{b}.attn.b_O": (D,)}
        if case.get("qk_norm"):
            shapes |= {f"{b}.attn.q_norm.w": (C,), f"{b}.attn.k_norm.w": (C,)}
        norm(f"{b}.ln2")
        if case.get("gated"):
            shapes[f"{b}.mlp.W_gate"] = (D, M)
        shapes |= {f"{b}.mlp.W_in": (D, M), f"{b}.mlp.W_out": (M, D)}
        if case.get("biases"):
            shapes |= {f"{b}.mlp.b_in": (M,), f"{b}.mlp.b_out": (D,)}
    norm("ln_final")
    if not case.get("tied"):
        shapes["unembed.W_U"] = (D, V)
    if case.get("biases"):
        shapes["unembed.b_U"] = (V,)
    out = {}
    for name, shape in shapes.items():
        w = (0.4 * torch.randn(shape, generator=g) * 32).round() / 32
        if name.endswith(".w"):
            w = w + 1
        out[name] = w.requires_grad_()
    return out


def frequencies(case, dim):
    f = [case.get("base", 10000.0) ** (-2 * i / dim) for i in range(dim // 2)]
    s = case.get("scaling")
    if not s:
        return torch.tensor(f)
    scaled = []
    for x in f:  # transformers, modeling_rope_utils: _compute_llama3_parameters
        wavelength = 2 * math.pi / x
        if wavelength > s["original"] / s["low"]:
            scaled.append(x / s["factor"])
        elif wavelength < s["original"] / s["high"]:
            scaled.append(x)
        else:
            smooth = (s["original"] / wavelength - s["low"]) / (s["high"] - s["low"])
            scaled.append((1 - smooth) * x / s["factor"] + smooth * x)
    return torch.tensor(scaled)


def rotate(case, x):
    """x: [batch, pos, d_head]"""
    dim = case.get("rotary_dim", SIZES["d_head"])
    angles = torch.arange(x.shape[1])[:, None] * frequencies(case, dim)
    turn = torch.polar(torch.ones_like(angles), angles)
    part = x[..., :dim]
    if case.get("adjacent"):
        pairs = torch.complex(part[..., 0::2], part[..., 1::2]) * turn
        turned = torch.stack([pairs.real, pairs.imag], -1).flatten(-2)
    else:
        pairs = torch.complex(part[..., : dim // 2], part[..., dim // 2 :]) * turn
        turned = torch.cat([pairs.real, pairs.imag], -1)
    return torch.cat([turned, x[..., dim:]], -1)


def normalise(case, w, name, x):
    if case["norm"] is None:
        return x
    if case["norm"] == "LN":
        return F.layer_norm(x, (x.shape[-1],), w[f"{name}.w"], w[f"{name}.b"], EPS)
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * w[f"{name}.w"]


def attention(case, w, b, x):
    H, C = SIZES["n_heads"], SIZES["d_head"]
    K = case.get("kv", H)
    shared = "_" if K != H else ""
    out = torch.zeros_like(x)
    mask = torch.tril(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool))
    for h in range(H):
        k_head = h * K // H
        read = []
        for part, index in (("Q", h), (f"{shared}K", k_head), (f"{shared}V", k_head)):
            letter = part[-1]
            y = x @ w[f"{b}.attn.{part[:-1]}W_{letter}"][index]
            if case.get("biases"):
                y = y + w[f"{b}.attn.{part[:-1]}b_{letter}"][index]
            read.append(y)
        q, k, v = read
        if case.get("qk_norm"):
            q, k = (normalise(case, w, f"{b}.attn.{n}_norm", y) for n, y in (("q", q), ("k", k)))
        if case["positions"] == "rotary":
            q, k = rotate(case, q), rotate(case, k)
        scores = (q @ k.transpose(-1, -2) / math.sqrt(C)).masked_fill(~mask, float("-inf"))
        out = out + scores.softmax(-1) @ v @ w[f"{b}.attn.W_O"][h]
    return out + (w[f"{b}.attn.b_O"] if case.get("biases") else 0)


def mlp(case, w, b, x):
    act = ACTIVATIONS[case["act"]]
    b_in = w[f"{b}.mlp.b_in"] if case.get("biases") else 0
    if case.get("gated"):
        post = act(x @ w[f"{b}.mlp.W_gate"]) * (x @ w[f"{b}.mlp.W_in"]) + b_in
    else:
        post = act(x @ w[f"{b}.mlp.W_in"] + b_in)
    return post @ w[f"{b}.mlp.W_out"] + (w[f"{b}.mlp.b_out"] if case.get("biases") else 0)


def run(case, w, tokens):
    x = w["embed.W_E"][tokens]
    if case["positions"] == "standard":
        x = x + w["pos_embed.W_pos"][: tokens.shape[1]]
    for i in range(SIZES["n_layers"]):
        b = f"blocks.{i}"
        attended = attention(case, w, b, normalise(case, w, f"{b}.ln1", x))
        if case.get("parallel"):
            x = x + attended + mlp(case, w, b, normalise(case, w, f"{b}.ln2", x))
        else:
            x = x + attended
            x = x + mlp(case, w, b, normalise(case, w, f"{b}.ln2", x))
    x = normalise(case, w, "ln_final", x)
    logits = x @ (w["embed.W_E"].T if case.get("tied") else w["unembed.W_U"])
    return logits + (w["unembed.b_U"] if case.get("biases") else 0)


def main(path):
    out = {"sizes": SIZES, "eps": EPS, "made with": f"PyTorch {torch.__version__}", "cases": {}}
    for seed, (name, case) in enumerate(CASES.items()):
        tokens = torch.randint(SIZES["d_vocab"], (2, 8), generator=torch.Generator().manual_seed(100 + seed))
        w = weights_of(case, seed)
        logits = run(case, w, tokens)
        loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        flat = lambda t, digits=9: [float(f"{x:.{digits}g}") for x in t.detach().flatten().tolist()]
        out["cases"][name] = {
            "config": case,
            "tokens": tokens.tolist(),
            "weights": {n: flat(t) for n, t in w.items()},
            "logits": flat(logits),
            "gradients": {n: flat(t.grad, 6) for n, t in w.items()},
        }
    with open(path, "w") as file:
        json.dump(out, file, separators=(",", ":"))


main(sys.argv[1])
