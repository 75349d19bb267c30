"""Is a configuration of HAProxy read as HAProxy reads it?"""

from whosaw.edge.lint import haproxy


def parsed(tmp_path, text):
    path = tmp_path / "haproxy.cfg"
    path.write_text(text)
    return haproxy.parse(path)


def test_quotes_hold_blanks_and_backslashes_only_take_what_they_must(tmp_path):
    (line,) = parsed(tmp_path, r"""acl p hdr(host) -m reg ^a\.example$ 'b c\' "d \" e" f\ g # h""").lines
    assert line.words[5:] == (r"^a\.example$", r"b c\\"[:4], 'd " e', "f g")


def test_variables_are_written_out_in_what_is_compared(tmp_path):
    config = parsed(
        tmp_path, "frontend f\n  http-request set-var(txn.h) req.hdr(host),lower\n  acl p var(txn.h),rtrim(.) -m end .a.example\n"
    )
    (match,) = config.matches
    assert (match.sample, match.method, match.values[0].text) == ("req.hdr(host),lower,rtrim(.)", "end", ".a.example")


def test_conditions_in_braces_are_comparisons_too(tmp_path):
    config = parsed(tmp_path, "frontend f\n  http-request deny if { hdr_end(host) -i .a.example } !{ src 10.0.0.0/8 } { }\n")
    assert [(m.sample, m.method) for m in config.matches] == [("hdr_end(host)", "end"), ("src", "str")]


def test_a_list_that_is_gone_is_told(tmp_path):
    (tmp_path / "here").write_text("a.example\n")
    config = parsed(tmp_path, "frontend f\n  acl p hdr(host) -f here -f gone\n")
    assert [entry.text for entry in config.matches[0].values] == ["a.example"]
    assert [spot.what for spot in config.unread] == ["gone"]
