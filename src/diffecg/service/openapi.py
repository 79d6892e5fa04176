"""What the OpenAPI description states beyond the types: bounds, choices and security."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from diffecg.inference.seeds import MAX_SEED
from diffecg.service.checks import (
    LARGEST_OF_SUBJECT,
    MAX_BATCH_SIZE,
    MAX_EVALUATION_SEEDS,
    MAX_EVALUATION_WINDOWS,
    MAX_GAP_S,
    SAMPLERS,
)
from diffecg.service.examples import EXAMPLES
from diffecg.service.limits import Limits
from diffecg.signal.artefacts import ARTEFACTS

Schema = dict[str, Any]
_OPEN = ("/healthz",)
"""Paths that need no token."""


def describe(app: FastAPI, limits: Limits, cookie: str) -> None:
    """Add bounds, choices and security to the description of an application."""
    generate = app.openapi

    def openapi() -> Schema:
        if app.openapi_schema is None:
            schema = generate()
            schemas = schema["components"]["schemas"]
            for (name, field), keywords in _keywords(limits).items():
                _add(schemas[name]["properties"][field], keywords)
            schema["components"]["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": cookie},
            }
            schema["security"] = [{"token": []}, {"cookie": []}]
            _describe_errors(schema)
            for path in _OPEN:
                for operation in schema["paths"][path].values():
                    operation["security"] = []
            for parameter in schema["paths"]["/api/examples/{name}"]["post"]["parameters"]:
                parameter["schema"]["enum"] = list(EXAMPLES)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _describe_errors(schema: Schema) -> None:
    """State that errors are JSON whatever the type of the answer is, also those that FastAPI describes."""
    body = {"schema": {"$ref": "#/components/schemas/ErrorBody"}}
    for methods in schema["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    response["content"] = {"application/json": body}
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)


def _keywords(limits: Limits) -> dict[tuple[str, str], Schema]:
    """Return JSON schema keywords by schema and field; requests are checked against the same numbers."""
    seed = _bounds(0, MAX_SEED)
    coverage = {"exclusiveMinimum": 0, "exclusiveMaximum": 1}
    artefacts = {"items": {"type": "string", "enum": list(ARTEFACTS)}}
    return {
        ("GenerateOptions", "count"): _bounds(1, limits.max_windows),
        ("GenerateOptions", "seed"): seed,
        ("DrawOptions", "draws"): _bounds(1, limits.max_draws),
        ("DrawOptions", "seed"): seed,
        ("DrawOptions", "coverage"): coverage,
        ("DenoiseOptions", "coverage"): coverage,
        ("DenoiseOptions", "detect"): artefacts,
        ("ImputeOptions", "detect"): artefacts,
        ("ImputeOptions", "max_gap_s"): {"exclusiveMinimum": 0, "maximum": MAX_GAP_S},
        ("SamplerOptions", "sampler"): {"enum": list(SAMPLERS)},
        ("SamplerOptions", "steps"): _bounds(1, limits.max_steps),
        ("SamplerOptions", "batch_size"): _bounds(1, MAX_BATCH_SIZE),
        ("ForecastOptions", "horizon_s"): {"exclusiveMinimum": 0, "maximum": limits.max_horizon_s},
        ("ForecastOptions", "at_s"): {"exclusiveMinimum": 0},
        ("Interval", "start_s"): {"minimum": 0},
        ("Interval", "stop_s"): {"exclusiveMinimum": 0},
        ("ComposeOptions", "minutes"): {"exclusiveMinimum": 0, "maximum": limits.max_minutes},
        ("ComposeOptions", "seed"): seed,
        ("ComposeOptions", "subject_seed"): seed,
        ("ComposeRequest", "text"): {"maxLength": limits.max_rhythm_length},
        **{("SubjectOptions", name): _bounds(0, most) for name, most in LARGEST_OF_SUBJECT.items()},
        ("RhythmRequest", "text"): {"maxLength": limits.max_rhythm_length},
        ("EvaluateRequest", "seeds"): _bounds(2, MAX_EVALUATION_SEEDS),
        ("EvaluateRequest", "max_windows"): _bounds(2, MAX_EVALUATION_WINDOWS),
        ("InterpretationRequest", "fs_hz"): {"exclusiveMinimum": 0},
    }


def _bounds(least: float, most: float) -> Schema:
    return {"minimum": least, "maximum": most}


def _add(schema: Schema, keywords: Schema) -> None:
    """Add keywords to a schema; where null is allowed, to the other alternative."""
    choices = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    (choices[0] if choices else schema).update(keywords)
