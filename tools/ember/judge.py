"""A small classifier of motifs, trained on drawn pictures alone, that judges what the model paints.

Pictures are brought to SIDE x SIDE. Its last hidden layer (FEATURES numbers) is what picture distances are measured in.
"""

from __future__ import annotations

import itertools
import logging
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .drawing import COMPOSITIONS, MOTIFS, Spec, draw
from .nets import precision
from .palettes import PALETTES
from .styles import STYLES

logger = logging.getLogger("ember")
SIDE = 64
FEATURES = 48
DRAWN = 96
EACH, HELD_OUT = 300, 25
SHIFT = 5  # pixels of SIDE
EPOCHS = 14
NAMES = list(MOTIFS)


class Judge(nn.Module):
    """Pictures (B, 3, H, W) 0..1 to motif scores (B, motifs); `features` gives (B, FEATURES)."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 128, 128)
        layers: list[nn.Module] = []
        for inside, outside in itertools.pairwise(widths):
            layers += [nn.Conv2d(inside, outside, 3, 2, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()]
            layers += [nn.Conv2d(outside, outside, 3, 1, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.hidden = nn.Linear(2 * widths[-1], FEATURES)
        self.last = nn.Linear(FEATURES, len(NAMES))

    def features(self, pictures: Tensor) -> Tensor:
        """(B, FEATURES): means and peaks over the picture, mixed."""
        x = self.body(F.interpolate(pictures, size=(SIDE, SIDE), mode="area") * 2 - 1)
        return torch.relu(self.hidden(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.last(self.features(pictures))


def examples(each: int, seed: int) -> tuple[Tensor, Tensor]:
    """`each` drawn pictures per motif (B, 3, SIDE, SIDE) uint8 and motif numbers (B,), mostly plain in style."""
    generator = torch.Generator().manual_seed(seed)

    def pick(names: list[str], plain: float) -> str:
        if float(torch.rand((), generator=generator)) < plain:
            return "plain"
        return names[int(torch.randint(0, len(names), (), generator=generator))]

    pictures, labels = [], []
    for number, motif in enumerate(NAMES):
        for _ in range(each):
            spec = Spec(
                motif,
                pick(list(PALETTES), 0.0),
                pick(list(STYLES), 0.6),
                pick(list(COMPOSITIONS), 0.8),
                int(torch.randint(0, 2**31 - 1, (), generator=generator)),
            )
            pictures.append((F.interpolate(draw([spec], DRAWN), size=(SIDE, SIDE), mode="area") * 255).byte())
            labels.append(number)
    return torch.cat(pictures), torch.tensor(labels)


def worse(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures shifted, tinted and noisy, some mirrored, some blurred, so that small flaws do not decide."""
    if float(torch.rand((), generator=generator)) < 0.5:
        pictures = pictures.flip(-1)
    if float(torch.rand((), generator=generator)) < 0.4:
        pictures = F.interpolate(F.avg_pool2d(pictures, 2), scale_factor=2.0, mode="bilinear")
    pictures = pictures + 0.03 * torch.randn(pictures.shape, generator=generator)
    top, left = torch.randint(0, 2 * SHIFT + 1, (2,), generator=generator).tolist()
    pictures = F.pad(pictures, (SHIFT,) * 4, mode="reflect")[:, :, top : top + SIDE, left : left + SIDE]
    return pictures * (0.8 + 0.4 * torch.rand((len(pictures), 3, 1, 1), generator=generator))


def trained(seed: int = 99) -> tuple[Judge, float]:
    """A new judge and its accuracy 0..1 on drawn pictures that it has not seen."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    pictures, labels = examples(EACH, seed)
    judge = Judge().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(judge.parameters(), 2e-3, weight_decay=0.05)
    steps = EPOCHS * (len(labels) // 64)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(labels), generator=generator)[: len(labels) // 64 * 64].split(64):
            x = worse(pictures[rows].float() / 255, generator).contiguous(memory_format=torch.channels_last)
            with precision("cpu"):
                scores = judge(x)
            loss = F.cross_entropy(scores.float(), labels[rows], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    judge.eval()
    unseen, answers = examples(HELD_OUT, seed + 1)
    return judge, top1(judge, unseen.float() / 255, answers)


@torch.no_grad()
def top1(judge: Judge, pictures: Tensor, answers: Tensor) -> float:
    """Share 0..1 of pictures whose motif the judge names."""
    return float((judge(pictures).argmax(1) == answers).float().mean())


def known(folder: Path) -> tuple[Judge, float]:
    """The judge kept in `folder`, trained first if there is none that fits (some minutes)."""
    path = folder / f"judge_{len(NAMES)}_{SIDE}_{FEATURES}_{EACH}.pt"
    if path.exists():
        kept = torch.load(path, weights_only=True)
        judge = Judge()
        judge.load_state_dict(kept["judge"])
        return judge.eval(), float(kept["accuracy"])
    logger.info("training the judge, once")
    judge, accuracy = trained()
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"judge": judge.state_dict(), "accuracy": accuracy}, path)
    return judge, accuracy


def frechet(a: Tensor, b: Tensor) -> float:
    """Frechet distance of two sets of features (B, FEATURES), as if each were normally distributed."""
    a, b = a.double(), b.double()
    mean = (a.mean(0) - b.mean(0)).square().sum()
    one, two = torch.cov(a.T), torch.cov(b.T)
    values = torch.linalg.eigvals(one @ two).real.clamp(min=0.0)
    return float(mean + one.trace() + two.trace() - 2 * values.sqrt().sum())
