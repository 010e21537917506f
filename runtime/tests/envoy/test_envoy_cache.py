"""The edge keeps what says `public` and nothing else; what it keeps bypasses neither limits nor tokens."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from runtime.tests.envoy.rig import EVENT, Answer, Rig, problem, running
from runtime.tests.envoy.test_envoy_limits import ADDRESS_BURST, SLOW, burst

LARGE = "a seat map " * 1000


def saying(cache_control: str | None, status: int = 200, text: str = "hello", **headers: str) -> Answer:
    """An upstream's answer, a new body each time."""
    served = 0

    async def answer(_request: web.Request) -> web.StreamResponse:
        nonlocal served
        served += 1
        response = web.Response(text=f"{text} {served}", status=status, content_type="application/json")
        if cache_control is not None:
            response.headers["cache-control"] = cache_control
        response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return response

    return answer


@pytest.fixture
def path() -> Callable[[], str]:
    """Addresses of events that nobody has asked for yet, so that no test finds another's answer."""
    return lambda: f"/api/events/{fresh_event()}"


def fresh_event() -> str:
    fresh_event.made += 1  # type: ignore[attr-defined]
    return f"{EVENT[:-6]}{fresh_event.made:06x}"  # type: ignore[attr-defined]


fresh_event.made = 0x100  # type: ignore[attr-defined]


async def asked(rig: Rig, path: str, times: int = 3, **options: object) -> int:
    """How many of so many equal requests reached the service."""
    service = rig.upstreams["boxoffice" if path.startswith("/api/") else "frontend"]
    service.requests.clear()
    for _ in range(times):
        await rig.get(path, **options)
        rig.http.cookies.clear()
    return len(service.requests)


async def test_a_public_answer_is_kept_and_says_its_age(rig: Rig, path: Callable[[], str]) -> None:
    rig.upstreams["boxoffice"].answer = saying("public, max-age=30")
    address = path()
    first, second = await rig.get(address), await rig.get(address)
    assert (first.text, second.text) == ("hello 1", "hello 1")
    assert "age" not in first.headers
    assert int(second.headers["age"]) >= 0
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert second.headers["x-content-type-options"] == "nosniff"
    assert not {"server", "x-envoy-upstream-service-time"} & set(second.headers)


async def test_a_kept_answer_grows_old(rig: Rig, path: Callable[[], str]) -> None:
    rig.upstreams["boxoffice"].answer = saying("public, max-age=1")
    address = path()
    await rig.get(address)
    await asyncio.sleep(2.1)
    assert (await rig.get(address)).text == "hello 2"


@pytest.mark.parametrize(
    "cache_control",
    [None, "private, max-age=30", "no-store", "private, no-store", "max-age=30", "no-cache", ""],
)
async def test_what_does_not_say_public_is_never_kept(
    rig: Rig, path: Callable[[], str], cache_control: str | None
) -> None:
    rig.upstreams["boxoffice"].answer = saying(cache_control)
    assert await asked(rig, path()) == 3


@pytest.mark.parametrize("status", [301, 404, 410, 500, 503])
async def test_errors_and_redirects_are_never_kept(rig: Rig, path: Callable[[], str], status: int) -> None:
    rig.upstreams["boxoffice"].answer = saying("public, max-age=30", status)
    assert await asked(rig, path()) == 3


async def test_an_answer_that_sets_a_cookie_is_never_kept(rig: Rig, path: Callable[[], str]) -> None:
    rig.upstreams["boxoffice"].answer = saying("public, max-age=30", set_cookie="session=1")
    address = path()
    assert await asked(rig, address) == 3
    assert (await rig.get(address)).headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("headers", [{"authorization": "Bearer x"}, {"cookie": "session=1"}])
async def test_somebody_in_particular_is_neither_answered_from_the_cache_nor_kept(
    rig: Rig, path: Callable[[], str], headers: dict[str, str]
) -> None:
    rig.upstreams["boxoffice"].answer = saying("public, max-age=30")
    address = path()
    assert await asked(rig, address, headers=headers) == 3
    assert await asked(rig, address) == 1
    assert await asked(rig, address, headers=headers) == 3


async def test_one_subjects_answer_is_never_given_to_another(rig: Rig) -> None:
    """Even where a service says by mistake that it is public: an operation with a token is never cached."""

    async def whose(request: web.Request) -> web.StreamResponse:
        body = {"token": request.headers["authorization"]}
        return web.json_response(body, headers={"cache-control": "public, max-age=60"})

    rig.upstreams["boxoffice"].answer = whose
    for subject in ("a", "b", "a"):
        headers = rig.issuer.authorization(subject)
        assert (await rig.get("/api/orders", headers=headers)).json() == {"token": headers["authorization"]}
    assert problem(await rig.get("/api/orders")) == (401, "unauthenticated")


@pytest.mark.parametrize("suffix", ["?limit=1", "?", "?x=1"])
async def test_an_address_that_can_be_invented_is_never_kept(
    rig: Rig, path: Callable[[], str], suffix: str
) -> None:
    """The cache never evicts: made-up queries, spellings and host names would fill memory."""
    rig.upstreams["boxoffice"].answer = saying("public, max-age=30")
    assert await asked(rig, path() + suffix) == 3


