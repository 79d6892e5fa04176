"""Access to the server over HTTP: tokens, hosts, origins, slow clients, and bodies that JSON cannot hold."""

import json
import socket
import threading
import time
from contextlib import closing

import pytest
import requests
from helpers import write_recording
from servers import serving

FAST = "mitbih-beat-fast"
PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def server():
    with serving("--model", FAST, "--max-connections", 150) as started:
        yield started


@pytest.fixture(scope="module")
def recording(server, tmp_path_factory):
    path = write_recording(tmp_path_factory.mktemp("uploaded") / "100")
    return server.upload(path.with_suffix(".hea"), path.with_suffix(".dat")).json()["id"]


def open_page(server, path, **settings):
    return server("GET", path, with_token=False, allow_redirects=False, **settings)


def test_every_request_needs_the_token(server):
    for path in (
        "/api/models",
        "/",
        "/r/x",
        "/metrics",
        "/openapi.json",
        "/style.css",
        "/api/jobs?token=" + server.token,
    ):
        assert open_page(server, path).status_code == 401, path
    assert open_page(server, "/healthz").status_code == 200
    for wrong in ("Bearer nonsense", "Bearer", "Basic x", "Bearer \xff\ud800".encode("utf-8", "replace")):
        assert server("GET", "/api/models", headers={"Authorization": wrong}).status_code == 401
    assert server("GET", "/api/models").status_code == 200


def test_the_opened_address_sets_a_cookie_of_the_port_and_hides_the_token(server):
    opened = open_page(server, f"/r/abc?t=12.5&token={server.token}&lead=II")
    assert (opened.status_code, opened.headers["location"]) == (303, "/r/abc?t=12.5&lead=II")
    cookie = opened.headers["set-cookie"]
    port = server.url.rsplit(":", 1)[1]
    assert cookie.startswith(f"diffecg_token_{port}=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    pair = cookie.split(";")[0]
    for value in (pair, f'other={{"a":1}}; diffecg_token_1=x; {pair}'):
        assert open_page(server, "/api/models", headers={"Cookie": value}).status_code == 200
    other_port = pair.replace(port, "1")
    assert open_page(server, "/api/models", headers={"Cookie": other_port}).status_code == 401
    away = open_page(server, f"//evil.example/?token={server.token}")
    assert not away.headers.get("location", "/x").startswith("//")


def test_a_browser_without_the_token_gets_a_page_that_asks_for_it(server):
    page = open_page(server, "/", headers=PAGE)
    assert page.status_code == 401
    assert '<input id="token" name="token"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    wrong = open_page(server, "/?token=wrong", headers=PAGE)
    assert (wrong.status_code, 'name="token"' in wrong.text) == (401, True)
    assert open_page(server, "/api/models", headers=PAGE).json()["detail"].startswith("a token is required")


def test_a_token_can_be_given(tmp_path):
    with serving("--model", FAST, "--host", "0.0.0.0", "--token", "sesame", host="127.0.0.1") as server:
        assert server.token == "sesame"
        assert server("GET", "/api/models", with_token=False).status_code == 401
        assert server("GET", "/api/models").status_code == 200


def test_no_page_of_another_site_reaches_the_server(server):
    def status(method="GET", path="/api/models", **headers):
        return server(method, path, headers=headers).status_code

    for host in ("evil.example", "127.0.0.1.evil.com", "2130706433", "0.0.0.0", "[", "[::1"):
        assert status(Host=host) in (400, 421), host
    for origin in ("https://evil.example", "http://[", "http://[evil]", "", "http://127.0.0.1:1", "file://"):
        assert status(Origin=origin) == 403, origin
        assert status("POST", "/api/generate", Origin=origin) == 403, origin
    assert status("POST", "/api/generate", Origin="null") == 403
    assert status(Origin=server.url) == 200
    for path in ("/healthz", "/api/models", "/style.css", "/api/nothing"):
        headers = server("GET", path).headers
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
    refused = server("GET", "/api/models", headers={"Origin": "http://["})
    assert refused.headers["cross-origin-resource-policy"] == "same-origin"
    assert isinstance(refused.json()["detail"], str)


BODIES = [
    b'{"options": {"count": 1e400}}',
    b'{"options": {"seed": -1e400}}',
    b'{"options": {"count": NaN}}',
    b'{"sampling": {"steps": Infinity}}',
    b'{"options": {"count": -Infinity}}',
    b'{"\\ud800": 1}',
    b'{"model": "\\ud800"}',
    b'{"options": {"label": "\\udc00x"}}',
    b'{"sampling": {"sampler": "\\ud800"}}',
    b'{"options": {"count": ' + b"9" * 5000 + b"}}",
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b"\xff\xfe\x00",
    b"null",
    b"[]",
    b'"text"',
    b"",
    b'{"options": null}',
    b'{"options": {"count": true, "seed": "x"}}',
]


@pytest.mark.parametrize(
    "task", ["generate", "impute", "denoise", "forecast", "compose", "evaluate", "rhythm"]
)
def test_no_body_is_answered_with_500(server, task):
    for body in BODIES:
        answer = server("POST", f"/api/{task}", data=body, headers={"content-type": "application/json"})
        if task == "generate" and body == b'{"options": {"count": true, "seed": "x"}}':
            assert answer.status_code == 422
        assert answer.status_code in (202, 422), (body[:60], answer.text)
        assert isinstance(answer.json().get("detail", ""), str)
    for body in (b'{"values": {"a": 1e400}}', b'{"values": {"a": NaN}}', b'{"values": {"\\ud800": 1}}'):
        assert server("PUT", "/api/project/settings", data=body).status_code == 422


def test_no_query_or_form_is_answered_with_500(server, recording):
    address = f"/api/recordings/{recording}"
    for path in (
        f"{address}/signal?start=nan",
        f"{address}/signal?stop=inf",
        f"{address}/signal?points=1e9",
        f"{address}/signal?lead=%ED%A0%80",
        f"{address}/signal?lead=%00",
        f"{address}/overview?points=0",
        f"{address}/export?format=exe",
        "/api/jobs?limit=-1",
        "/api/jobs?state=x",
        "/api/real?label=%ff",
        "/api/recordings/%ED%A0%80",
        "/api/recordings/..%2f..%2ftoken",
        "/api/jobs/%00/result",
        "/..%2f..%2fproject.sqlite",
    ):
        assert server("GET", path).status_code in (404, 422), path
    form = {"fs": "1e400", "unit": "mV"}
    files = [("files", ("\ud800.csv".encode("utf-8", "replace").decode(), b"a\n1\n"))]
    assert server("POST", "/api/recordings", files=files, data=form).status_code == 422
    assert server("POST", "/api/recordings", data=b"rubbish").status_code == 422
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert server("POST", "/api/recordings", data=b"--x\r\nrubbish", headers=broken).status_code in (400, 422)
    raw = b"--x\r\ncontent-disposition: form-data; name=files; filename=\xff\xfe.csv\r\n\r\na\r\n--x--\r\n"
    assert server("POST", "/api/recordings", data=raw, headers=broken).status_code in (400, 422)


def test_validation_errors_name_the_field_and_do_not_repeat_the_value(server):
    answer = server("POST", "/api/generate", json={"options": {"count": "secret"}, "colour": 1})
    assert answer.status_code == 422
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"options.count", "colour"}
    assert "secret" not in answer.text


