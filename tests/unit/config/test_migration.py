"""Settings of version 0.1 are read under their present names."""

from pathlib import Path

import pytest

from diffecg.config.io import read_config, to_json
from diffecg.config.presets import preset
from diffecg.errors import DiffecgError

CONFIGS = Path(__file__).parents[2] / "data" / "config-0.1"


@pytest.mark.parametrize("name", ["beat", "paper"])
def test_config_of_version_0_1_reads_as_the_same_settings(name):
    assert read_config(CONFIGS / f"{name}.json") == preset(name)


def test_migration_renames_and_leaves_unknown_keys_to_validation(tmp_path):
    path = tmp_path / "config.json"
    old = (CONFIGS / "beat.json").read_text()
    for text in ('"half_life": 150000', '"matches": 0', '"levels": "karras"', '"filter": 0.4', '"gain": 0.0'):
        assert text in old
    path.write_text(old)
    new = to_json(read_config(path))
    for text in ('"ema_half_life": 150000', '"schedule": "karras"', '"gain_log_std": 0.0'):
        assert text in new
    path.write_text(old.replace('"half_life"', '"half_lives"'))
    with pytest.raises(DiffecgError, match=r"training\.half_lives"):
        read_config(path)


def test_a_model_of_strips_is_refused(tmp_path):
    path = tmp_path / "config.json"
    path.write_text((CONFIGS / "beat.json").read_text().replace('"kind": "beat"', '"kind": "strip"'))
    with pytest.raises(DiffecgError, match=r"models of strips of version 0\.1 cannot be read; mitbih-strip"):
        read_config(path)


@pytest.mark.parametrize("content", ["[]", "5", '{"training": 5}', '{"transform": {"layout": ["picture"]}}'])
def test_content_of_another_shape_is_refused(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(DiffecgError, match=r"config\.json"):
        read_config(path)
