"""What is wrong with a policy, said with round, clause and key."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from admissions.errors import did_you_mean


def describe(error: ValidationError, content: Mapping[str, Any], name: str, model: type[BaseModel]) -> str:
    """Return every problem of a policy, a line each, pointing to round and key."""
    problems = error.errors()
    inside = {problem["loc"][:-depth] for problem in problems for depth in range(1, len(problem["loc"]))}
    told = [problem for problem in problems if not (problem["type"] == "too_short" and problem["loc"] in inside)]
    lines = [f"  {_line(problem, content, model)}" for problem in told]
    return "\n".join([f"{len(lines)} problem{'s' if len(lines) > 1 else ''} in {name}", *dict.fromkeys(lines)])


def _line(problem: Any, content: Any, model: type[BaseModel]) -> str:
    steps: list[str] = []
    at = content
    for step in problem["loc"]:
        if isinstance(step, int) and isinstance(at, Sequence) and not isinstance(at, str) and step < len(at):
            at = at[step]
            label = at.get("name", at.get("class")) if isinstance(at, Mapping) else None
            steps[-1] += f" '{label}'" if label else f" {step + 1}"
        elif isinstance(at, Mapping) and (step in at or problem["type"] in ("missing", "extra_forbidden")):
            at = at.get(step) if isinstance(at, Mapping) else None
            steps.append(str(step))
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = f"unknown key{did_you_mean(steps[-1], _keys(model, problem['loc']))}"
    if problem["type"] == "missing":
        message = "this key is missing"
    value = f" = {at!r}" if isinstance(at, str | int) and problem["type"] != "extra_forbidden" else ""
    return f"{' › '.join(steps)}{value}: {message}" if steps else message


def _keys(model: type[BaseModel], loc: Sequence[Any]) -> list[str]:
    """Return the keys known at the place an unknown one stands."""
    for step in loc[:-1]:
        field = next((f for n, f in model.model_fields.items() if step in (n, f.alias)), None)
        if field is not None:
            model = next((m for m in _models(field.annotation)), model)
    return [field.alias or key for key, field in model.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
