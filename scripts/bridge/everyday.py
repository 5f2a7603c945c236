"""TransformerLens's side of "twenty everyday things" in docs/transformerlens.md: everyday.py FOLDER.

FOLDER/everyday.json has the lines before the table, the rows' expressions and the tokens; model/ is the model. What each row gives is
written to FOLDER/everyday.safetensors by the row's number.
"""
import json
import os
import sys

import torch
from safetensors.torch import load_file, save_file
from transformer_lens import HookedTransformer, HookedTransformerConfig, patching
from transformer_lens.utilities import lm_cross_entropy_loss

torch.set_num_threads(1)
os.chdir(sys.argv[1])
given = json.load(open("everyday.json"))
scope = dict(json=json, torch=torch, load_file=load_file, HookedTransformer=HookedTransformer, HookedTransformerConfig=HookedTransformerConfig,
             patching=patching, lm_cross_entropy_loss=lm_cross_entropy_loss, **{name: torch.tensor(given[name]) for name in ("tokens", "other", "wrong")})
exec(given["setUp"], scope)
found = {str(i): torch.as_tensor(eval(there, scope)).detach().double().contiguous().clone() for i, there in enumerate(given["there"])}
save_file(found, "everyday.safetensors")
