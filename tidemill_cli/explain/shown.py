"""An explanation as people and programs read it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from tidemill_cli.explain.explanation import Explanation, Step


def text(explanation: Explanation) -> str:
    """Steps one below the other, each with its rules and what adds up."""
    parts = [explanation.title]
    parts += [_step(number, step) for number, step in enumerate(explanation.steps, start=1)]
    return "\n\n".join(parts)


def document(explanation: Explanation) -> dict[str, object]:
    """For programs: decimals as text."""
    return {
        "title": explanation.title,
        "holds": explanation.holds,
        "steps": [
            {
                "title": step.title,
                "rows": [_plain(row) for row in step.rows],
                "rules": [vars(rule) for rule in step.rules],
                "checks": [
                    {
                        "what": check.what,
                        "here": f"{check.here:f}",
                        "there": f"{check.there:f}",
                        "currency": check.currency,
                        "holds": check.holds,
                    }
                    for check in step.checks
                ],
            }
            for step in explanation.steps
        ],
    }


def _step(number: int, step: Step) -> str:
    lines = [f"{number}. {step.title}", *(f"   {line}" for line in step.lines)]
    failed = [check for check in step.checks if not check.holds]
    # What adds up is told once for all where there is much of it.
    told = step.checks if len(step.checks) <= 5 or failed else step.checks[:0]
    lines += [f"   = {check}" for check in told]
    if step.checks and not told:
        lines.append(f"   = {len(step.checks)} amounts worked out again, equal")
    if step.rules:
        rules = ", ".join(f"{rule.option}: {rule.value}" for rule in step.rules)
        lines.append(f"   by {rules}")
    return "\n".join(lines)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)
