"""The OpenAPI document: kept in docs/, the one that is served, complete, and true of what is answered."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from terminal.local_api.app import create_app, openapi_document
from terminal.local_api.role import Role
from tests.demo.processes import tongka
from tests.terminal.local_api.served import ServedApi

KEPT: Final = Path(__file__).parents[3] / "docs" / "openapi" / "local-api.json"
DOCUMENT: Final[dict[str, Any]] = create_app().openapi()
SCHEMAS: Final[dict[str, Any]] = DOCUMENT["components"]["schemas"]


def members(schema: dict[str, Any], value: Any, place: str = "") -> list[str]:
    """Where a value has other members than its schema, which leaves none open."""
    if "$ref" in schema:
        return members(SCHEMAS[schema["$ref"].rpartition("/")[2]], value, place)
    if "anyOf" in schema:
        is_null = value is None
        chosen = [one for one in schema["anyOf"] if (one.get("type") == "null") is is_null]
        return members(chosen[0], value, place) if chosen else [place]
    if schema.get("type") == "array":
        return [fault for one in value for fault in members(schema["items"], one, f"{place}[]")]
    if schema.get("type") == "object" and "properties" in schema:
        known = schema["properties"]
        faults = [f"{place}.{name}" for name in set(value) ^ set(known)]
        return faults + [
            fault
            for name in set(value) & set(known)
            for fault in members(known[name], value[name], f"{place}.{name}")
        ]
    return []


def test_the_kept_document_is_current() -> None:
    # Made anew by: tongka api openapi > docs/openapi/local-api.json
    assert KEPT.read_text() == openapi_document()


def test_the_command_and_the_terminal_give_the_same(api: ServedApi) -> None:
    assert tongka("api", "openapi", environment=api.pcscd.environment()) == openapi_document()
    assert api.till.ask("GET", "/openapi.json") == json.loads(openapi_document())


def test_every_reference_leads_somewhere_and_every_operation_is_described() -> None:
    for name in re.findall(r'"#/components/schemas/([^"]+)"', openapi_document()):
        assert name in SCHEMAS, name
    for path, methods in DOCUMENT["paths"].items():
        assert path.startswith("/v1/")
        for operation in methods.values():
            assert re.search(r"[\u4e00-\u9fff]", operation["description"]), path
            assert {"4XX", "5XX"} <= set(operation["responses"])
    assert DOCUMENT["security"] == [{"token": []}]
    assert set(SCHEMAS["Problem"]["properties"]) == {"code", "cause", "next_step"}


def test_answers_are_as_the_document_says(api: ServedApi) -> None:
    staff = api.staff
    sale = api.tap(staff, staff.begin({"companions": 1}, {}), api.card())
    done = staff.ask("POST", f"/sales/{sale['id']}/confirm")
    number = sale["lines"][0]["number"]
    for name, said in (
        ("SaleStatus", sale),
        ("SaleStatus", done),
        ("Sales", staff.ask("GET", "/sales")),
        ("Status", staff.ask("GET", "/status")),
        ("Services", staff.ask("GET", "/services")),
        ("ServicesFound", staff.ask("GET", "/services/search?q=cs")),
        ("ServiceShown", staff.ask("GET", "/services/PARK-T")),
        ("Receipt", staff.ask("GET", f"/taps/{number}/receipt?short=true")),
        ("Tap", staff.ask("POST", f"/taps/{number}/cancel")),
        ("Problem", staff.ask("GET", "/services/NONE", status=404)),
    ):
        assert members(SCHEMAS[name], said) == [], name


def test_services_are_found_paged_and_shown(api: ServedApi) -> None:
    watch = api.caller(Role.WATCH)
    page = watch.ask("GET", "/services?limit=1")
    assert [one["code"] for one in page["items"]] == ["PARK-T"] and page["next"] is None
    assert watch.ask("GET", "/services?after=PARK-T")["items"] == []
    [found] = watch.ask("GET", "/services/search?q=ceshi gongyuan")["items"]
    assert found["code"] == "PARK-T" and found["offered"] and found["why"]["zh"]
    shown = watch.ask("GET", "/services/PARK-T")
    assert shown["tickets"] == {"half": 4500} and shown["description"]["pinyin"] == "ce shi gong yuan"
