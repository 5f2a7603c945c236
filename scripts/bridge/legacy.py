"""What TransformerLens's HookedTransformer computes: legacy.py FOLDER, for bridge.test.ts.

For every NAME.safetensors of ours in FOLDER: the model is loaded as docs/transformerlens.md says, everything that is compared is computed in
float64 and written to NAME.ours.safetensors; then every weight is drawn anew, the model is saved as a user of TransformerLens would
(NAME.theirs.safetensors), and the same is computed of it (NAME.back.safetensors).
"""
import json
import pathlib
import sys
from functools import partial

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformer_lens import HookedTransformer, HookedTransformerConfig, patching

torch.set_num_threads(1)  # tiny models: threads would only wait for each other


def load(path):
    with safe_open(path, "pt") as file:
        cfg = HookedTransformerConfig.from_dict(json.loads(file.metadata()["config"]))
        weights = {name: file.get_tensor(name) for name in file.keys()}
    model = HookedTransformer(cfg)
    left = model.load_state_dict(weights, strict=False)
    assert not left.unexpected_keys and all(n.endswith((".mask", ".IGNORE", ".rotary_sin", ".rotary_cos")) or ".b_" in n or "._b_" in n or n == "pos_embed.W_pos" for n in left.missing_keys), left
    return model


def save(model, path):
    cfg = model.cfg.to_dict()
    cfg["dtype"] = str(cfg["dtype"])
    weights = {name: t.float().contiguous().clone() if t.is_floating_point() else t.contiguous().clone() for name, t in model.state_dict().items()}
    save_file(weights, path, {"format": "pt", "config": json.dumps(cfg, default=str)})


def exactly(model):
    """The same model in float64, which keeps every head's results and inputs."""
    cfg = HookedTransformerConfig.from_dict({**model.cfg.to_dict(), "dtype": torch.float64})
    grouped = cfg.n_key_value_heads is not None
    cfg.use_attn_result, cfg.use_split_qkv_input = True, not grouped
    double = HookedTransformer(cfg)
    double.load_state_dict({name: t.double() if t.is_floating_point() else t for name, t in model.state_dict().items()})
    return double.double()


def measure(model, tokens):
    cfg, out, gradients = model.cfg, {}, {}
    names = [name for name in model.hook_dict]

    def keep(tensor, hook, into):
        into[hook.name] = tensor.detach().clone()

    seen = {}
    hooks = [(name, partial(keep, into=seen)) for name in names]
    back = [(name, partial(keep, into=gradients)) for name in names]
    with model.hooks(fwd_hooks=hooks, bwd_hooks=back):
        logits, per_token = model(tokens, return_type="both", loss_per_token=True)
        loss = per_token.mean()
        model.zero_grad()
        loss.backward()
    out |= {"logits": logits, "loss": per_token}
    out |= {f"activation {name}": t for name, t in seen.items()}
    out |= {f"activation gradient {name}": t for name, t in gradients.items()}
    out |= {f"weight gradient {name}": p.grad for name, p in model.named_parameters() if p.grad is not None}
    corrupted = tokens.roll(1, 0)
    right = tokens[:, -1]
    metric = lambda logits: logits[range(len(right)), -2, right].mean()
    with torch.no_grad():
        _, cache = model.run_with_cache(tokens)
        z = patching.get_act_patch_attn_head_out_all_pos(model, corrupted, cache, metric)
        resid = patching.get_act_patch_resid_pre(model, corrupted, cache, metric)
        out |= {"patching head out": z, "patching resid pre": resid}
        silent = torch.zeros(cfg.n_layers, cfg.n_heads, dtype=torch.float64)
        for layer in range(cfg.n_layers):
            for head in range(cfg.n_heads):
                def off(z, hook):
                    z[:, :, head] = 0
                    return z
                silent[layer, head] = model.run_with_hooks(tokens, return_type="loss", fwd_hooks=[(f"blocks.{layer}.attn.hook_z", off)])
        out["zero ablation"] = silent
        period = tokens.shape[1] // 2
        patterns = torch.stack([cache["pattern", layer] for layer in range(cfg.n_layers)], 1)
        diagonal = lambda offset: patterns.diagonal(offset, -2, -1)
        out["score induction"] = diagonal(1 - period)[..., 1:].mean((0, -1))
        out["score previous token"] = diagonal(-1).mean((0, -1))
        plain = HookedTransformer(cfg)
        plain.load_state_dict(model.state_dict())
        if cfg.normalization_type:
            plain.process_weights_(center_writing_weights=False, center_unembed=False)
        for mode in "QKV":
            out[f"composition {mode}"] = plain.all_composition_scores(mode)
    return {name: t.detach().double().contiguous().clone() for name, t in out.items()}


def draw(model):
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        with torch.no_grad():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator) + (1 if name.endswith(".w") else 0))


def main(folder):
    folder = pathlib.Path(folder)
    tokens = {name: torch.tensor(t) for name, t in json.loads((folder / "tokens.json").read_text()).items()}
    for name in tokens:
        print(name, flush=True)
        model = load(folder / f"{name}.safetensors")
        save_file(measure(exactly(model), tokens[name]), folder / f"{name}.ours.safetensors")
        draw(model)
        save(model, folder / f"{name}.theirs.safetensors")
        save_file(measure(exactly(model), tokens[name]), folder / f"{name}.back.safetensors")


main(sys.argv[1])
