"""The forward pass of forward.mjs in PyTorch, eager, as a child (protocol: competitor.mjs): a Llama as it is usually written."""
import json
import sys
import time

from pytorch_step import blas, torch

nn, F = torch.nn, torch.nn.functional


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.kv, self.d_head = c["nHeads"], c["nKeyValueHeads"], c["dHead"]
        linear = lambda inputs, outputs: nn.Linear(inputs, outputs, bias=False)
        d = c["dModel"]
        self.norm1, self.norm2 = nn.RMSNorm(d, 1e-5), nn.RMSNorm(d, 1e-5)
        self.q, self.o = linear(d, self.heads * self.d_head), linear(self.heads * self.d_head, d)
        self.k, self.v = linear(d, self.kv * self.d_head), linear(d, self.kv * self.d_head)
        self.gate, self.up, self.down = linear(d, c["dMlp"]), linear(d, c["dMlp"]), linear(c["dMlp"], d)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        split = lambda y, heads: y.view(batch, length, heads, self.d_head).transpose(1, 2)
        rotate = lambda y: y * cos + torch.cat([-y[..., self.d_head // 2 :], y[..., : self.d_head // 2]], -1) * sin
        y = self.norm1(x)
        q, k, v = rotate(split(self.q(y), self.heads)), rotate(split(self.k(y), self.kv)), split(self.v(y), self.kv)
        k, v = (t.repeat_interleave(self.heads // self.kv, 1) for t in (k, v))
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(z.transpose(1, 2).reshape(batch, length, -1))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Llama(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embed = nn.Embedding(c["dVocab"], c["dModel"])
        self.layers = nn.ModuleList(Layer(c) for _ in range(c["nLayers"]))
        self.norm = nn.RMSNorm(c["dModel"], 1e-5)
        half = torch.arange(0, c["dHead"], 2) / c["dHead"]
        angles = torch.arange(c["length"])[:, None] * c["rotaryBase"] ** -half
        angles = torch.cat([angles, angles], -1)
        self.cos, self.sin = angles.cos(), angles.sin()
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)

    def forward(self, tokens):
        x = self.embed(tokens)
        for layer in self.layers:
            x = layer(x, self.cos, self.sin)
        return self.norm(x) @ self.embed.weight.T


cell = json.loads(sys.argv[1])
torch.set_num_threads(cell["threads"])
torch.set_num_interop_threads(1)
torch.manual_seed(0)
model = Llama(cell).eval()
tokens = torch.randint(cell["dVocab"], (cell["sequences"], cell["length"]))


@torch.no_grad()
def step():
    return F.cross_entropy(model(tokens)[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()).item()


say = lambda record: print(json.dumps(record), flush=True)
say({"ready": True, "version": f"PyTorch {torch.__version__}", "build": blas(), "firstLoss": step()})
for line in sys.stdin:
    steps = json.loads(line)["steps"]
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(steps):
        loss = step()
    say({"steps": steps, "seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu, "loss": loss})
