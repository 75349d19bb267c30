import gzip

import pytest
import zstandard

from whosaw.watch.content import Content, opened

TEXT = b"".join(b"line %06d\n" % i for i in range(20_000))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: zstandard.ZstdCompressor().compress(data)])
def test_bytes_are_the_same_from_any_place_however_they_are_packed(tmp_path, pack):
    path = tmp_path / "log"
    path.write_bytes(pack(TEXT))
    content = Content(path)
    for offset, size in ((0, 10), (100_000, 50), (10, 70_000), (len(TEXT) - 3, 100), (len(TEXT) + 5, 10), (7, 0)):
        assert content.at(offset, size) == TEXT[offset : offset + size]
    assert not content.broken
    content.close()


def test_it_stays_readable_when_it_is_removed_and_when_it_has_grown(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(TEXT)[:-500])
    content = Content(path)
    path.open("ab").close()
    path.unlink()
    assert content.at(0, 10) == TEXT[:10]
    content.at(0, len(TEXT))
    assert content.broken
    content.rewind()
    assert content.at(0, 10) == TEXT[:10]
    content.close()


def test_a_name_that_leads_to_another_file_by_now_is_not_opened(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(TEXT)
    told = path.stat()
    assert opened(path, (told.st_dev, told.st_ino + 1)) is None
    content = opened(path, (told.st_dev, told.st_ino))
    assert content is not None
    assert content.size == len(TEXT)
    assert not content.is_parquet
    content.close()
