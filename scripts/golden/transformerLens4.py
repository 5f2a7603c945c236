"""Tiny models of TransformerLens 4's own, under both spellings of their names, and their logits in float64.

    python3 scripts/golden/transformerLens4.py packages/core/test/golden/transformerLens4

NAME.bridge.safetensors holds the bridge's state_dict(), NAME.native.safetensors that of the model before the bridge wraps it, and
NAME.wrapped.safetensors that of the model inside. Needs torch, safetensors and transformer_lens 4.
"""
import copy
import importlib.metadata
import json
import pathlib
import sys

import torch
import transformer_lens.model_bridge.sources.native  # noqa: F401: gives TransformerBridge its boot_native
from safetensors.torch import save_file
from transformer_lens.model_bridge import TransformerBridge
from transformer_lens.model_bridge.sources.native.model import NativeModel

SIZES = dict(n_layers=2, n_heads=6, d_model=10, d_head=4, n_ctx=9, d_vocab=13, seed=0)
MODELS = {
    "mlp": dict(d_mlp=7, act_fn="gelu_new", normalization_type="LN"),
    "gated": dict(n_key_value_heads=2, d_mlp=7, act_fn="silu", gated_mlp=True, normalization_type="RMS", final_rms=True,
                  positional_embedding_type="rotary", rotary_dim=4),
    "partial": dict(attn_only=True, normalization_type="LNPre", positional_embedding_type="rotary", rotary_dim=2),
}


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    out = {"made with": f"transformer_lens {importlib.metadata.version('transformer_lens')}, PyTorch {torch.__version__}", "models": {}}
    for name, options in MODELS.items():
        bridge = TransformerBridge.boot_native({**SIZES, **options})
        generator = torch.Generator().manual_seed(1)
        for parameter_name, parameter in bridge.original_model.named_parameters():
            gain = 1 if "ln" in parameter_name and parameter_name.endswith("weight") else 0
            with torch.no_grad():
                parameter.copy_(gain + (0.4 * torch.randn(parameter.shape, generator=generator) * 32).round() / 32)
        config = json.dumps(bridge.cfg.to_dict(), default=str)
        plain = NativeModel(copy.deepcopy(bridge.cfg))
        wrapped = bridge.original_model.state_dict()
        bare = {key.replace("_original_component.", ""): value for key, value in wrapped.items()}
        plain.load_state_dict({key: bare[key] for key in plain.state_dict()})
        for spelling, weights in (("bridge", bridge.state_dict()), ("native", plain.state_dict()), ("wrapped", wrapped)):
            save_file({key: w.contiguous().clone() for key, w in weights.items()}, folder / f"{name}.{spelling}.safetensors",
                      {"format": "pt", "config": config})
        tokens = torch.randint(SIZES["d_vocab"], (2, 8), generator=generator)
        with torch.no_grad():
            logits = plain.double()(tokens)
        out["models"][name] = {"tokens": tokens.tolist(), "logits": [float(f"{x:.8g}") for x in logits.flatten().tolist()]}
    (folder / "logits.json").write_text(json.dumps(out))


main(sys.argv[1])
