from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, Keyframe, Layer
from liveanim.outputs.depthmaps import DepthMaps


def blend(index: int, near: float | None) -> Blend:
    depth = None if near is None else np.full((6, 10), near, np.float32)
    return Blend(0.0, (Layer(Keyframe(index, 0.0, np.zeros((24, 40, 3), np.uint8), depth=depth), 1.0, np.eye(3)),))


def test_every_keyframe_with_depth_is_written_once(tmp_path: Path) -> None:
    maps = DepthMaps(tmp_path / "maps")
    for each in (Blend(0.0), blend(0, None), blend(1, 1.0), blend(1, 1.0), blend(2, 0.5)):
        maps.write(each, 0.0)
    files = sorted(path.name for path in (tmp_path / "maps").iterdir())
    assert files == ["depth_000001.png", "depth_000002.png"]
    one, two = (Pictures.open(tmp_path / "maps" / name) for name in files)
    assert one.size == (40, 24) and one.getextrema() == (255, 255) and two.getextrema() == (128, 128)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write depth maps there"):
        DepthMaps(tmp_path / "file" / "maps")
