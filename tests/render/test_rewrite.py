from typing import Any

import pytest
import torch
from diffusers import AutoencoderTiny
from diffusers.models.unets.unet_2d_blocks import AutoencoderTinyBlock
from torch import Tensor, nn

from liveanim.render.rewrite import rewritten
from liveanim.render.unets import _Decode, _Encode


def dice(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def conv(inside: int, outside: int, bias: bool = True, stride: int = 1) -> nn.Conv2d:
    torch.manual_seed(inside + outside)
    return nn.Conv2d(inside, outside, 3, stride, 1, bias=bias).requires_grad_(False)


def doubled() -> nn.Upsample:
    return nn.Upsample(scale_factor=2, mode="nearest")


def kinds(layers: nn.Sequential) -> list[str]:
    return [type(layer).__name__ for layer in layers]


def test_a_doubled_picture_through_two_convolutions_is_one_at_half_the_size() -> None:
    layers = [doubled(), conv(8, 8, bias=False), conv(8, 3)]
    made, picture = rewritten(layers), dice(1, 8, 10, 14)
    whole, own = nn.Sequential(*layers)(picture), made(picture)
    assert kinds(made) == ["Sequential"] and own.shape == whole.shape == (1, 3, 20, 28)
    assert float((own - whole)[..., 1:-1, 1:-1].abs().max()) < 1e-5


def test_a_convolution_before_one_of_stride_two_is_one_of_five_by_five() -> None:
    layers = [conv(3, 8), conv(8, 6, bias=False, stride=2)]
    made, picture = rewritten(layers), dice(1, 3, 12, 18)
    whole, own = nn.Sequential(*layers)(picture), made(picture)
    assert kinds(made) == ["Conv2d"] and own.shape == whole.shape == (1, 6, 6, 9)
    assert float((own - whole)[..., 1:, 1:].abs().max()) < 1e-5


@pytest.mark.parametrize("bias", [False, True])
def test_a_doubled_picture_through_one_convolution_is_the_same_to_its_edges(bias: bool) -> None:
    layers = [doubled(), conv(8, 5, bias=bias), nn.ReLU()]
    made, picture = rewritten(layers), dice(1, 8, 7, 9)
    assert kinds(made) == ["ConvTranspose2d", "ReLU"]
    assert torch.allclose(made(picture), nn.Sequential(*layers)(picture), atol=1e-5)


def test_what_does_not_fit_is_left_alone() -> None:
    layers = [
        nn.Upsample(scale_factor=2, mode="bilinear"), conv(4, 4), nn.ReLU(), conv(4, 4), nn.ReLU(),
        nn.Conv2d(4, 4, 3, 2, 1, groups=2), nn.Upsample(scale_factor=3), conv(4, 4),
    ]  # fmt: skip
    assert list(rewritten(layers)) == layers


def test_half_precision_stays_half_precision() -> None:
    layers = [doubled(), conv(8, 8, bias=False).half(), conv(8, 3).half()]
    assert {weight.dtype for weight in rewritten(layers).parameters()} == {torch.float16}


@pytest.mark.parametrize(("first", "last"), [(0, 0), (1, 1)])
def test_a_small_autoencoder_codes_and_decodes_as_before(first: int, last: int) -> None:
    torch.manual_seed(3)
    vae: Any = AutoencoderTiny(
        encoder_block_out_channels=(8,) * 4,
        decoder_block_out_channels=(8,) * 4,
        num_encoder_blocks=(first, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, last),
    )
    vae.eval().requires_grad_(False)
    picture = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    latents = vae.encode(picture * 2 - 1).latents * vae.config.scaling_factor
    # What the outermost ring of pixels says fades out toward the middle of the latents.
    assert float((_Encode(vae, 1)(picture) - latents)[..., 4:, 4:].abs().max()) < 1e-4
    whole = (vae.decode(latents / vae.config.scaling_factor).sample * 0.5 + 0.5).clamp(0, 1)
    own = _Decode(vae, 1)(latents)
    assert own.shape == picture.shape
    assert float((own - whole)[..., 1:-1, 1:-1].abs().max()) < 1e-5
    assert float((own - whole).abs().max()) < (1e-5 if last else 0.05)


@pytest.mark.parametrize(
    ("silent", "widths"),
    [((0, 0), [32, 32, 32]), ((3, 9), [32, 24, 32]), ((20, 24), [16, 8, 32]), ((32, 32), []), ((0, 32), [])],
)
def test_channels_that_weights_keep_at_nought_are_left_out_of_a_block(
    silent: tuple[int, int], widths: list[int]
) -> None:
    block = a_block(32)
    for layer, count in zip(block.conv[::2], silent, strict=False):
        layer.weight[:count], layer.bias[:count] = 0, -0.1
    (made,), picture = rewritten([block]), dice(1, 32, 10, 14)
    assert float((made(picture) - block(picture)).abs().max()) < 1e-5
    assert [layer.out_channels for layer in made.modules() if isinstance(layer, nn.Conv2d)] == widths


@pytest.mark.parametrize("silent", [12, 16])
def test_a_channel_that_is_the_same_everywhere_is_not_left_out(silent: int) -> None:
    block = a_block(16)
    block.conv[0].weight[:silent], block.conv[0].bias[:silent] = 0, 0.5
    (made,), picture = rewritten([block]), dice(1, 16, 8, 8)
    assert made is block and torch.equal(made(picture), block(picture))


def test_a_block_whose_first_convolution_is_silent_and_the_second_not_stays() -> None:
    block = a_block(16)
    block.conv[0].weight[:], block.conv[0].bias[:] = 0, 0
    block.conv[2].bias[:] = 0.5
    assert rewritten([block])[0] is block


def a_block(width: int) -> Any:
    torch.manual_seed(width)
    return AutoencoderTinyBlock(width, width, "relu").requires_grad_(False)
