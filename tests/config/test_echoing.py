"""Is the target file of the header echo checked, and does a fault name its key?"""

import pytest

from whosaw.config import echoing
from whosaw.errors import ConfigError

GOOD = 'key_file = "echo.key"\ndomains = ["echo.example"]\npartner = "music.example"\nproxy = "10.20.0.5:3128"\n'


def load(tmp_path, text):
    path = tmp_path / "echo.toml"
    path.write_text(text)
    return echoing.load(path)


def test_a_target_file_is_read(tmp_path):
    target = load(tmp_path, GOOD)
    assert (target.domains, target.strangers, target.proxy, target.timeout) == (("echo.example",), 3, "10.20.0.5:3128", "10s")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('domains = ["echo.example"]', "key_file"),
        (GOOD + "stranger = 3", "stranger"),
        (GOOD + "strangers = 0", "`strangers` is 0"),
        (GOOD.replace('"echo.example"', ""), "`domains` is empty"),
        (GOOD.replace("echo.example", "Echo.example"), "`domains` holds `Echo.example`"),
        (GOOD.replace("music.example", ".music.example"), "`partner` holds"),
        (GOOD.replace(":3128", ""), "`proxy` is `10.20.0.5`"),
        (GOOD + 'address = "a:99999"', "`address` is"),
        (GOOD + 'timeout = "soon"', "`timeout` is `soon`"),
        ("=", "is not TOML"),
    ],
)
def test_a_fault_names_its_key(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, text)


def test_a_file_that_is_gone_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot read"):
        echoing.load(tmp_path / "gone.toml")
