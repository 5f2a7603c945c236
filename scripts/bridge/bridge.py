"""What TransformerLens 4's TransformerBridge computes: bridge.py FOLDER, for transformerLens.bridge.test.ts.

Every folder NAME under FOLDER/hugging-face is a model of ours, written by `convert --to hugging-face`: it is booted as any model of transformers,
and what it computes in float64 is written to NAME.safetensors there. Every native model of NATIVE is drawn and saved under the names of its
state_dict() (FOLDER/native/NAME.bridge.safetensors) and of the module inside (NAME.native.safetensors), with what it computes (NAME.computed.safetensors).
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformer_lens import patching
from transformer_lens.model_bridge import TransformerBridge
from transformers import PreTrainedTokenizerFast
from transformer_lens.config import TransformerBridgeConfig
from transformer_lens.model_bridge.sources._bridge_builder import build_bridge_from_module
from transformer_lens.model_bridge.sources.native import NativeModel

torch.set_num_threads(1)
SIZES = dict(n_layers=2, n_heads=3, d_model=10, d_head=4, n_ctx=13, d_vocab=19)
NATIVE = {
    "attention only": dict(attn_only=True, normalization_type="LN"),
    "MLP": dict(d_mlp=7, act_fn="gelu_new", normalization_type="LN"),
    "relu": dict(d_mlp=7, act_fn="relu", normalization_type="LN"),
    "rotary": dict(attn_only=True, normalization_type="LN", positional_embedding_type="rotary", rotary_dim=4),
    "gated, RMSNorm": dict(d_mlp=7, act_fn="silu", gated_mlp=True, normalization_type="RMS",
                  positional_embedding_type="rotary", rotary_dim=4),
}


def compute(model, tokens):
    model.eval()  # patching asks for it
    with torch.no_grad():
        logits, cache = model.run_with_cache(tokens)
        loss = model(tokens, return_type="loss", loss_per_token=True)
    activations = {name: t for name, t in cache.items() if torch.is_tensor(t) and t.is_floating_point()}
    out = {"logits": logits, "loss": loss} | {f"activation {name}": t for name, t in activations.items()}
    out |= {f"activation gradient {name}": t for name, t in gradients(model, tokens, activations).items()}
    corrupted, right = tokens.roll(1, 0), tokens[:, -1]
    metric = lambda logits: logits[range(len(right)), -2, right].mean()
    with torch.no_grad():
        out["patching head out"] = patching.get_act_patch_attn_head_out_all_pos(model, corrupted, cache, metric)
        out["patching resid pre"] = patching.get_act_patch_resid_pre(model, corrupted, cache, metric)
    return {name: t.double().contiguous().clone() for name, t in out.items()}


def gradients(model, tokens, names):
    """Of the mean loss, by hook under each of its names; those of the weights stay in the model."""
    found = {}

    def adding(name):
        def add(tensor, hook):  # a hook that is called for Q, K and V each has three parts
            found[name] = found.get(name, 0) + tensor.detach()
        return add

    with model.hooks(bwd_hooks=[(name, adding(name)) for name in model.hook_dict if name in names]):
        model.zero_grad()
        model(tokens, return_type="loss", loss_per_token=True).mean().backward()
    return found


def check_resid_mid(model, tokens):
    """hook_resid_mid is what ln2 reads: where a hook there writes zeros, the stream still holds what it held."""
    seen = {}
    keep = lambda name: (f"blocks.1.{name}", lambda x, hook: seen.update({name: x.clone()}))
    with torch.no_grad():
        model.run_with_hooks(tokens, fwd_hooks=[keep("hook_resid_mid")])
        model.run_with_hooks(tokens, fwd_hooks=[("blocks.1.hook_resid_mid", lambda x, hook: x * 0), keep("hook_mlp_out"), keep("hook_resid_post")])
    if not torch.allclose(seen["hook_resid_post"] - seen["hook_mlp_out"], seen["hook_resid_mid"]):
        raise SystemExit("A hook at TransformerLens's hook_resid_mid changes the stream now: docs/transformerlens.md says that it does not")


def add_tokenizer(folder):
    """Booting asks for a tokenizer, as real models have one: here tokens are numbers."""
    size = json.loads((folder / "config.json").read_text())["vocab_size"]
    words = Tokenizer(WordLevel({str(i): i for i in range(size)}, unk_token="0"))
    special = dict.fromkeys(["unk_token", "pad_token", "eos_token", "bos_token"], "0")
    PreTrainedTokenizerFast(tokenizer_object=words, **special).save_pretrained(folder)


def booted(folder, tokens):
    add_tokenizer(folder)
    model = TransformerBridge.boot_transformers(str(folder), device="cpu", dtype=torch.float64)
    model.enable_compatibility_mode(no_processing=True)
    if "blocks.1.hook_resid_mid" in model.hook_dict:  # not where attention and MLP stand side by side
        check_resid_mid(model, tokens)
    return compute(model, tokens)


def native(name, tokens, folder):
    cfg = TransformerBridgeConfig.from_dict({**SIZES, **NATIVE[name]})
    inner = NativeModel(cfg)
    generator = torch.Generator().manual_seed(1)
    for parameter_name, parameter in inner.named_parameters():
        gain = 1 if "ln" in parameter_name and parameter_name.endswith("weight") else 0
        with torch.no_grad():
            parameter.copy_(gain + 0.3 * torch.randn(parameter.shape, generator=generator))

    def save(module, spelling):
        weights = {n: t.contiguous().clone() for n, t in module.state_dict().items()}
        save_file(weights, folder / f"{name}.{spelling}.safetensors", {"format": "pt", "config": json.dumps(cfg.to_dict(), default=str)})

    save(inner, "native")
    cfg.architecture = "TransformerLensNative"
    model = build_bridge_from_module(inner, architecture=cfg.architecture, tl_config=cfg)
    save(model, "bridge")
    model.enable_compatibility_mode(no_processing=True)
    save_file(compute(model.double(), tokens), folder / f"{name}.computed.safetensors")
    # Gradients under the native names of the weights make a file of the same kind.
    named = [(n.replace("_original_component.", ""), p) for n, p in model.named_parameters()]
    grads = {n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in named}
    save_file({n: t.double().contiguous().clone() for n, t in grads.items()}, folder / f"{name}.gradients.safetensors",
              {"format": "pt", "config": json.dumps(cfg.to_dict(), default=str)})


def check_no_alibi():
    """ALiBi is refused under the names of 4 because its own models refuse it, too."""
    try:
        NativeModel(TransformerBridgeConfig.from_dict({**SIZES, "attn_only": True, "positional_embedding_type": "alibi"}))
    except ValueError:
        return
    raise SystemExit("TransformerLens's own models have ALiBi now: read it and compare it")


def main(folder):
    check_no_alibi()
    folder = pathlib.Path(folder)
    tokens = {name: torch.tensor(t) for name, t in json.loads((folder / "tokens.json").read_text()).items()}
    for path in sorted((folder / "hugging-face").iterdir()):
        if path.is_dir():
            print(path.name, flush=True)
            save_file(booted(path, tokens[path.name]), folder / "hugging-face" / f"{path.name}.safetensors")
    (folder / "native").mkdir(exist_ok=True)
    for name in NATIVE:
        print(name, flush=True)
        native(name, tokens["native"], folder / "native")


main(sys.argv[1])
