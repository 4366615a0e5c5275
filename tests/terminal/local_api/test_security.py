"""Who gets in: tokens, roles, hosts, origins, sizes; everybody else gets a refusal that explains itself."""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from card.simulator.boards.pcscd import PrivatePcscd
from terminal.local_api.limits import Limits
from terminal.local_api.role import Role
from terminal.local_api.tokens import TOKEN_CHARACTERS
from tests.demo.processes import DemoFailed, tongka
from tests.terminal.local_api.served import Caller, ServedApi, office, serving
from tests.terminal.local_api.streams import followed, message, websocket

EVIL = "https://evil.example"


def raw(api: ServedApi, *lines: str, body: bytes = b"") -> tuple[int, dict[str, str], str]:
    """What is answered to a request over TCP, as it stands: status, JSON and head."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection:
        connection.sendall("\r\n".join((*lines, "", "")).encode() + body)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    head, _, content = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(content) if content else {}, head.decode()


def get(api: ServedApi, host: str, *headers: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    """The status, asked for under this host name with a good token."""
    token = f"Authorization: Bearer {api.tokens[Role.STAFF]}"
    return raw(api, f"{method} /v1/status HTTP/1.1", f"Host: {host}", token, "Connection: close", *headers)


def test_without_a_token_nobody_is_answered(api: ServedApi) -> None:
    good = api.tokens[Role.WATCH]
    for over_tcp in (False, True):
        caller = api.caller(Role.WATCH, over_tcp=over_tcp)
        for wrong in ("x", good[:-1], good + "x", good.swapcase()):
            caller.http.headers["Authorization"] = f"Bearer {wrong}"
            caller.refused("GET", "/status", 401, "TRM-701")
        del caller.http.headers["Authorization"]
        caller.refused("GET", "/status", 401, "TRM-701")
        # A token in a URL would get into logs and histories: it opens nothing.
        caller.refused("GET", f"/status?token={good}&access_token={good}", 401, "TRM-701")
        for scheme in ("Basic", "Token"):
            caller.http.headers["Authorization"] = f"{scheme} {good}"
            caller.refused("GET", "/status", 401, "TRM-701")
    host = f"Host: 127.0.0.1:{api.port}"
    odd = raw(api, "GET /v1/status HTTP/1.1", host, "Authorization: Bearer " + "é" * 43, "Connection: close")
    assert odd[0] == 401
    refused = caller.http.get("/v1/openapi.json")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="tongka"')


def test_each_role_may_what_it_may(api: ServedApi) -> None:
    watch = api.caller(Role.WATCH)
    for method, address, body in (
        ("POST", "/sales", {"lines": [{}]}),
        ("GET", "/sales", None),
        ("POST", "/taps/1/cancel", None),
        ("POST", "/taps/1/correct", {"fare": 0, "companions": 0}),
        ("GET", "/taps/1/receipt", None),
    ):
        watch.refused(method, address, 403, "TRM-705", body)
    for role in Role:
        assert api.caller(role, over_tcp=True).ask("GET", "/status")["role"] == role
    assert watch.ask("GET", "/openapi.json")["openapi"].startswith("3.")


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "LocalHost:{}", "[::1]:{}"])
def test_this_machines_own_names_are_answered(api: ServedApi, host: str) -> None:
    assert get(api, host.format(api.port))[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example:{}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{}", "0.0.0.0:{}", ""]
)
def test_a_name_that_was_bound_to_this_machine_is_refused(api: ServedApi, host: str) -> None:
    status, said, head = get(api, host.format(api.port))
    assert (status, said["code"]) == (403, "TRM-702")
    assert "access-control" not in head.lower()


@pytest.mark.parametrize(
    "header",
    [f"Origin: {EVIL}", "Origin: null", "Origin: http://127.0.0.1:{}", "Sec-Fetch-Site: cross-site"],
)
def test_a_page_of_others_is_refused_even_with_a_token(api: ServedApi, header: str) -> None:
    for method in ("GET", "OPTIONS"):
        status, said, head = get(api, f"127.0.0.1:{api.port}", header.format(api.port), method=method)
        assert (status, said["code"]) == (403, "TRM-702")
        assert "access-control" not in head.lower()


def test_what_a_page_can_post_without_asking_first_does_nothing(api: ServedApi) -> None:
    """A form or a `no-cors` fetch: no token, text/plain, an Origin."""
    body = b'{"lines":[{}]}'
    length = f"Content-Length: {len(body)}"
    for headers, status in (
        ((f"Origin: {EVIL}", "Content-Type: text/plain"), 403),
        (("Content-Type: text/plain",), 401),
        (("Content-Type: text/plain", f"Authorization: Bearer {api.tokens[Role.TILL]}"), 415),
        ((f"Authorization: Bearer {api.tokens[Role.TILL]}",), 415),
    ):
        host = f"Host: 127.0.0.1:{api.port}"
        assert raw(api, "POST /v1/sales HTTP/1.1", host, length, *headers, body=body)[0] == status
    assert all(one["phase"] != "open" for one in api.till.ask("GET", "/sales")["sales"])


def test_a_websocket_from_a_page_of_others_is_not_opened(api: ServedApi) -> None:
    for token in ("", api.tokens[Role.STAFF]):
        with pytest.raises(InvalidStatus) as refused:
            websocket(api, token, origin=EVIL)
        assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as refused:
        websocket(api, "x")
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ("x", "TRM-703"),
        ("{}", "TRM-703"),
        ("[" * 10_000, "TRM-703"),
        ('{"token": "x"}', "TRM-701"),
        ('{"token": 1}', "TRM-703"),
        (b"\xff\xfe", "TRM-703"),
    ],
)
def test_a_websocket_that_does_not_say_who_it_is_is_ended(
    api: ServedApi, hello: str | bytes, code: str
) -> None:
    with websocket(api) as opened:
        opened.send(hello)
        assert message(opened)["code"] == code


def test_a_page_that_the_operator_listed_may_use_it(tmp_path: Path, private_pcscd: PrivatePcscd) -> None:
    own = "https://till.example:8443"
    with serving(office(tmp_path / "park"), private_pcscd, tmp_path / "log", "--origin", own) as api:
        host, page = f"127.0.0.1:{api.port}", f"Origin: {own}"
        status, _said, head = raw(
            api, "OPTIONS /v1/sales HTTP/1.1", f"Host: {host}", page, "Connection: close"
        )
        assert status == 204 and f"access-control-allow-origin: {own}" in head.lower()
        status, _said, head = get(api, host, page)
        assert status == 200 and f"access-control-allow-origin: {own}" in head.lower()
        assert get(api, host, f"{page}.evil.example")[0] == 403
        assert get(api, f"till.example:{api.port}", page)[0] == 403
        with websocket(api, origin=own) as opened:
            opened.send(json.dumps({"token": api.tokens[Role.WATCH], "after": 0}))
            with api.laid(api.card()):
                assert message(opened)["sequence"] == 1


def test_bodies_are_json_and_small(api: ServedApi) -> None:
    till = api.till
    post = till.http.post
    large = post("/v1/sales", json={"lines": [{"service": "x" * Limits().body}]})
    assert (large.status_code, large.json()["code"]) == (413, "TRM-703")

    def endless() -> object:
        while True:
            yield b" " * 4096

    with pytest.raises(httpx.TransportError):  # cut off, with or without its answer
        if (cut := post("/v1/sales", content=endless())).status_code == 413:  # type: ignore[arg-type]
            raise httpx.ReadError(cut.text)
    for body in (b"", b"{", b"[]", b"\xff", b"[" * 30_000, b'{"lines":[{"fare":' + b"9" * 9000 + b"}]}"):
        answer = post("/v1/sales", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "TRM-703"), body[:20]


def test_an_announced_oversize_is_refused_before_the_body(api: ServedApi) -> None:
    token = f"Authorization: Bearer {api.tokens[Role.TILL]}"
    host = f"Host: 127.0.0.1:{api.port}"
    assert raw(api, "POST /v1/sales HTTP/1.1", host, token, "Content-Length: 99999999")[0] == 413


def test_whoever_is_refused_while_still_sending_reads_why(api: ServedApi) -> None:
    head = f"POST /v1/sales HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nContent-Length: 20\r\n\r\n"
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection:
        connection.sendall(head.encode())
        time.sleep(0.2)  # as a busy till's second packet may be
        for _ in range(2):
            connection.sendall(b"0123456789")
            time.sleep(0.05)
        answer = connection.recv(65_536)
    assert b" 401 " in answer.partition(b"\r\n")[0]


@pytest.mark.parametrize("size", [40_000, 2_000_000, 7_000_000])
@pytest.mark.parametrize(("is_known", "status", "code"), [(True, 413, "TRM-703"), (False, 401, "TRM-701")])
def test_whoever_sends_too_much_reads_why_and_sees_no_broken_pipe(
    api: ServedApi, size: int, is_known: bool, status: int, code: str
) -> None:
    token = api.tokens[Role.TILL] if is_known else "x" * TOKEN_CHARACTERS
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    # With a length that tells it beforehand, and in chunks that do not. This client, unlike others, does not
    # look for an answer once it can't send on.
    for content in (b" " * size, iter([b" " * 1_000] * (size // 1_000))):
        with closing(HTTPConnection("127.0.0.1", api.port, timeout=20)) as client:
            client.request("POST", "/v1/sales", content, headers)
            answer = client.getresponse()
            said = json.loads(answer.read())
        assert (answer.status, said["code"]) == (status, code)
        assert answer.headers["connection"] == "close"


def test_whoever_sends_without_end_is_left(api: ServedApi) -> None:
    head = f"POST /v1/sales HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nTransfer-Encoding: chunked\r\n\r\n"
    block = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection:
        connection.sendall(head.encode())
        with pytest.raises(OSError):
            while sent < 20 * Limits().refused_body:
                connection.sendall(block)
                sent += len(block)
    assert Limits().refused_body < sent


@pytest.mark.parametrize(
    "lines", [("\x16\x03\x01",), ("GET /v1/status HTTP/1.1", "X: " + "x" * 40_000), ("GET /",)]
)
def test_what_is_no_http_is_told_so(api: ServedApi, lines: tuple[str, ...]) -> None:
    status, said, _head = raw(api, *lines)
    assert (status, said["code"]) == (400, "TRM-703")


def test_unknown_addresses_and_methods(api: ServedApi) -> None:
    api.till.refused("GET", "/nothing", 404, "TRM-703")
    api.till.refused("DELETE", "/status", 405, "TRM-703")
    api.till.refused("GET", "/sales/none", 404, "TRM-703")
    api.till.refused("GET", "/services/NONE", 404, "TRM-207")
    for address in ("/", "/docs", "/openapi.json", "/v1/../v1/status", "/v1/status/"):
        assert api.till.http.get(address).status_code in (200, 404)


def test_refusals_are_in_the_language_asked_for(api: ServedApi) -> None:
    caller = api.till
    for asked, word in (
        ("en", "There"),
        ("en-GB,en;q=0.8", "There"),
        ("zh-CN", "服务"),
        ("de, zh;q=0.2, en;q=0.9", "There"),
        ("*", "服务"),
        ("en;q=x", "服务"),
    ):
        caller.http.headers["Accept-Language"] = asked
        cause = caller.ask("GET", "/services/NONE", status=404)["cause"]
        assert ("服务" in cause) is (word == "服务"), (asked, cause)


def test_who_asks_too_often_is_told_so_and_others_are_not(api: ServedApi) -> None:
    flood = api.caller(Role.WATCH, api.more_tokens("flood", Role.WATCH))
    stranger = api.caller(Role.WATCH, "x" * 43)
    for caller, otherwise in ((flood, 200), (stranger, 401)):
        answered = 0
        # A busy machine answers not many more than are allowed.
        while (
            limited := caller.http.get("/v1/status")
        ).status_code != 429 and answered < 20 * Limits().burst:
            assert limited.status_code == otherwise
            answered += 1
        assert answered >= Limits().burst or caller is stranger
        assert (limited.json()["code"], limited.headers["retry-after"]) == ("TRM-704", "1")
    assert api.till.ask("GET", "/status")["role"] == "till"


def test_only_so_many_may_follow_at_once(api: ServedApi) -> None:
    with ExitStack() as held:
        streams = [
            held.enter_context(followed(held.enter_context(Caller(api.socket, api.tokens[Role.WATCH]))))
            for _ in range(Limits().streams)
        ]
        assert len(streams) == Limits().streams
        api.till.refused("GET", "/taps", 429, "TRM-704")
        with websocket(api, api.tokens[Role.WATCH]) as opened:
            assert message(opened)["code"] == "TRM-704"
    with followed(api.till):  # they are gone, so there is room
        pass


def test_it_listens_where_this_machines_users_alone_can_reach_it(api: ServedApi) -> None:
    path = Path(api.socket.removeprefix("unix:"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(api.enrolled.directory.api_tokens.stat().st_mode) == 0o600
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    hosts = {
        one[1].split(":")[0] for one in listening if one[1].endswith(f":{api.port:04X}") and one[3] == "0A"
    }
    assert hosts == {"0100007F"}
    six = Path("/proc/net/tcp6").read_text() if Path("/proc/net/tcp6").exists() else ""
    assert f":{api.port:04X} 00000000000000000000000000000000:0000 0A" not in six


def test_the_group_may_connect_where_it_was_said(tmp_path: Path, private_pcscd: PrivatePcscd) -> None:
    enrolled = office(tmp_path / "park")
    place = tmp_path / "run.sock"
    with serving(enrolled, private_pcscd, tmp_path / "log", "--group", "--socket", str(place)) as api:
        assert stat.S_IMODE(place.stat().st_mode) == 0o660
        assert api.till.ask("GET", "/status")["role"] == "till"


def test_no_token_is_on_the_disk(api: ServedApi) -> None:
    files = [one for one in api.enrolled.directory.path.rglob("*") if one.is_file()]
    assert len(files) > 5
    for token in api.tokens.values():
        assert not [one for one in files if token.encode() in one.read_bytes()]


@pytest.mark.parametrize("case", ["a file", "a stranger's folder", "an open folder", "no folder", "too long"])
def test_a_place_where_others_could_put_their_own_socket_is_refused(
    tmp_path: Path, private_pcscd: PrivatePcscd, case: str
) -> None:
    enrolled = office(tmp_path / "park")
    folder = tmp_path / "run"
    folder.mkdir()
    place = folder / "api.sock"
    match case:
        case "a file":
            place.write_text("kept")
        case "a stranger's folder":
            if os.geteuid() == 0:
                os.chown(folder, 12345, 12345)
            else:
                place = Path("/usr/api.sock")
        case "an open folder":
            folder.chmod(0o777)
        case "no folder":
            place = folder / "none" / "api.sock"
        case _:
            place = folder / ("x" * 120)
    command = ("api", "serve", "--data", enrolled.directory.path, "--reader", private_pcscd.readers[1])
    with pytest.raises(DemoFailed, match="TRM-700"):
        tongka(*command, "--socket", place, environment=private_pcscd.environment())
    assert case != "a file" or place.read_text() == "kept"
