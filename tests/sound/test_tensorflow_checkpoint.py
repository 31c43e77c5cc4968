"""Checkpoints: what was written comes back, and whatever is wrong with a file is one clear error."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.sound.tensorflow_checkpoint import MAGIC, NUMBERS, Damaged, crc32c, entries, tensors
from tests.sound import checkpoints
from tests.sound.checkpoints import field

Arrays = dict[str, NDArray[np.generic]]


def layers() -> Arrays:
    rng = np.random.default_rng(5)
    arrays: Arrays = {f"layer_{n}/kernel": rng.standard_normal((n, 3)).astype(np.float32) for n in range(40)}
    arrays["step"] = np.array(7, np.int64)
    arrays["layer_3/kernel/Adam"] = np.ones(4, np.float32)
    return arrays


def same(left: Arrays, right: Arrays) -> bool:
    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype and np.array_equal(left[name], right[name]) for name in left
    )


def test_the_sum_is_the_one_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720, appendix B.4 has more
    assert crc32c(bytes(32)) == 0x8A9136AA


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    files = checkpoints.write(tmp_path, layers())
    assert same(tensors(*files), layers())
    assert list(tensors(*files, lambda name: name == "step")) == ["step"]
    assert entries(files[0])["layer_3/kernel"].shape == (3, 3)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=9).filter(lambda name: name.isprintable()),
        st.lists(st.integers(0, 3), max_size=4),
        max_size=50,
    )
)
def test_any_names_and_shapes_come_back(shapes: dict[str, list[int]]) -> None:
    arrays: Arrays = {
        name: np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape) for name, shape in shapes.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        assert same(tensors(*checkpoints.write(Path(folder), arrays)), arrays)


def test_a_beginning_of_an_index_is_refused(tmp_path: Path) -> None:
    index, data = checkpoints.write(tmp_path, layers())
    whole = index.read_bytes()
    for end in range(0, len(whole), 9):
        index.write_bytes(whole[:end])
        with pytest.raises(Damaged, match=r"\.index is not the index of a TensorFlow checkpoint, or is damaged: "):
            tensors(index, data)


def test_a_shorter_data_file_is_refused(tmp_path: Path) -> None:
    index, data = checkpoints.write(tmp_path, layers())
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(Damaged, match=r"\.data-00000-of-00001: tensor '.*' lies beyond its end"):
        tensors(index, data)


def test_a_flipped_bit_changes_nothing_or_is_noticed(tmp_path: Path) -> None:
    """Each bit of both files. Only the padding of the footer has no sum, and nothing is read from it."""
    arrays: Arrays = {
        name: array for name, array in layers().items() if name in ("layer_2/kernel", "layer_3/kernel", "step")
    }
    noticed = 0
    for which, file in enumerate(checkpoints.write(tmp_path, arrays)):
        whole = file.read_bytes()
        for bit in range(8 * len(whole)):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            file.write_bytes(flipped)
            try:
                assert same(tensors(tmp_path / ".index", tmp_path / NUMBERS), arrays), (which, bit)
            except Damaged:
                noticed += 1
        file.write_bytes(whole)
    assert noticed > 1500


@pytest.mark.parametrize(
    ("lies", "reason"),
    [
        ({"size": 1 << 50}, "has 1125899906842624 bytes, where"),
        ({"size": 4}, "has 4 bytes, where"),
        ({"offset": 1 << 60}, "lies beyond its end"),
        ({"offset": 2}, "does not agree with its sum"),
        ({"shape": field(2, field(1, (1 << 64) - 1))}, "has an axis of 18446744073709551615"),
        ({"shape": field(2, field(1, 1 << 30)) * 33}, "axes|bytes, where"),
        ({"shape": field(2, field(1, 0)) * 33, "size": 0}, "has 33 axes"),
        ({"shape": field(2, field(1, 1 << 39)) * 2, "size": 1 << 80}, "a number without an end"),
        ({"shape": b"\xff\xff\xff"}, "ends too early"),
        ({"shape": field(7, 1)}, "has no shape"),
        ({"dtype": 7}, "is of type 7, which is not read"),
        ({"dtype": b"x"}, "is of type b'x'"),
        ({"shard": 3}, "lies in several pieces"),
        ({"offset": b"1"}, "has fields of other types"),
    ],
)
def test_an_entry_that_lies_is_refused(tmp_path: Path, lies: dict[str, int | bytes], reason: str) -> None:
    array = np.ones((2, 3), np.float32)
    pairs = {b"": checkpoints.HEADER, b"a": checkpoints.entry(array, 0, **lies)}
    files = checkpoints.put(tmp_path, checkpoints.table(pairs), array.tobytes() * 2 + b"abcd")
    with pytest.raises(Damaged, match=reason) as error:
        tensors(*files)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("header", "reason"),
    [(b"", "0 data files"), (field(1, 2), "2 data files"), (field(1, 1) + field(2, 1), "big-endian")],
)
def test_a_header_of_files_that_are_not_read(tmp_path: Path, header: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        tensors(*checkpoints.write(tmp_path, layers(), header))


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (b"", "lies about its size"),
        (b"\xff\xff\xff\xff", "lies about its size"),
        (b"\x05\x01\x00a" + bytes(4), "a name begins like a longer one"),
        (b"\x00\x09\x00a" + bytes(4), "ends too early"),
        (b"\x00\x01\x00\xff" + bytes(4), "not UTF-8"),
        (b"\x80" * 12 + bytes(4), "a number without an end"),
    ],
)
def test_a_block_of_nonsense_is_refused_though_its_sum_is_right(tmp_path: Path, block: bytes, reason: str) -> None:
    handle, out = checkpoints._put(b"", block)
    index, out = checkpoints._put(out, checkpoints.block({b"z": handle}))
    footer = (checkpoints.varint(0) * 2 + index).ljust(40, b"\x00") + MAGIC.to_bytes(8, "little")
    with pytest.raises(Damaged, match=reason):
        tensors(*checkpoints.put(tmp_path, out + footer, b""))


def test_random_bytes_and_missing_files_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for size in (0, 1, 47, 48, 5000):
        files = checkpoints.put(tmp_path, rng.bytes(size), rng.bytes(size))
        with pytest.raises(Damaged, match="last bytes"):
            tensors(*files)
    footer = rng.bytes(5000) + MAGIC.to_bytes(8, "little")
    with pytest.raises(Damaged):
        tensors(*checkpoints.put(tmp_path, footer, b""))
    with pytest.raises(Damaged, match="cannot be read: No such file"):
        tensors(tmp_path / "none", tmp_path / NUMBERS)
    with pytest.raises(Damaged, match="cannot be read"):
        tensors(checkpoints.write(tmp_path, layers())[0], tmp_path)
