"""A checkpoint on disk: which files are read, and that a bad one ends in one clear line."""

import json
import os
from pathlib import Path

import pytest

from llamafleet.catalogue import catalogue
from llamafleet.cli.files import BadInput
from llamafleet.cli.weights import LARGEST_JSON, read_weights
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.checkpoint import OwnWeights
from planning.sizing.checkpoint.published import CONFIGS, Json, compressed, config

VARIANT = "llama-3.2-1b"
BF16 = 2_471_628_800
"""Bytes of Llama 3.2 1B in bfloat16."""


def read(path: Path, variant: str = VARIANT) -> OwnWeights:
    known = catalogue()
    return read_weights(path, known.models[variant], known)


def bad_input(path: Path) -> str:
    with pytest.raises(BadInput) as refused:
        read(path)
    return str(refused.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a config.json and nothing else."""
    return with_config(tmp_path, CONFIGS[VARIANT])


def with_config(folder: Path, content: Json) -> Path:
    (folder / "config.json").write_text(json.dumps(content))
    return folder


def with_index(folder: Path, total: int) -> None:
    content = {"metadata": {"total_size": total}, "weight_map": {"model.norm.weight": "model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(content))


def with_safetensors(folder: Path, name: str, sizes: dict[str, int], missing: int = 0) -> Path:
    """A safetensors file with tensors of these bytes; its end is a hole, so that it takes no room on disk."""
    header: Json = {"__metadata__": {"format": "pt"}}
    end = 0
    for tensor, size in sizes.items():
        header[tensor] = {"dtype": "BF16", "shape": [size // 2], "data_offsets": [end, end + size]}
        end += size
    return raw_safetensors(folder / name, json.dumps(header).encode(), end - missing)


def raw_safetensors(file: Path, header: bytes, stored: int, length: int | None = None) -> Path:
    said = len(header) if length is None else length
    file.write_bytes(said.to_bytes(8, "little") + header)
    os.truncate(file, 8 + len(header) + stored)
    return file


# What is read


def test_a_config_alone_is_enough(folder: Path) -> None:
    own = read(folder)
    assert sum(own.model.parameters.values()) == 1_235_814_400
    assert own.stored_bytes is None


def test_the_path_may_be_the_config_itself_under_any_name(folder: Path) -> None:
    with_index(folder, 1)  # what lies beside a file that was named is not looked at
    renamed = (folder / "config.json").rename(folder / "my-config.json")
    assert read(renamed).stored_bytes is None


def test_the_index_of_a_folder_is_read(folder: Path) -> None:
    with_index(folder, BF16 + 1024)
    assert read(folder).stored_bytes == BF16 + 1024


def test_an_index_is_believed_before_the_files_beside_it(folder: Path) -> None:
    with_index(folder, BF16)
    with_safetensors(folder, "model.safetensors", {"model.norm.weight": 4096})
    assert read(folder).stored_bytes == BF16


def test_a_single_file_without_an_index_is_read_by_its_header(folder: Path) -> None:
    with_safetensors(
        folder, "model.safetensors", {"model.embed_tokens.weight": BF16 - 4096, "model.norm.weight": 4096}
    )
    assert read(folder).stored_bytes == BF16


def test_shards_without_an_index_are_added(folder: Path) -> None:
    with_safetensors(folder, "model-00001-of-00002.safetensors", {"model.embed_tokens.weight": 2_000_000_000})
    with_safetensors(folder, "model-00002-of-00002.safetensors", {"model.norm.weight": BF16 - 2_000_000_000})
    assert read(folder).stored_bytes == BF16


def test_a_missing_shard_is_noticed(folder: Path) -> None:
    with_safetensors(folder, "model-00001-of-00002.safetensors", {"model.embed_tokens.weight": 2_000_000_000})
    with pytest.raises(InvalidSpec, match="the two do not belong together, or files are missing"):
        read(folder)


def test_the_tensors_of_a_file_tell_what_is_quantized(tmp_path: Path) -> None:
    folder = with_config(tmp_path, config(VARIANT, quantization_config=compressed("re:.*(unreadable)")))
    packed = {
        f"model.layers.{n}.mlp.{part}_proj.weight_packed": 2
        for n in range(16)
        for part in ("gate", "up", "down")
    }
    with_safetensors(folder, "model.safetensors", {**packed, "model.norm.weight": 1_276_000_000 - 96})
    assert read(folder).quantized_groups == {"dense_mlp"}


def test_a_checkpoint_may_be_made_of_links_as_a_download_cache_is(tmp_path: Path) -> None:
    blob, snapshot = tmp_path / "blob", tmp_path / "snapshot"
    blob.write_text(json.dumps(CONFIGS[VARIANT]))
    snapshot.mkdir()
    (snapshot / "config.json").symlink_to(blob)
    assert read(snapshot).model.variant == VARIANT


def test_a_file_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(CONFIGS[VARIANT]), encoding="utf-8-sig")
    assert read(folder).model.variant == VARIANT


# What is refused


def test_a_checkpoint_of_another_variant_is_refused(folder: Path) -> None:
    with pytest.raises(
        InvalidSpec, match=r"spec\.model\.variant = scout: must match .* it looks like llama-3\.2-1b"
    ):
        read(folder, "scout")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert bad_input(tmp_path / "nowhere") == f"{tmp_path}/nowhere: No such file or directory"


def test_a_folder_without_a_config_is_named(tmp_path: Path) -> None:
    assert bad_input(tmp_path) == f"{tmp_path}/config.json: No such file or directory"


def test_a_name_that_is_too_long_is_named_as_well(tmp_path: Path) -> None:
    assert bad_input(tmp_path / ("x" * 300)).endswith("x: File name too long")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "must be JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"", "must be JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"[]", "must be a JSON object"),
        (b"[" * 100_000, "must be JSON: it is nested too deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "must be JSON: it has a number of too many digits"),
        (b"\xff", "must be JSON: it is no text in UTF-8"),
    ],
    ids=["cut", "empty", "a list", "deep", "digits", "bytes"],
)
def test_a_config_that_is_no_json_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "config.json").write_bytes(content)
    assert bad_input(tmp_path) == f"{tmp_path}/config.json: {message}"


def test_a_huge_config_is_not_read_to_its_end(folder: Path) -> None:
    os.truncate(folder / "config.json", LARGEST_JSON + 1)
    assert bad_input(folder) == f"{folder}/config.json: must have at most 50 MB"


def test_a_pipe_does_not_keep_us_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    assert bad_input(tmp_path) == f"{tmp_path}/config.json: must be a file"


CUT_SHORT = "must be a whole safetensors file: this one is cut short, or no such file"


def test_a_file_whose_download_was_cut_short_is_named(folder: Path) -> None:
    file = with_safetensors(folder, "model.safetensors", {"model.norm.weight": BF16}, missing=1)
    assert bad_input(folder) == f"{file}: {CUT_SHORT}"


@pytest.mark.parametrize("content", [b"", b"\x01", b"version https://git-lfs.github.com/spec/v1\n"])
def test_a_file_that_is_no_safetensors_file_is_named(folder: Path, content: bytes) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(content)
    assert bad_input(folder) == f"{file}: {CUT_SHORT}"


def test_a_header_of_absurd_length_is_not_read(folder: Path) -> None:
    file = raw_safetensors(folder / "model.safetensors", b"{}", 200 * 10**6, length=150 * 10**6)
    assert bad_input(folder) == f"{file}: {CUT_SHORT}"


@pytest.mark.parametrize(
    "entry", [[], {}, {"data_offsets": [0]}, {"data_offsets": [0, True]}, {"data_offsets": "01"}]
)
def test_a_tensor_without_its_place_is_refused(folder: Path, entry: object) -> None:
    file = raw_safetensors(folder / "model.safetensors", json.dumps({"x": entry}).encode(), 8)
    assert bad_input(folder) == f"{file}: must give two data_offsets for every tensor"


@pytest.mark.parametrize("offsets", [[-1, 4], [4, 2], [0, 9]])
def test_a_tensor_outside_of_its_file_is_refused(folder: Path, offsets: list[int]) -> None:
    header = json.dumps({"x": {"data_offsets": offsets}}).encode()
    file = raw_safetensors(folder / "model.safetensors", header, 8)
    assert bad_input(folder) == f"{file}: {CUT_SHORT}"