def test_slow_clients_are_dropped_and_others_are_served(server):
    host, port = server.url.removeprefix("http://").split(":")
    clients = []
    for i in range(600):
        client = socket.create_connection((host, int(port)), timeout=30)
        start = (
            b"GET /healthz HTTP/1.1\r\nhost: 127" if i % 2 else b"POST /api/generate HTTP/1.1\r\ncontent-le"
        )
        client.sendall(start)
        clients.append(client)
    assert server("GET", "/healthz").status_code == 200
    deadline = time.monotonic() + 60
    while any(map(is_open, clients)) and time.monotonic() < deadline:
        for client in clients:
            try:
                client.sendall(b".")  # a byte now and then does not help
            except OSError:
                continue
        time.sleep(0.5)
    assert not any(map(is_open, clients))
    for client in clients:
        client.close()
    assert server("GET", "/healthz").status_code == 200


def is_open(client):
    client.settimeout(0)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_a_client_that_waits_between_requests_or_for_a_job_is_kept(server):
    with requests.Session() as session:
        headers = {"Authorization": f"Bearer {server.token}"}
        job = session.post(f"{server.url}/api/generate", json={"model": FAST}, headers=headers).json()
        ended = session.get(f"{server.url}/api/jobs/{job['id']}?wait=60", headers=headers).json()
        assert ended["state"] == "done"
    body = json.dumps({"model": FAST}).encode()
    head = f"POST /api/generate HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {server.token}\r\n"
    head += f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    host, port = server.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=30)) as client:
        client.sendall(head.encode())
        for i in range(len(body)):
            client.sendall(body[i : i + 1])
            time.sleep(0.05)
        assert client.recv(1000).startswith(b"HTTP/1.1 202")


def test_many_clients_at_once_are_answered(server):
    answers = []

    def ask():
        answers.append(server("GET", "/api/recordings").status_code)

    threads = [threading.Thread(target=ask) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 100
