"""The reference step in PyTorch at its best, as a child of run.mjs (protocol: competitor.mjs).

Settings that tuning.mjs searches: attention "bmm" or "sdpa", optimizer "foreach" or "fused", compile "off", "default" or
"cppWrapper".
"""
from pytorch_step import adam_w, main, torch

nn, F = torch.nn, torch.nn.functional


class Transformer(nn.Module):
    """Attention-only, no biases, untied. Q, K and V are one product, which is PyTorch's fastest way to write it."""

    def __init__(self, cell):
        super().__init__()
        context, d_model, layers = cell["context"], cell["dModel"], cell["layers"]
        weight = lambda *shape: nn.Parameter(torch.randn(*shape) * cell["initialStd"])
        norm = lambda: nn.LayerNorm(d_model, eps=cell["eps"]) if cell["layerNorm"] else nn.Identity()
        self.heads, self.d_head, self.layers = cell["heads"], cell["dHead"], layers
        self.W_E = weight(cell["vocabulary"], d_model)
        self.W_pos = weight(context, d_model)
        self.W_QKV = nn.ParameterList([weight(d_model, 3 * d_model) for _ in range(layers)])
        self.W_O = nn.ParameterList([weight(d_model, d_model) for _ in range(layers)])
        self.W_U = weight(d_model, cell["vocabulary"])
        self.norms = nn.ModuleList([norm() for _ in range(layers + 1)])
        self.sdpa = cell["attention"] == "sdpa"
        self.register_buffer("mask", torch.triu(torch.full((context, context), float("-inf")), 1))

    def attend(self, q, k, v):
        """[batch, head, pos, dHead] each, to [batch, pos, dModel]."""
        batch, heads, context, d_head = q.shape
        if self.sdpa:
            z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            q, k, v = (t.reshape(batch * heads, context, d_head) for t in (q, k, v))
            mask = self.mask.expand(batch * heads, context, context)
            scores = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=d_head**-0.5)
            z = torch.bmm(torch.softmax(scores, -1), v).view(batch, heads, context, d_head)
        return z.transpose(1, 2).reshape(batch, context, heads * d_head)

    def forward(self, tokens):
        batch, context = tokens.shape
        x = F.embedding(tokens, self.W_E) + self.W_pos
        for layer in range(self.layers):
            qkv = self.norms[layer](x) @ self.W_QKV[layer]
            q, k, v = qkv.view(batch, context, 3, self.heads, self.d_head).permute(2, 0, 3, 1, 4)
            x = x + self.attend(q, k, v) @ self.W_O[layer]
        return self.norms[self.layers](x) @ self.W_U


def make(cell):
    model = Transformer(cell)

    def loss_of(tokens):
        logits = model(tokens[:, :-1])
        return F.cross_entropy(logits.reshape(-1, cell["vocabulary"]), tokens[:, 1:].reshape(-1))

    if cell["compile"] != "off":
        options = {"cpp_wrapper": True} if cell["compile"] == "cppWrapper" else None
        loss_of = torch.compile(loss_of, dynamic=False, options=options)
    return loss_of, adam_w(model, cell, **{cell["optimizer"]: True})


main(make)
