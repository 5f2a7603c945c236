"""The reference step in PyTorch as a user would write it, as a child of run.mjs (protocol: competitor.mjs).

Eager, from PyTorch's own layers, with its own choice of everything that has a default; nothing is compiled or searched.
"""
from pytorch_step import adam_w, main, torch

nn, F = torch.nn, torch.nn.functional


class Attention(nn.Module):
    def __init__(self, d_model, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(d_model, d_model, bias=False)
        self.key = nn.Linear(d_model, d_model, bias=False)
        self.value = nn.Linear(d_model, d_model, bias=False)
        self.output = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x):
        batch, context, d_model = x.shape
        split = lambda y: y.view(batch, context, self.heads, -1).transpose(1, 2)  # [batch, head, pos, dHead]
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.output(z.transpose(1, 2).reshape(batch, context, d_model))


class Transformer(nn.Module):
    """Attention-only, no biases, untied."""

    def __init__(self, cell):
        super().__init__()
        d_model, layers = cell["dModel"], range(cell["layers"])
        norm = lambda: nn.LayerNorm(d_model, eps=cell["eps"]) if cell["layerNorm"] else nn.Identity()
        self.embed = nn.Embedding(cell["vocabulary"], d_model)
        self.position = nn.Embedding(cell["context"], d_model)
        self.norms = nn.ModuleList(norm() for _ in layers)
        self.attention = nn.ModuleList(Attention(d_model, cell["heads"]) for _ in layers)
        self.final_norm = norm()
        self.unembed = nn.Linear(d_model, cell["vocabulary"], bias=False)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=cell["initialStd"])

    def forward(self, tokens):
        x = self.embed(tokens) + self.position(torch.arange(tokens.shape[1]))
        for norm, attention in zip(self.norms, self.attention):
            x = x + attention(norm(x))
        return self.unembed(self.final_norm(x))


def make(cell):
    model = Transformer(cell)

    def loss_of(tokens):
        logits = model(tokens[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

    return loss_of, adam_w(model, cell)


main(make)
