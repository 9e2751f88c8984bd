"""One model of the released code, step by step; `training.py` starts it.

``python released_step.py CHECKOUT MODEL BATCH THREADS``. For each line that it reads it makes
one training step with random data and prints its wall and CPU seconds. The networks are
those of the checkout (github.com/SonghaBan/DancingAI). The step is that of its training
script, in the same order and with every pass that it makes; it is written anew here, since
the script can't be imported without its data and a GPU.
"""

import contextlib
import io
import sys
import time
import types

import torch
from torch import nn

# Adam's rates, the losses' weights and the maps' weights are those of the released code.
RATES = {"generator": 3e-4, "local": 3e-4, "whole": 5e-4}
MAPS = (20.0, 5.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
FRAMES = 50
ENCODERS = {"gru": "musicinitpmin", "lstm": "musicinitpminlstm", "original": "gru"}


class ReleasedStep:
    """Networks and optimizers of the released code.

    Parameters
    ----------
    checkout : str
    model : {"gru", "lstm", "original"}
    batch : int
    """

    def __init__(self, checkout, model, batch):
        # It asks for a GPU by name, and imports packages that its networks don't use.
        torch.Tensor.cuda = nn.Module.cuda = lambda self, *_: self
        for name in ("torchvision", "torchvision.transforms", "torchvision.datasets", "openpyxl"):
            sys.modules.setdefault(name, types.ModuleType(name))
        sys.path.insert(0, checkout)
        encoder = ENCODERS[model]
        with contextlib.redirect_stdout(io.StringIO()):
            from model.HCN_D import seq_discriminator
            from model.local_HCN_frame_D import HCN
            from model.pose_decoder import pose_decoder
            from model.pose_generator_norm import Generator
            from net.st_gcn_perceptual import Model

            self.generator, self.local = Generator(batch, encoder), HCN()
            self.whole = seq_discriminator(batch, encoder)
            self.music = pose_decoder(batch, encoder=encoder) if "music" in encoder else None
            graph = {"layout": "openpose", "strategy": "spatial"}
            self.graph = None
            if model == "original":
                self.graph = Model(2, 16, graph, edge_importance_weighting=True).eval()
        self.optimizers = {
            name: torch.optim.Adam(getattr(self, name).parameters(), lr=rate)
            for name, rate in RATES.items()
        }
        self.batch = batch
        self.audio = (torch.rand(batch, FRAMES, 1600) * 1000).transpose(1, 0)
        self.real = torch.rand(batch, FRAMES, 36) - 0.5
        self.initial = self.real.view(batch, FRAMES, 18, 2)[:, 0]

    def __call__(self):
        """Update all networks once."""
        fake = self._update_generator()
        self._update_local(fake)
        self._update_whole(fake)

    def _update_generator(self):
        bce, l1, audio, real = nn.BCELoss(), nn.L1Loss(), self.audio, self.real
        self.generator.train()
        self.optimizers["generator"].zero_grad()
        fake = self.generator(audio, self.initial).contiguous()
        judged = self.local(fake), self.whole(fake, audio)
        loss = sum(bce(scores, torch.ones_like(scores)) for scores in judged)
        loss = loss + 200 * l1(fake, real)
        if self.graph is not None:
            maps = self.graph.extract_feature(fake), self.graph.extract_feature(real)
            loss = loss + sum(w * l1(a, b.detach()) for w, a, b in zip(MAPS, *maps, strict=True))
        if self.music is not None:
            regenerated = self.music.train()(fake)
            features = self.generator.extract_music_features(audio)
            loss = loss + l1(regenerated.detach(), features.detach())
        self.whole.eval()
        maps = self.whole.extract_feature(fake), self.whole.extract_feature(real)
        loss = loss + sum(l1(a, b.detach()) for a, b in zip(*maps, strict=True))
        loss.backward()
        self.optimizers["generator"].step()
        if self.music is not None:
            for poses in (real, fake):
                features = self.generator.extract_music_features(audio)
                l1(self.music(poses), features)
        return fake.detach()

    def _update_local(self, fake):
        self.local.train()
        self.optimizers["local"].zero_grad()
        self._mistakes(self.local(self.real), self.local(fake)).backward()
        self.optimizers["local"].step()

    def _update_whole(self, fake):
        self.whole.train()
        self.optimizers["whole"].zero_grad()
        loss = self._mistakes(self.whole(self.real, self.audio), self.whole(fake, self.audio))
        share = torch.rand(self.batch, 1, 1)
        between = (share * self.real + (1 - share) * fake).requires_grad_()
        audio = self.audio.detach().clone().requires_grad_()
        scores = self.whole(between, audio)
        slope, _ = torch.autograd.grad(
            scores, (between, audio), torch.ones_like(scores), create_graph=True
        )
        norms = slope.view(self.batch, -1).norm(2, dim=1)
        (loss + ((norms - 1) ** 2).mean()).backward()
        self.optimizers["whole"].step()

    @staticmethod
    def _mistakes(real, fake):
        bce = nn.BCELoss()
        return 0.5 * (bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake)))


def main():
    """Make a step for each line read."""
    checkout, model, batch, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    step = ReleasedStep(checkout, model, int(batch))
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        step()
        print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)


if __name__ == "__main__":
    main()
