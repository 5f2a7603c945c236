"""Tiny GGUF files of the architectures that are read, every number type among them, and their logits in float64.

    python3 scripts/golden/ggufFiles.py packages/core/test/golden/gguf

Tensors are packed and unpacked by llama.cpp's own package (gguf), names and orders are those of its convert_hf_to_gguf.py: Llama's Q and K
have rotary pairs as neighbours, GPT-NeoX's Q, K and V lie in blocks, GPT-2's matrices are [out, in]. The logits are those of transformers on
the unpacked weights. Needs torch, transformers and gguf.
"""
import json
import pathlib
import sys

import gguf
import numpy
import torch
import transformers
from gguf import GGMLQuantizationType as Type
from transformers import (GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config,
                          Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

V, T, D, HEADS, KV, MLP = 13, 11, 32, 4, 2, 64
GATED = dict(vocab_size=V, max_position_embeddings=T, num_hidden_layers=2, intermediate_size=MLP, hidden_size=D, num_attention_heads=HEADS,
             num_key_value_heads=KV)
LLAMA_3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192,
               rope_theta=500000.0)
GATED_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight",
    "model.layers.{}.input_layernorm": "blk.{}.attn_norm", "model.layers.{}.post_attention_layernorm": "blk.{}.ffn_norm",
    "model.layers.{}.self_attn.q_proj": "blk.{}.attn_q", "model.layers.{}.self_attn.k_proj": "blk.{}.attn_k",
    "model.layers.{}.self_attn.v_proj": "blk.{}.attn_v", "model.layers.{}.self_attn.o_proj": "blk.{}.attn_output",
    "model.layers.{}.mlp.gate_proj": "blk.{}.ffn_gate", "model.layers.{}.mlp.up_proj": "blk.{}.ffn_up",
    "model.layers.{}.mlp.down_proj": "blk.{}.ffn_down", "model.layers.{}.self_attn.q_norm": "blk.{}.attn_q_norm",
    "model.layers.{}.self_attn.k_norm": "blk.{}.attn_k_norm",
}
GPT2_NAMES = {
    "transformer.wte.weight": "token_embd.weight", "transformer.wpe.weight": "position_embd.weight", "lm_head.weight": "output.weight",
    "transformer.ln_f": "output_norm", "transformer.h.{}.ln_1": "blk.{}.attn_norm", "transformer.h.{}.ln_2": "blk.{}.ffn_norm",
    "transformer.h.{}.attn.c_attn": "blk.{}.attn_qkv", "transformer.h.{}.attn.c_proj": "blk.{}.attn_output",
    "transformer.h.{}.mlp.c_fc": "blk.{}.ffn_up", "transformer.h.{}.mlp.c_proj": "blk.{}.ffn_down",
}
NEOX_NAMES = {
    "gpt_neox.embed_in.weight": "token_embd.weight", "embed_out.weight": "output.weight", "lm_head.weight": "output.weight", "gpt_neox.final_layer_norm": "output_norm",
    "gpt_neox.layers.{}.input_layernorm": "blk.{}.attn_norm", "gpt_neox.layers.{}.post_attention_layernorm": "blk.{}.ffn_norm",
    "gpt_neox.layers.{}.attention.query_key_value": "blk.{}.attn_qkv", "gpt_neox.layers.{}.attention.dense": "blk.{}.attn_output",
    "gpt_neox.layers.{}.mlp.dense_h_to_4h": "blk.{}.ffn_up", "gpt_neox.layers.{}.mlp.dense_4h_to_h": "blk.{}.ffn_down",
}


