"""The description of the service, from which clients are generated."""

import pytest
from servers import serving

FAST = "mitbih-beat-fast"


@pytest.fixture(scope="module")
def described():
    with serving("--model", FAST, "--max-windows", 7) as server:
        yield server, server("GET", "/openapi.json").json()


def operations(api):
    return [
        (path, method, operation)
        for path, methods in api["paths"].items()
        for method, operation in methods.items()
    ]


def resolve(api, schema):
    while "$ref" in schema:
        schema = api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def test_every_operation_has_a_name_of_its_own_and_describes_its_errors(described):
    _, api = described
    names = [operation["operationId"] for _, _, operation in operations(api)]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    for path, _, operation in operations(api):
        if not path.startswith("/api"):
            continue
        assert {"401", "403", "421", "422"} <= set(operation["responses"]), path
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                schema = resolve(api, response["content"]["application/json"]["schema"])
                assert schema["title"] == "ErrorBody", (path, status)
    submit = api["paths"]["/api/generate"]["post"]["responses"]
    assert {"202", "413", "429", "507"} <= set(submit)
    assert "429" not in api["paths"]["/api/jobs/{job_id}"]["get"]["responses"]


def test_numbers_have_bounds_and_texts_have_choices(described):
    server, api = described
    schemas = api["components"]["schemas"]
    count = schemas["GenerateOptions"]["properties"]["count"]
    assert (count["minimum"], count["maximum"]) == (1, 7)
    assert server("POST", "/api/generate", json={"model": FAST, "options": {"count": 8}}).status_code == 413
    sampler = schemas["SamplerOptions"]["properties"]["sampler"]["anyOf"][0]
    assert sampler["enum"] == ["ddpm", "ddim", "heun", "dpm2m"]
    example = api["paths"]["/api/examples/{name}"]["post"]["parameters"][0]["schema"]
    assert "detached-electrode" in example["enum"]
    assert schemas["ImputeOptions"]["properties"]["write"]["enum"] == ["draw", "mean", "none"]


def test_binary_answers_and_results_are_described(described):
    _, api = described
    for path in (
        "recordings/{recording_id}/signal",
        "jobs/{job_id}/windows",
        "jobs/{job_id}/download",
        "real",
    ):
        content = api["paths"][f"/api/{path}"]["get"]["responses"]["200"]["content"]
        assert "application/json" not in content, path
        assert all(one["schema"] == {"type": "string", "format": "binary"} for one in content.values())
    result = api["paths"]["/api/jobs/{job_id}/result"]["get"]["responses"]["200"]["content"]
    mapping = result["application/json"]["schema"]["discriminator"]["mapping"]
    assert set(mapping) == {"generate", "impute", "denoise", "forecast", "compose", "evaluate", "example"}


def test_security_is_described(described):
    server, api = described
    port = server.url.rsplit(":", 1)[1]
    assert api["components"]["securitySchemes"] == {
        "token": {"type": "http", "scheme": "bearer"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": f"diffecg_token_{port}"},
    }
    assert api["security"] == [{"token": []}, {"cookie": []}]
    assert api["paths"]["/healthz"]["get"]["security"] == []


def test_the_examples_of_requests_are_accepted_as_they_are(described):
    server, api = described
    info = server("POST", "/api/examples/detached-electrode").json()
    generated, _ = server.result("generate", model=FAST, options={"count": 2})
    names = set(server.model_names())
    sent = 0
    for path, method, operation in operations(api):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if method != "post" or body is None:
            continue
        for example in resolve(api, body["schema"])["examples"]:
            values = dict(example)
            if "recording" in values:
                values["recording"] = info["id"]
            if "synthetic" in values:
                values["synthetic"] = generated["id"]
            if values.get("model") and values["model"] not in names:
                values["model"] = FAST
            answer = server("POST", path, json=values)
            assert answer.status_code < 300 or "without real beats" in answer.text, (path, answer.text)
            sent += 1
    assert sent >= 7
