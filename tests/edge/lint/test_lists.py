"""Is a list of partners read in the ways in which they are written?"""

from whosaw.edge.lint import lists


def test_rows_are_hosts_or_comparisons_and_the_frame_around_them_is_none(tmp_path):
    path = tmp_path / "partners"
    path.write_text(
        '# ours\nmusic.example\n"radio.example" := "1",\n'
        'when HTTP_REQUEST {\n  if { [HTTP::uri] contains "tv" } {\n  set x 1\n}\n*.a.example 80\nlog.b.example\n'
    )
    assert [(row.how, row.text, row.at.line) for row in lists.parse(path).rows] == [
        ("equals", "music.example", 2),
        ("equals", "radio.example", 3),
        ("contains", "tv", 5),
        ("equals", "*.a.example", 8),
        ("equals", "log.b.example", 9),
    ]
