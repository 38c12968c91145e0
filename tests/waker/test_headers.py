"""Headers of one connection stay on it; all others go on untouched, also those that come twice."""

from multidict import CIMultiDict, CIMultiDictProxy

from llamafleet.waker.headers import back, onward

CAME = CIMultiDictProxy(
    CIMultiDict(
        [
            ("Host", "scout.team-a"),
            ("Connection", "keep-alive, X-Mine"),
            ("connection", "x-other"),
            ("Keep-Alive", "5"),
            ("X-Mine", "1"),
            ("X-Other", "1"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "h2c"),
            ("TE", "trailers"),
            ("Trailer", "x"),
            ("Proxy-Authorization", "secret"),
            ("Proxy-Connection", "close"),
            ("Expect", "100-continue"),
            ("Content-Length", "3"),
            ("Content-Encoding", "gzip"),
            ("Authorization", "Bearer x"),
            ("X-Forwarded-For", "1.2.3.4"),
            ("Cookie", "a=1"),
            ("Cookie", "b=2"),
        ]
    )
)
KEPT = [
    ("Content-Encoding", "gzip"),
    ("Authorization", "Bearer x"),
    ("X-Forwarded-For", "1.2.3.4"),
    ("Cookie", "a=1"),
    ("Cookie", "b=2"),
]


def test_a_request_goes_on_without_what_was_about_its_connection() -> None:
    assert list(onward(CAME).items()) == [("Host", "scout.team-a"), *KEPT]


def test_an_answer_keeps_its_length() -> None:
    kept = [("Host", "scout.team-a"), ("Expect", "100-continue"), ("Content-Length", "3"), *KEPT]
    assert list(back(CAME).items()) == kept
