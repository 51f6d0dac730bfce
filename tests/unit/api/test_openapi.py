"""The OpenAPI document: all that programs may use, with examples that are what their schemas say."""

import pytest
from jsonschema import Draft202012Validator

from tests.unit.api.test_every_route import DOCUMENT, OPEN, ROUTES, SCOPES

PROBLEM = {"status", "error_type", "message", "status_code", "details"}
PROGRAMS = [route for route in ROUTES if route[1].startswith(("/api/", "/postback", "/healthz"))]


def operation(method: str, path: str) -> dict:
    return DOCUMENT["paths"][path][method.lower()]


def wrong(schema: dict, value: object) -> list[str]:
    whole = schema | {"components": DOCUMENT["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_it_holds_what_programs_use_and_no_page():
    told = {(method.upper(), path) for path, ways in DOCUMENT["paths"].items() for method in ways}
    assert told == set(PROGRAMS)
    assert DOCUMENT["openapi"].startswith("3.1")


@pytest.mark.parametrize(("method", "path"), PROGRAMS)
def test_every_route_is_told_with_its_errors(method, path):
    told = operation(method, path)
    assert len(told["summary"]) > 10
    scope = SCOPES[method, path]
    if scope is None:
        assert (method, path) in OPEN
        assert told["security"] == []
    else:
        by_token, by_cookie = told["security"]
        assert by_token == {"bearer": [scope]}
        assert ("csrf" in by_cookie) == (method != "GET")
        assert {"401", "403", "404", "503"} <= told["responses"].keys()
    for code, response in told["responses"].items():
        if code >= "400":
            [content] = response["content"].values()
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert set(content["example"]) == PROBLEM
            assert wrong(content["schema"], content["example"]) == []


@pytest.mark.parametrize(("method", "path"), PROGRAMS)
def test_every_body_and_answer_has_an_example_that_fits(method, path):
    told = operation(method, path)
    bodies = [told.get("requestBody", {})]
    bodies += [response for code, response in told["responses"].items() if code < "300"]
    for body in bodies:
        for content in body.get("content", {}).values():
            examples = [content["example"]] if "example" in content else []
            examples += [one["value"] for one in content.get("examples", {}).values()]
            assert examples
            for example in examples:
                assert wrong(content["schema"], example) == []


@pytest.mark.parametrize(("method", "path"), PROGRAMS)
def test_every_parameter_has_an_example_that_fits(method, path):
    for parameter in operation(method, path).get("parameters", ()):
        assert wrong(parameter["schema"], parameter["example"]) == [], parameter["name"]


def test_it_is_read_with_a_credential_and_made_once(stranger, bearer, app):
    first = stranger.get("/api/openapi.json", headers=bearer("read"))
    assert first.json() == app.state.document
    assert first.json()["paths"].keys() == DOCUMENT["paths"].keys()
    kept = app.state.document
    stranger.get("/api/openapi.json", headers=bearer("read"))
    assert app.state.document is kept
