"""Tiny models of the families that are read from the Hugging Face hub, as transformers saves them, and their logits in float64.

    python3 scripts/golden/huggingFace.py packages/core/test/golden/huggingFace

Sizes differ on every axis where the family lets them. All weights are drawn, biases and norms too, as multiples of 1/32. Needs torch,
transformers and safetensors.
"""
import json
import pathlib
import shutil
import sys

import torch
import transformers
from transformers import (GPT2Config, GPT2LMHeadModel, GPTJConfig, GPTJForCausalLM, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig,
                          LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

V, T = 13, 11
LLAMA_3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=40, rope_theta=500.0)
GATED = dict(vocab_size=V, max_position_embeddings=T, num_hidden_layers=2, intermediate_size=7)
MODELS = {
    "gpt2": (GPT2LMHeadModel, GPT2Config(vocab_size=V, n_positions=T, n_embd=12, n_layer=2, n_head=3, n_inner=7)),
    "gpt-neox": (GPTNeoXForCausalLM, GPTNeoXConfig(vocab_size=V, max_position_embeddings=T, hidden_size=24, num_hidden_layers=2,
                                                   num_attention_heads=3, intermediate_size=7, rotary_pct=0.5)),
    "gpt-j": (GPTJForCausalLM, GPTJConfig(vocab_size=V, n_positions=T, n_embd=18, n_layer=2, n_head=3, n_inner=7, rotary_dim=4)),
    "llama": (LlamaForCausalLM, LlamaConfig(**GATED, hidden_size=18, num_attention_heads=6, num_key_value_heads=2, head_dim=4,
                                            rope_parameters=LLAMA_3, attention_bias=True)),
    "mistral": (MistralForCausalLM, MistralConfig(**GATED, hidden_size=18, num_attention_heads=6, num_key_value_heads=3, head_dim=4,
                                                  sliding_window=8)),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**GATED, hidden_size=12, num_attention_heads=3, num_key_value_heads=1, tie_word_embeddings=True)),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**GATED, hidden_size=14, num_attention_heads=6, num_key_value_heads=3, head_dim=4)),
}
SHARDED = "mistral"
BFLOAT16 = "qwen2"


def main(folder):
    out = {"made with": f"transformers {transformers.__version__}, PyTorch {torch.__version__}", "models": {}}
    for seed, (name, (kind, config)) in enumerate(MODELS.items()):
        config._attn_implementation = "eager"
        generator = torch.Generator().manual_seed(seed)
        model = kind(config).double().eval()
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                w = (0.4 * torch.randn(parameter.shape, generator=generator) * 32).round() / 32
                one = 1 if "norm" in parameter_name and "weight" in parameter_name or ".ln_" in parameter_name and "weight" in parameter_name else 0
                parameter.copy_(w + one)
            tokens = torch.randint(V, (2, 8), generator=generator)
            logits = model(tokens).logits
        where = pathlib.Path(folder) / name
        shutil.rmtree(where, ignore_errors=True)
        stored = model.bfloat16() if name == BFLOAT16 else model.float()
        stored.save_pretrained(where, **({"max_shard_size": "3KB"} if name == SHARDED else {}))
        (where / "generation_config.json").unlink(missing_ok=True)
        out["models"][name] = {"tokens": tokens.tolist(), "logits": [float(f"{x:.8g}") for x in logits.flatten().tolist()]}
    (pathlib.Path(folder) / "logits.json").write_text(json.dumps(out))


main(sys.argv[1])
