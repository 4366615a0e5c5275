"""Whatever is sent, to every operation of the document: an answer or a refusal in words, never a fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.local_api.app import create_app
from terminal.local_api.role import Role
from tests.terminal.local_api.served import Caller, ServedApi

#: A token may send a hundred at once.
TOKENS: Final = 24
DOCUMENT: Final[dict[str, Any]] = create_app().openapi()
OPERATIONS: Final = [
    (method.upper(), path.removeprefix("/v1"))
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
]
TEXT: Final = st.text(max_size=20)
NUMBER: Final = st.integers() | st.integers(-2, 3) | st.floats() | st.integers(2**47, 2**70)
SCALAR: Final = st.none() | st.booleans() | NUMBER | TEXT
ANY_JSON: Final = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
#: As the document has it, but for one thing or another.
LINE: Final = st.fixed_dictionaries(
    {},
    optional={
        "service": st.sampled_from(("PARK-T", "", "NONE")) | SCALAR,
        "ticket": st.sampled_from(("", "half")) | SCALAR,
        "fare": st.integers(0, 9000) | SCALAR,
        "companions": st.integers(0, 255) | SCALAR,
        "\ud800": SCALAR,
    },
)
SALE: Final = st.fixed_dictionaries({"lines": st.lists(LINE | ANY_JSON, max_size=70)})
CORRECTION: Final = st.fixed_dictionaries({"fare": NUMBER | SCALAR, "companions": NUMBER | SCALAR})
NEED: Final = st.fixed_dictionaries(
    {"item": st.sampled_from(("PARK-T", "NONE", "")) | SCALAR},
    optional={
        "words": TEXT | SCALAR | st.text(min_size=400, max_size=600),
        "relation": st.sampled_from(("holder", "family")) | SCALAR,
        "recording": st.sampled_from(("", "UklGRg==", "T2dnUw==", "5")) | SCALAR,
    },
)
RATING: Final = st.fixed_dictionaries(
    {"stars": st.integers(0, 6) | SCALAR},
    optional={"sequence": st.integers(-1, 5) | SCALAR, "words": TEXT | SCALAR},
)
#: They wait for a card, and here none comes.
WAITING: Final = ("/needs", "/ratings", "/needs/answers")
BODY: Final = (
    (SALE | CORRECTION | NEED | RATING | ANY_JSON).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=200)
    | st.just(b"")
)
PLACE: Final = st.integers(-1, 5).map(str) | st.integers().map(str) | st.text(min_size=1, max_size=20)
QUERY: Final = st.dictionaries(
    st.sampled_from(("after", "limit", "q", "seen", "wait", "short", "x")),
    st.sampled_from(("", "0", "1", "-1", "true", "nan", "1e400", "9" * 30)) | st.text(max_size=10),
)


@pytest.fixture(scope="module")
def callers(api: ServedApi) -> Iterator[Iterator[Caller]]:
    """Tills that take turns."""
    every = [api.caller(Role.TILL, api.more_tokens(f"random-{n}", Role.STAFF)) for n in range(TOKENS)]
    yield cycle(every)
    for caller in every:
        for sale in caller.ask("GET", "/sales")["sales"]:
            if sale["phase"] == "open":
                caller.ask("POST", f"/sales/{sale['id']}/cancel")


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_requests_are_answered_or_refused(
    callers: Iterator[Caller], operation: tuple[str, str], data: st.DataObject
) -> None:
    method, template = operation
    parts = [
        quote(data.draw(PLACE), safe="", errors="surrogatepass") if part.startswith("{") else part
        for part in template.split("/")
    ]
    query = "&".join(
        f"{name}={quote(value, safe='', errors='surrogatepass')}"
        for name, value in data.draw(QUERY).items()
        if name != "wait" or value in ("", "0", "-1", "nan")
    )
    if template in WAITING:
        query += data.draw(st.sampled_from(("&wait=0", "&wait=0.01")))
    body = data.draw(BODY) if method != "GET" else b""
    kind = data.draw(st.sampled_from(("application/json", "application/json; charset=utf-8", "text/plain")))
    with next(callers).http.stream(
        method, f"/v1{'/'.join(parts)}?{query}", content=body, headers={"Content-Type": kind}
    ) as answer:
        assert answer.status_code < 500, answer.read()
        assert answer.status_code != 429
        if answer.status_code >= 400:
            refusal = json.loads(answer.read())
            assert set(refusal) == {"code", "cause", "next_step"}
