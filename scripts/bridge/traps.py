"""Traps in TransformerLens 3.9, measured: traps.py FOLDER, where written/ is the induction circuit as convert writes it. Prints JSON."""
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformer_lens import HookedTransformer, HookedTransformerConfig
from transformer_lens.head_detector import compute_head_attention_similarity_score, get_induction_head_detection_pattern

torch.set_num_threads(1)


def drawn(d_vocab, d_model):
    cfg = HookedTransformerConfig(n_layers=2, n_heads=2, d_model=d_model, d_head=6, n_ctx=12, d_vocab=d_vocab, attn_only=True, normalization_type="LN", seed=1)
    model = HookedTransformer(cfg)
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        with torch.no_grad():
            parameter.copy_(0.4 * torch.randn(parameter.shape, generator=generator) + (1 if name.endswith(".w") else 0))
    return model


def folding_is_off(d_vocab, d_model):
    """The largest change of a log probability by the folding that from_pretrained does unless told."""
    model = drawn(d_vocab, d_model)
    tokens = torch.arange(11)[None] % d_vocab
    with torch.no_grad():
        before = model(tokens).log_softmax(-1)
        model.load_and_process_state_dict(model.state_dict())
        return (model(tokens).log_softmax(-1) - before).abs().max().item()


def composition(fold):
    model = drawn(37, 20)
    if fold:
        model.process_weights_(center_writing_weights=False, center_unembed=False)
    return model.all_composition_scores("K")[0, :, 1]


def written(folder):
    cfg = HookedTransformerConfig.from_dict(json.loads((folder / "config.json").read_text()))
    model = HookedTransformer(cfg)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model


def main(folder):
    model = written(pathlib.Path(folder) / "written")
    tokens = torch.tensor([[0, 3, 1, 5, 2, 4] * 2])
    _, cache = model.run_with_cache(tokens)
    pattern = cache["pattern", 1][0, 0]
    score = compute_head_attention_similarity_score(
        pattern, detection_pattern=get_induction_head_detection_pattern(tokens), exclude_bos=False, exclude_current_token=False, error_measure="mul"
    )
    calls = []
    drawn(37, 20).run_with_hooks(tokens, fwd_hooks=[("blocks.0.ln1.hook_normalized", lambda x, hook: calls.append(hook.name))])
    unknown = "refused"
    try:
        with model.hooks(fwd_hooks=[(lambda name: name == "blocks.0.attn.hook_patern", lambda x, hook: x * 0)]):
            unknown = (model(tokens) - model.run_with_cache(tokens)[0]).abs().max().item()
    except Exception as error:
        unknown = type(error).__name__
    print(json.dumps({
        "folding20": folding_is_off(20, 20),
        "folding37": folding_is_off(37, 20),
        "composition": (composition(True) - composition(False)).abs().max().item(),
        "induction": score,
        "stripe": pattern.diagonal(1 - 6)[1:-1].mean().item(),
        "ln1Calls": len(calls),
        "unknownHook": unknown,
    }))


main(sys.argv[1])
