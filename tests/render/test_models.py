import shutil
from fnmatch import fnmatch
from pathlib import Path

import pytest
import torch

from liveanim.core.errors import UserError
from liveanim.render import models
from liveanim.render.load import Options, best_device, load, load_or_ember


def test_the_default_model_follows_the_machine() -> None:
    assert models.default_model(cuda=True) == "sd-turbo"
    assert models.default_model(cuda=False) == "ember"


def test_an_unknown_name_lists_the_near_ones() -> None:
    with pytest.raises(UserError, match="did you mean: ember"):
        models.find("embr")


def test_a_folder_is_a_model(flow_model: Path) -> None:
    spec = models.find(str(flow_model))
    assert spec.name == "flow" and spec.size == 64
    assert models.folder_of(spec) == flow_model.resolve()


def test_a_folder_without_a_model_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected a diffusers folder"):
        models.find(str(tmp_path))


def copied(source: Path, to: Path) -> Path:
    return Path(shutil.copytree(source, to / "copy"))


def test_pickled_weights_are_refused_unless_asked_for(flow_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    folder = copied(flow_model, tmp_path)
    weights = folder / "vae" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(UserError, match="--allow-pickle"):
        _ = models.Parts(models.find(str(folder))).vae
    assert models.Parts(models.find(str(folder)), allow_pickle=True).vae is not None


def test_missing_weights_and_settings_are_named(flow_model: Path, tmp_path: Path) -> None:
    folder = copied(flow_model, tmp_path)
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(UserError, match="no weights"):
        _ = models.Parts(models.find(str(folder))).unet
    (folder / "scheduler" / "scheduler_config.json").write_text("{")
    with pytest.raises(UserError, match="is not JSON"):
        _ = models.Parts(models.find(str(folder))).scheduler


def test_without_network_a_hub_model_is_one_line_of_advice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    spec = models.ModelSpec("far", "nobody/nothing-at-all")
    with pytest.raises(UserError, match="connect once") as caught:
        models.folder_of(spec)
    assert "\n" not in str(caught.value)


def test_an_engine_that_does_not_exist_is_named(flow_model: Path) -> None:
    with pytest.raises(UserError, match="did you mean: torch"):
        load(str(flow_model), options=Options(engine="torhc"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA GPU")
def test_a_gpu_that_is_not_there_is_said() -> None:
    assert best_device("cpu") == "cpu"
    with pytest.raises(UserError, match="no CUDA GPU"):
        best_device("cuda")


def test_ember_plays_when_the_model_asked_for_cannot_be_had(
    flow_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ember = models.ModelSpec("ember", str(flow_model))
    monkeypatch.setattr("liveanim.render.load.find", lambda name: ember if name == "ember" else models.find(name))
    renderer, message = load_or_ember("emberr", options=Options(device="cpu", engine="torch"))
    assert renderer.name == "ember"
    assert "unknown model 'emberr'" in message and message.endswith("ember plays instead")
    assert renderer.message == message and message in caplog.text


def test_weights_of_the_hub_are_asked_for_by_their_own_names() -> None:
    small, plain = models._hub_files(models.MODELS["sd-turbo"]), models._hub_files(models.MODELS["sdxs"])
    assert "unet/diffusion_pytorch_model.fp16.safetensors" in small and "text_encoder/model.fp16.safetensors" in small
    assert not any(name.startswith("vae/") for name in small)
    assert {"unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors"} <= set(plain)


def test_weights_in_pieces_are_fetched_and_those_of_the_whole_model_in_one_file_are_not() -> None:
    patterns = models._hub_files(models.MODELS["flux2-klein"])
    files = {
        name: any(fnmatch(name, pattern) for pattern in patterns)
        for name in (
            "flux-2-klein-4b.safetensors",
            "transformer/diffusion_pytorch_model.safetensors",
            "text_encoder/model-00001-of-00002.safetensors",
            "text_encoder/model.safetensors.index.json",
            "vae/diffusion_pytorch_model.safetensors",
            "tokenizer/chat_template.jinja",
            "tokenizer/merges.txt",
            "scheduler/scheduler_config.json",
        )
    }
    assert [name for name, fetched in files.items() if not fetched] == ["flux-2-klein-4b.safetensors"]


@pytest.mark.parametrize("lost", ["", "text_encoder/model-00002-of-00003.safetensors", "vae/*.safetensors"])
def test_a_fetch_that_was_broken_off_is_gone_on_with(
    flux_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    asked = []
    folder = copied(flux_model, tmp_path)
    for path in folder.glob(lost) if lost else ():
        path.unlink()

    def snapshot(repository: str, local_files_only: bool = False, **_: object) -> str:
        asked.append(local_files_only)
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    monkeypatch.setattr(models, "_hub_answers", lambda: True)
    assert models.folder_of(models.MODELS["flux2-klein"]) == folder
    assert asked == ([True, False] if lost else [True])


def test_networks_that_are_let_go_are_loaded_again(flow_model: Path) -> None:
    parts = models.Parts(models.find(str(flow_model)))
    first = parts.unet
    assert parts.unet is first
    parts.forget("unet", "vae")
    again = parts.unet
    assert again is not first and all(map(torch.equal, again.parameters(), first.parameters()))
