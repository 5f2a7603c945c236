"""Effects on given prompts, computed with PyTorch in float64 from the weights of tiny_ln.json: writes prompts_ln.json.

    python packages/core/test/golden/prompts.py && npm run format

An implementation of its own: it shares nothing with the library but the weights. The prompts have three lengths, some with
two queries, and corrupted twins. The measure is the logit difference, the mean over a prompt's queries of
logit(answer) - logit(wrong). Written, by prompt: the measure of clean and corrupted prompts; of corrupted ones with a head's
z patched from the clean run; of clean ones with an edge (a head's result into a later head's Q, K or V input, before its
LayerNorm) taken out, by zero and by its mean over all prompts, each weighted the same; of clean ones with a head's z at its mean
over all prompts. And by first order: gradient x difference, from autograd.
"""
import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
HERE = pathlib.Path(__file__).parent
golden = json.loads((HERE / "tiny_ln.json").read_text())
weights = {
    name[2:]: torch.tensor(value).reshape(golden["shapes"][name])
    for name, value in golden["data"].items()
    if name.startswith("w.")
}
L, H, D = (golden["config"][key] for key in ("n_layers", "n_heads", "d_head"))

PROMPTS = [
    {"tokens": [1, 4, 2, 6, 1], "queries": [4], "answers": [4], "wrong": [2], "corrupted": [3, 4, 2, 6, 1]},
    {"tokens": [0, 5, 3, 0, 5, 3, 2], "queries": [4, 6], "answers": [3, 1], "wrong": [0, 4], "corrupted": [0, 6, 3, 0, 5, 3, 2]},
    {"tokens": [6, 2, 6, 2, 0], "queries": [2, 3], "answers": [2, 0], "wrong": [5, 6], "corrupted": [6, 1, 5, 2, 0]},
    {"tokens": [3, 1, 0, 2, 4, 3, 1, 0], "queries": [5], "answers": [1], "wrong": [4], "corrupted": [3, 5, 0, 2, 4, 3, 1, 0]},
    {"tokens": [2, 2, 4, 5, 6, 0, 2], "queries": [6], "answers": [4], "wrong": [3], "corrupted": [2, 1, 4, 5, 6, 0, 2]},
    {"tokens": [4, 0, 1, 5, 4, 0, 6, 3], "queries": [4, 7], "answers": [0, 2], "wrong": [5, 1], "corrupted": [4, 3, 1, 5, 4, 0, 6, 3]},
]


def layer_norm(x, name):
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * weights[f"{name}.w"] + weights[f"{name}.b"]


def run(tokens, set_z=None, taken=None, leaves=None):
    """Logits, each head's z and result, and the inputs. `set_z`: (layer, head) -> z. `taken`: (source, target, input) -> what is
    subtracted from that input. `leaves`: a dict that receives z and inputs as variables to differentiate by."""
    set_z, taken = set_z or {}, taken or {}
    x = weights["embed.W_E"][tokens] + weights["pos_embed.W_pos"][: tokens.shape[0]]
    kept = {}
    for layer in range(L):
        outputs = []
        for head in range(H):
            vectors = {}
            for kind in "qkv":
                read = x
                for (_, target, into), amount in taken.items():
                    if target == (layer, head) and into == kind:
                        read = read - amount
                if leaves is not None:
                    leaves[layer, head, kind] = read = read + torch.zeros_like(read, requires_grad=True)
                    read.retain_grad()
                name = f"blocks.{layer}.attn"
                vectors[kind] = (
                    layer_norm(read, f"blocks.{layer}.ln1") @ weights[f"{name}.W_{kind.upper()}"][head]
                    + weights[f"{name}.b_{kind.upper()}"][head]
                )
            scores = vectors["q"] @ vectors["k"].T / D**0.5
            future = torch.triu(torch.ones_like(scores, dtype=torch.bool), 1)
            z = torch.softmax(scores.masked_fill(future, float("-inf")), -1) @ vectors["v"]
            z = set_z.get((layer, head), z)
            if leaves is not None:
                leaves[layer, head, "z"] = z = z + torch.zeros_like(z, requires_grad=True)
                z.retain_grad()
            kept[layer, head] = z, z @ weights[f"blocks.{layer}.attn.W_O"][head]
            outputs.append(kept[layer, head][1])
        x = x + sum(outputs) + weights[f"blocks.{layer}.attn.b_O"]
    return layer_norm(x, "ln_final") @ weights["unembed.W_U"] + weights["unembed.b_U"], kept


def difference(logits, prompt):
    pairs = zip(prompt["queries"], prompt["answers"], prompt["wrong"])
    return sum(logits[q, a] - logits[q, w] for q, a, w in pairs) / len(prompt["queries"])


def measure(prompt, side="tokens", **how):
    return difference(run(torch.tensor(prompt[side]), **how)[0], prompt).item()


def gradients(prompt, side):
    leaves = {}
    difference(run(torch.tensor(prompt[side]), leaves=leaves)[0], prompt).backward()
    return {key: value.grad for key, value in leaves.items()}


clean = [run(torch.tensor(p["tokens"]))[1] for p in PROMPTS]
corrupted = [run(torch.tensor(p["corrupted"]))[1] for p in PROMPTS]
heads = [(layer, head) for layer in range(L) for head in range(H)]
edges = [(s, t, kind) for t in heads for s in heads if s[0] < t[0] for kind in "qkv"]
mean_z = {h: torch.stack([kept[h][0].mean(0) for kept in clean]).mean(0) for h in heads}


mean_result = {h: torch.stack([kept[h][1].mean(0) for kept in clean]).mean(0) for h in heads}

# The answers of each prompt are such that the corruption costs something: the effect of a patch is a share of that.
for p in PROMPTS:
    if measure(p) < measure(p, "corrupted"):
        p["answers"], p["wrong"] = p["wrong"], p["answers"]

at_corrupted = [gradients(p, "corrupted") for p in PROMPTS]
at_clean = [gradients(p, "tokens") for p in PROMPTS]
found = {
    "prompts": PROMPTS,
    "clean": [measure(p) for p in PROMPTS],
    "corrupted": [measure(p, "corrupted") for p in PROMPTS],
    "patched": {
        f"L{h[0]}H{h[1]}": {
            "measured": [measure(p, "corrupted", set_z={h: kept[h][0]}) for p, kept in zip(PROMPTS, clean)],
            "attributed": [
                (g[(*h, "z")] * (a[h][0] - b[h][0])).sum().item() for g, a, b in zip(at_corrupted, clean, corrupted)
            ],
        }
        for h in heads
    },
    "ablated": {
        f"L{h[0]}H{h[1]}": [measure(p, set_z={h: mean_z[h].expand(len(p["tokens"]), -1)}) for p in PROMPTS] for h in heads
    },
    "edges": [],
}
for source, target, kind in edges:
    entry = {"source": f"L{source[0]}H{source[1]}", "target": f"L{target[0]}H{target[1]}", "input": kind}
    for by in ("zero", "mean"):
        amounts = [
            kept[source][1] - (mean_result[source] if by == "mean" else 0)
            for p, kept in zip(PROMPTS, clean)
        ]
        entry[by] = {
            "measured": [measure(p, taken={(source, target, kind): a}) for p, a in zip(PROMPTS, amounts)],
            "attributed": [-(g[(*target, kind)] * a).sum().item() for g, a in zip(at_clean, amounts)],
        }
    found["edges"].append(entry)

(HERE / "prompts_ln.json").write_text(json.dumps(found, indent=1) + "\n")
