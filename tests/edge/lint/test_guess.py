"""Is a file taken for what it is?"""

import pytest

from whosaw.edge.lint import Target
from whosaw.edge.lint.guess import target


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("squid.conf", "", Target.SQUID),
        ("gw.conf", "acl p dstdomain .a.example\nhttp_access allow p\n", Target.SQUID),
        ("gw.cfg", "frontend f\n  bind :80\n  acl p hdr(host) -m end a\n", Target.HAPROXY),
        ("site.conf", "server {\n  location / { proxy_pass http://a; }\n}\n", Target.NGINX),
        ("headers.inc", 'proxy_set_header X-MSISDN "";\n', Target.NGINX),
        ("policy.toml", "", Target.POLICY),
        ("policy.yml", "", Target.POLICY),
        ("agreements.csv", "", Target.POLICY),
        ("partners.txt", "music.example\n.radio.example\n", Target.LIST),
        ("partners.txt", "", Target.LIST),
    ],
)
def test_a_file_is_known_by_its_name_or_its_words(tmp_path, name, text, kind):
    (tmp_path / name).write_text(text)
    assert target(tmp_path / name) is kind