def pairs(w):
    """Rows of each head from (i, i + half) to (2i, 2i + 1)."""
    head = D // HEADS
    return w.reshape(-1, 2, head // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def unpairs(w):
    head = D // HEADS
    return w.reshape(-1, head // 2, 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def blocks(w):
    """Rows from [head][Q, K, V] to [Q, K, V][head]."""
    return w.reshape(HEADS, 3, D // HEADS, *w.shape[1:]).swapaxes(0, 1).reshape(w.shape)


def unblocks(w):
    return w.reshape(3, HEADS, D // HEADS, *w.shape[1:]).swapaxes(0, 1).reshape(w.shape)


def same(w):
    return w


def order_of(arch, name):
    """What a tensor goes through on its way into the file, and back."""
    if arch == "llama" and (".q_proj" in name or ".k_proj" in name):
        return pairs, unpairs
    if arch == "gptneox" and "query_key_value" in name:
        return blocks, unblocks
    if arch == "gpt2" and name.endswith("weight") and (".c_" in name):
        return numpy.transpose, numpy.transpose
    return same, same


NEOX = GPTNeoXConfig(vocab_size=V, max_position_embeddings=T, hidden_size=D, num_hidden_layers=2, num_attention_heads=HEADS,
                     intermediate_size=MLP, rotary_pct=0.5)
GATED_TYPES = [Type.Q4_0, Type.Q4_1, Type.Q8_0, Type.F16, Type.BF16, Type.F32]
MODELS = {
    "llama": ("llama", LlamaForCausalLM, LlamaConfig(**GATED, rope_parameters=LLAMA_3, tie_word_embeddings=False), GATED_NAMES, GATED_TYPES),
    "llama-tied": ("llama", LlamaForCausalLM, LlamaConfig(**GATED, tie_word_embeddings=True, attention_bias=True), GATED_NAMES, [Type.Q4_1]),
    "qwen2": ("qwen2", Qwen2ForCausalLM, Qwen2Config(**GATED, tie_word_embeddings=True), GATED_NAMES, [Type.Q8_0, Type.Q4_0]),
    "qwen3": ("qwen3", Qwen3ForCausalLM, Qwen3Config(**GATED, head_dim=D // HEADS, tie_word_embeddings=False), GATED_NAMES, [Type.F16, Type.Q8_0]),
    "gpt2": ("gpt2", GPT2LMHeadModel, GPT2Config(vocab_size=V, n_positions=T, n_embd=D, n_layer=2, n_head=HEADS, n_inner=MLP), GPT2_NAMES,
             [Type.Q4_0, Type.F16]),
    "gptneox": ("gptneox", GPTNeoXForCausalLM, NEOX, NEOX_NAMES, [Type.BF16, Type.Q8_0]),
}


def fields(writer, arch, config):
    writer.add_context_length(T)
    writer.add_embedding_length(D)
    writer.add_block_count(2)
    writer.add_feed_forward_length(MLP)
    writer.add_head_count(HEADS)
    writer.add_vocab_size(V)
    if arch in ("llama", "qwen2", "qwen3"):
        writer.add_head_count_kv(KV)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_rope_dimension_count(D // HEADS)
        writer.add_key_length(D // HEADS)
        writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    else:
        writer.add_layer_norm_eps(1e-5)
    if arch == "gptneox":
        writer.add_rope_dimension_count(D // HEADS // 2)
        writer.add_parallel_residual(True)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([chr(97 + i) for i in range(V)])
    writer.add_token_merges(["a b", "b c"])
    writer.add_bos_token_id(1)


def llama_3_factors(config):
    half = D // HEADS // 2
    speeds = config["rope_theta"] ** (-numpy.arange(half) / half)
    turns = config["original_max_position_embeddings"] * speeds / (2 * numpy.pi)
    kept = numpy.clip((turns - config["low_freq_factor"]) / (config["high_freq_factor"] - config["low_freq_factor"]), 0, 1)
    return (1 / (kept + (1 - kept) / config["factor"])).astype(numpy.float32)


def stored_name(names, name):
    stem, part = name.rsplit(".", 1)
    if name in names:
        return names[name]
    pieces = stem.split(".")
    layer = next((p for p in pieces if p.isdigit()), None)
    key = ".".join("{}" if p == layer else p for p in pieces) if layer is not None else stem
    return names[key].format(layer) + "." + part if key in names else None


def write(path, seed, arch, kind, config, names, types):
    config._attn_implementation = "eager"
    generator = torch.Generator().manual_seed(seed)
    model = kind(config).double().eval()
    writer = gguf.GGUFWriter(path, arch)
    fields(writer, arch, config)
    if getattr(config, "rope_parameters", {}).get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", llama_3_factors(config.rope_parameters))
    matrices = 0
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            theirs = stored_name(names, name)
            one = 1 if "norm" in name and "weight" in name or ".ln_" in name and "weight" in name else 0
            assert theirs, name
            w = (0.4 * torch.randn(parameter.shape, generator=generator) + one).float().numpy()
            there, back = order_of(arch, name)
            w = numpy.ascontiguousarray(there(w))
            packed = types[matrices % len(types)] if w.ndim == 2 and "wpe" not in name else Type.F32
            matrices += w.ndim == 2
            data = gguf.quants.quantize(w, packed)
            writer.add_tensor(theirs, data, raw_dtype=packed)
            parameter.copy_(torch.tensor(back(gguf.quants.dequantize(data, packed)).reshape(parameter.shape)).double())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    tokens = torch.randint(V, (2, 8), generator=generator)
    with torch.no_grad():
        logits = model(tokens).logits
    return {"tokens": tokens.tolist(), "logits": [float(f"{x:.8g}") for x in logits.flatten().tolist()]}


def packed_rows():
    """Two blocks of each number type, as bytes, and what they hold."""
    generator = numpy.random.default_rng(7)
    w = (3 * generator.standard_normal((1, 64))).astype(numpy.float32)
    out = {}
    for kind in (Type.F32, Type.F16, Type.BF16, Type.Q8_0, Type.Q4_0, Type.Q4_1):
        data = gguf.quants.quantize(w, kind)
        out[kind.name] = {"number": int(kind), "bytes": data.tobytes().hex(),
                          "values": gguf.quants.dequantize(data, kind).flatten().astype(float).tolist()}
    return out


def main(folder):
    where = pathlib.Path(folder)
    where.mkdir(parents=True, exist_ok=True)
    made = f"gguf {__import__('importlib.metadata').metadata.version('gguf')}, transformers {transformers.__version__}, PyTorch {torch.__version__}"
    out = {"made with": made, "types": packed_rows(), "models": {}}
    for seed, (name, (arch, kind, config, names, types)) in enumerate(MODELS.items()):
        out["models"][name] = write(where / f"{name}.gguf", seed, arch, kind, config, names, types)
    (where / "golden.json").write_text(json.dumps(out))


main(sys.argv[1])
