"""Tiny random models of the real classes, in diffusers format, made once per test run."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import liveanim

FLOW = {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 1.0}
EPSILON = {
    "_class_name": "EulerDiscreteScheduler",
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "epsilon",
}
LENGTH, WIDTH = 12, 32


def write_tokenizer(folder: Path) -> int:
    """A CLIP tokenizer that knows single letters; returns the size of its vocabulary."""
    folder.mkdir(parents=True)
    letters = [chr(code) for code in range(33, 127)]
    pieces = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    settings = {**special, "pad_token": "<|endoftext|>", "tokenizer_class": "CLIPTokenizer", "model_max_length": LENGTH}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return len(pieces)


def write_text_encoder(folder: Path, vocabulary: int, projected: bool = False) -> None:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=LENGTH,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=vocabulary - 1,
    )
    (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).save_pretrained(folder)


def write_networks(folder: Path, cross: int, channels: int = 4, **more: Any) -> None:
    from diffusers import AutoencoderTiny, UNet2DConditionModel

    unet: Any = UNet2DConditionModel(
        sample_size=8,
        in_channels=channels,
        out_channels=channels,
        layers_per_block=1,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=cross,
        attention_head_dim=2,
        norm_num_groups=8,
        **more,
    )
    unet.save_pretrained(folder / "unet")
    vae: Any = AutoencoderTiny(
        encoder_block_out_channels=(16,) * 4,
        decoder_block_out_channels=(16,) * 4,
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
    )
    vae.save_pretrained(folder / "vae")


def write_model(folder: Path, scheduler: dict[str, Any], channels: int = 4) -> Path:
    torch.manual_seed(5)
    vocabulary = write_tokenizer(folder / "tokenizer")
    write_text_encoder(folder / "text_encoder", vocabulary)
    write_networks(folder, WIDTH, channels)
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler))
    return folder


@pytest.fixture(scope="session")
def flow_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "flow", FLOW)


@pytest.fixture(scope="session")
def packed_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A UNet that sees squares of 2 x 2 latents as one."""
    return write_model(tmp_path_factory.mktemp("models") / "packed", FLOW, 16)


@pytest.fixture(scope="session")
def epsilon_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "epsilon", EPSILON)


@pytest.fixture(scope="session")
def xl_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shape of SDXL: two text encoders, a pooled embedding, the picture's size as an input."""
    folder = tmp_path_factory.mktemp("models") / "xl"
    torch.manual_seed(6)
    for number, projected in (("", False), ("_2", True)):
        vocabulary = write_tokenizer(folder / f"tokenizer{number}")
        write_text_encoder(folder / f"text_encoder{number}", vocabulary, projected)
    write_networks(
        folder,
        2 * WIDTH,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=WIDTH + 6 * 8,
    )
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(EPSILON))
    return folder


@pytest.fixture(scope="session")
def lora(epsilon_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    peft = pytest.importorskip("peft")
    from diffusers import UNet2DConditionModel

    torch.manual_seed(11)
    unet: Any = UNet2DConditionModel.from_pretrained(epsilon_model / "unet")
    config = peft.LoraConfig(r=4, lora_alpha=4, init_lora_weights="gaussian", target_modules=["to_q", "to_v", "conv1"])
    unet.add_adapter(config)
    for name, value in unet.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=0.3)
    folder = tmp_path_factory.mktemp("lora")
    unet.save_lora_adapter(folder)
    return next(folder.glob("*.safetensors"))


@pytest.fixture(scope="session")
def control(epsilon_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from diffusers import ControlNetModel, UNet2DConditionModel

    torch.manual_seed(12)
    unet: Any = UNet2DConditionModel.from_pretrained(epsilon_model / "unet")
    network: Any = ControlNetModel.from_unet(unet, conditioning_channels=3)
    for name, value in network.named_parameters():
        if "controlnet" in name:
            torch.nn.init.normal_(value, std=0.1)
    folder = tmp_path_factory.mktemp("control")
    network.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def depth_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Depth Anything with random weights."""
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

    torch.manual_seed(3)
    make: Any = Dinov2Config
    backbone = make(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, image_size=56, patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"], reshape_hidden_states=False,
    )  # fmt: skip
    config = DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=16, patch_size=14, neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8, head_hidden_size=8,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("models") / "depth"
    DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text('{"image_mean": [0.5, 0.5, 0.5], "ensure_multiple_of": 14}')
    return folder


@pytest.fixture(scope="session")
def finder_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny CLIPSeg with random weights and ember's tokenizer."""
    from transformers import CLIPSegConfig, CLIPSegForImageSegmentation, CLIPTokenizer

    torch.manual_seed(3)
    tokenizer: Any = CLIPTokenizer.from_pretrained(
        str(Path(liveanim.__file__).parent / "models" / "ember" / "tokenizer")
    )
    small = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32}
    config: Any = CLIPSegConfig(
        text_config={
            **small, "num_hidden_layers": 2, "vocab_size": len(tokenizer), "max_position_embeddings": 32,
            "eos_token_id": tokenizer.eos_token_id,
        },
        vision_config={**small, "num_hidden_layers": 3, "image_size": 64, "patch_size": 16},
        projection_dim=16, reduce_dim=16, extract_layers=[0, 1, 2], decoder_num_attention_heads=2,
        decoder_intermediate_size=32,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("models") / "clipseg"
    CLIPSegForImageSegmentation(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_reader(folder: Path, layers: int = 30) -> None:
    """A Qwen3 text encoder and its tokenizer, which knows single bytes."""
    from tokenizers import pre_tokenizers
    from transformers import Qwen3Config, Qwen3ForCausalLM

    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "tokenizer" / "vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
    (folder / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    special = {"pad_token": pieces[-3], "eos_token": pieces[-1], "additional_special_tokens": pieces[-2:]}
    settings = {"tokenizer_class": "Qwen2Tokenizer", **special}
    (folder / "tokenizer" / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "tokenizer" / "chat_template.jinja").write_text(
        "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% if not enable_thinking %}<think>\n\n</think>\n\n"
        "{% endif %}{% endif %}"
    )
    config = Qwen3Config(
        vocab_size=len(pieces),
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=4,
        tie_word_embeddings=True,
    )
    Qwen3ForCausalLM(config).save_pretrained(folder / "text_encoder", max_shard_size="20KB")


@pytest.fixture(scope="session")
def flux_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shape of FLUX.2 klein: a transformer, latents of 2 x 2 normalised, a language model, shards."""
    from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel

    folder = tmp_path_factory.mktemp("models") / "flux"
    torch.manual_seed(7)
    write_reader(folder)
    transformer: Any = Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=3 * 8,
        timestep_guidance_channels=32,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )
    transformer.save_pretrained(folder / "transformer", max_shard_size="40KB")
    vae: Any = AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4, sample_size=64
    )
    torch.nn.init.normal_(vae.bn.running_mean, 0.0, 0.3)
    torch.nn.init.uniform_(vae.bn.running_var, 0.2, 2.0)
    vae.save_pretrained(folder / "vae")
    (folder / "scheduler").mkdir()
    shifted = {**FLOW, "shift": 3.0, "use_dynamic_shifting": True, "time_shift_type": "exponential"}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(shifted))
    return folder