async def test_other_spellings_and_other_hosts_are_never_kept(rig: Rig, path: Callable[[], str]) -> None:
    rig.upstreams["boxoffice"].answer = saying("public, max-age=30")
    assert await asked(rig, path().upper().replace("/API/EVENTS", "/api/events")) == 3
    assert await asked(rig, path(), headers={"host": "made-up.example"}) == 3
    assert await asked(rig, path(), headers={"host": f"localhost:{rig.settings.edge_port}"}) == 1


async def test_files_are_kept_for_everybody_and_pages_for_nobody_in_particular(rig: Rig) -> None:
    rig.upstreams["frontend"].answer = saying("public, max-age=30")
    cookie = {"cookie": "session=1"}
    assert await asked(rig, "/_app/immutable/Start-1.js", headers=cookie) == 1
    assert await asked(rig, "/es/programme") == 1
    assert await asked(rig, "/es/programme", headers=cookie) == 3
    assert await asked(rig, "/es/__data.json", headers=cookie) == 3


async def test_answers_vary_by_encoding_alone(rig: Rig, path: Callable[[], str]) -> None:
    rig.upstreams["boxoffice"].answer = saying("public, max-age=30", text=LARGE)
    address = path()
    spellings = ["gzip", "gzip, deflate", "gzip;q=1.0, *;q=0", "deflate, gzip ; q=0.5", "br;q=0, gzip"]
    answers = [await rig.get(address, headers={"accept-encoding": spelling}) for spelling in spellings]
    assert {answer.headers["content-encoding"] for answer in answers} == {"gzip"}
    assert {answer.text for answer in answers} == {f"{LARGE} 1"}
    for _ in range(2):
        brotli = await rig.raw(address, headers="accept-encoding: gzip, br, zstd\r\n")
        assert "content-encoding: br" in brotli
    assert len(rig.upstreams["boxoffice"].requests) == 2
    plain = await rig.get(address, headers={"accept-encoding": "zstd"})
    assert "content-encoding" not in plain.headers
    rig.upstreams["boxoffice"].answer = saying("public, max-age=30", vary="accept-language")
    assert await asked(rig, path()) == 3


async def test_an_unchanged_answer_is_not_sent_again(rig: Rig, path: Callable[[], str]) -> None:
    rig.upstreams["boxoffice"].answer = saying("public, max-age=30", text=LARGE, etag='"v1"')
    address = path()
    first = await rig.get(address)
    assert first.headers["etag"] == 'W/"v1"'  # the compressed body is another representation
    for known in (first.headers["etag"], '"v1"', '"v0", W/"v1"'):
        second = await rig.get(address, headers={"if-none-match": known})
        assert (second.status_code, second.content) == (304, b"")
        assert second.headers["etag"] == first.headers["etag"]
    for other in ('"v0"', "v1", ""):
        second = await rig.get(address, headers={"if-none-match": other})
        assert (second.status_code, second.text) == (200, first.text)
    assert len(rig.upstreams["boxoffice"].requests) == 1


async def test_an_old_answer_is_revalidated(rig: Rig, path: Callable[[], str]) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        headers = {"cache-control": "public, max-age=1", "etag": '"v1"'}
        if request.headers.get("if-none-match") == '"v1"':
            return web.Response(status=304, headers=headers)
        return web.Response(text="whole", headers=headers)

    rig.upstreams["boxoffice"].answer = answer
    address = path()
    for _ in range(3):
        again = await rig.get(address)
        assert (again.status_code, again.text) == (200, "whole")
        await asyncio.sleep(2.1)
    validators = [request.headers.get("if-none-match") for request in rig.upstreams["boxoffice"].requests]
    assert validators == [None, '"v1"', '"v1"']


async def test_many_at_once_ask_the_service_once(rig: Rig, path: Callable[[], str]) -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return web.Response(text=LARGE, headers={"cache-control": "public, max-age=30"})

    rig.upstreams["boxoffice"].answer = slow
    address = path()
    answers = await asyncio.gather(*(rig.get(address) for _ in range(50)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, LARGE)}
    assert len(rig.upstreams["boxoffice"].requests) == 1


async def test_the_cache_does_not_bypass_the_limits(tmp_path: Path) -> None:
    async with running(tmp_path, SLOW) as rig:
        rig.upstreams["boxoffice"].answer = saying("public, max-age=30")
        sent = await burst(rig, 250, "GET", f"/api/events/{EVENT}")
        assert sent.refused
        assert sent.admitted <= ADDRESS_BURST
        assert len(rig.upstreams["boxoffice"].requests) == 1


async def test_what_is_compressed_already_is_left_alone(rig: Rig, path: Callable[[], str]) -> None:
    async def compressed(_request: web.Request) -> web.StreamResponse:
        body = gzip.compress(LARGE.encode())
        return web.Response(body=body, content_type="application/json", headers={"content-encoding": "gzip"})

    async def picture(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=LARGE.encode(), content_type="image/png")

    rig.upstreams["boxoffice"].answer = compressed
    assert (await rig.get(path())).text == LARGE
    rig.upstreams["frontend"].answer = picture
    assert "content-encoding" not in (await rig.get("/poster.png")).headers
