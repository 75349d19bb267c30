"""Is a configuration of Squid read as Squid reads it?"""

from whosaw.edge.lint import squid


def test_lines_go_on_after_a_backslash_and_end_at_a_comment(tmp_path):
    path = tmp_path / "squid.conf"
    path.write_text("acl p dstdomain \\\n  .a.example \\\n  b.example # c.example\n# nothing\nvia off\n")
    config = squid.parse(path)
    assert [(d.line, d.words[0]) for d in config.directives] == [(1, "acl"), (5, "via")]
    assert [entry.text for entry in config.acls[0].values] == [".a.example", "b.example"]


def test_files_of_values_are_read_and_flags_are_none(tmp_path):
    (tmp_path / "list").write_text("# ours\n.a.example\n\nb.example # old\n")
    path = tmp_path / "squid.conf"
    path.write_text('acl p dstdomain -n "list"\nacl q dst parameters("list")\nacl r dstdomain "gone"\n')
    first, second, third = (config := squid.parse(path)).acls
    assert [(entry.text, entry.line) for entry in first.values] == [(".a.example", 2), ("b.example", 4)]
    assert first.values == second.values
    assert third.values == ()
    assert [spot.what for spot in config.unread] == ["gone"]


def test_a_file_that_includes_itself_is_read_some_times_and_told(tmp_path):
    path = tmp_path / "squid.conf"
    path.write_text("via off\ninclude squid.conf\n")
    config = squid.parse(path)
    assert 1 < len(config.directives) < 50
    assert config.unread
