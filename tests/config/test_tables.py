import pytest

from whosaw.config.tables import seconds
from whosaw.errors import ConfigError


@pytest.mark.parametrize(("text", "found"), [("0s", 0), ("90s", 90), ("30m", 1800), ("48h", 172_800), (" 7 d ", 604_800)])
def test_a_length_of_time_is_a_whole_number_and_a_unit(text, found):
    assert seconds(text, "watch.batch") == found


@pytest.mark.parametrize("text", ["", "1", "1.5h", "-1s", "1w", "400000d"])
def test_anything_else_is_told_by_its_key(text):
    with pytest.raises(ConfigError, match=r"`watch.batch` is"):
        seconds(text, "watch.batch")
