"""Is a configuration of nginx read as nginx reads it?"""

from whosaw.edge.lint import nginx


def parsed(tmp_path, text, **files):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    path = tmp_path / "nginx.conf"
    path.write_text(text)
    return nginx.parse(path)


def shape(node):
    return [(child.words, shape(child)) if child.children else child.words for child in node.children]


def test_blocks_are_nested_and_quotes_hold_signs(tmp_path):
    config = parsed(tmp_path, "http { # one\n map $host $x { default \"a;{}\"; '~^b$' 1; }\n}\nuser www-data;")
    assert shape(config.root) == [(("http",), [(("map", "$host", "$x"), [("default", "a;{}"), ("~^b$", "1")])]), ("user", "www-data")]
    assert [node.line for node in config.nodes] == [1, 2, 2, 2, 4]


def test_braces_of_a_variable_and_of_another_language_are_no_blocks(tmp_path):
    config = parsed(
        tmp_path, 'location / { set $a "${b}c"; set $d ${e}f; rewrite_by_lua_block { if x then {y} end; } proxy_pass http://a; }'
    )
    (location,) = config.root.children
    assert [child.words for child in location.children] == [
        ("set", "$a", "${b}c"),
        ("set", "$d", "${e}f"),
        ("rewrite_by_lua_block",),
        ("proxy_pass", "http://a"),
    ]


def test_what_is_included_stands_in_the_place_of_the_directive(tmp_path):
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "a.conf").write_text("server { include inner.conf; }")
    (tmp_path / "sites" / "inner.conf").write_text("listen 80;")
    config = parsed(tmp_path, "http { include sites/a*.conf; include none*.conf; include gone.conf; }")
    assert shape(config.root) == [(("http",), [(("server",), [("listen", "80")])])]
    assert [spot.what for spot in config.unread] == ["gone.conf"]


def test_a_file_that_includes_itself_is_read_some_times_and_told(tmp_path):
    config = parsed(tmp_path, "user a; include nginx.conf;")
    assert 1 < len(config.nodes) < 50
    assert config.unread


def test_ten_thousand_blocks_within_each_other_are_read(tmp_path):
    assert len(parsed(tmp_path, "a {" * 10_000).nodes) == 10_000
