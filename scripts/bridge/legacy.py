"""What TransformerLens's HookedTransformer computes: legacy.py FOLDER, for bridge.test.ts.

For every folder NAME in FOLDER/legacy, of `convert --to transformer-lens`: the model is loaded as docs/transformerlens.md says, everything that is compared is computed in
float64 and written to NAME.ours.safetensors; then every weight is drawn anew, the model is saved as a user of TransformerLens would
(NAME.theirs.safetensors), and the same is computed of it (NAME.back.safetensors).
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file
from transformer_lens import HookedTransformer, HookedTransformerConfig, patching

torch.set_num_threads(1)  # tiny models: threads would only wait for each other


def load(folder):
    """As docs/transformerlens.md says."""
    cfg = HookedTransformerConfig.from_dict(json.loads((folder / "config.json").read_text()))
    model = HookedTransformer(cfg)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model


def save(model, path):
    cfg = model.cfg.to_dict()
    cfg["dtype"] = str(cfg["dtype"])
    weights = {name: t.float().contiguous().clone() if t.is_floating_point() else t.contiguous().clone() for name, t in model.state_dict().items()}
    save_file(weights, path, {"format": "pt", "config": json.dumps(cfg, default=str)})


def exactly(model):
    """The same model in float64, which keeps every head's results."""
    cfg = HookedTransformerConfig.from_dict({**model.cfg.to_dict(), "dtype": torch.float64})
    cfg.use_attn_result = True
    double = HookedTransformer(cfg)
    double.load_state_dict({name: t.double() if t.is_floating_point() else t for name, t in model.state_dict().items()})
    return double.double()


def watch(model, tokens, out, chosen):
    """Runs forward and backward; writes the chosen activations and their gradients into `out`."""
    activations, gradients = {}, {}

    def keep(tensor, hook):
        activations[hook.name] = tensor.detach().clone()

    def add(tensor, hook):  # ln1 is called for Q, K and V each, so its gradients come in three parts
        gradients[hook.name] = gradients.get(hook.name, 0) + tensor.detach()

    names = [name for name in model.hook_dict if chosen(name)]
    with model.hooks(fwd_hooks=[(name, keep) for name in names], bwd_hooks=[(name, add) for name in names]):
        logits, per_token = model(tokens, return_type="both", loss_per_token=True)
        model.zero_grad()
        per_token.mean().backward()
    out |= {f"activation {name}": t for name, t in activations.items()}
    out |= {f"activation gradient {name}": t for name, t in gradients.items()}
    return logits, per_token


def measure(model, tokens):
    cfg, out = model.cfg, {}
    logits, per_token = watch(model, tokens, out, lambda name: True)
    out |= {"logits": logits, "loss": per_token}
    out |= {f"weight gradient {name}": p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    # What a layer reads is there on request, and changes the shapes of what follows.
    for option, name in [("attn_in", "hook_attn_in"), ("split_qkv_input", "_input"), ("hook_mlp_in", "hook_mlp_in")]:
        if (option == "attn_in" and cfg.n_key_value_heads) or (option == "hook_mlp_in" and cfg.attn_only):
            continue
        turn = getattr(model, f"set_use_{option}")
        turn(True)
        watch(model, tokens, out, lambda hook: hook.endswith(name))
        turn(False)
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
        out["score induction"] = diagonal(1 - period)[..., 1:-1].mean((0, -1))
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
    folder = folder / "legacy"
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        name = path.name
        print(name, flush=True)
        model = load(path)
        save_file(measure(exactly(model), tokens[name]), folder / f"{name}.ours.safetensors")
        draw(model)
        save(model, folder / f"{name}.theirs.safetensors")
        save_file(measure(exactly(model), tokens[name]), folder / f"{name}.back.safetensors")


main(sys.argv[1])
