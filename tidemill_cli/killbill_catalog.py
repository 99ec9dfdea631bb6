"""Kill Bill's catalog XML, read for servers that cannot: PostgreSQL built without libxml.

What is read is what macros/killbill/catalog_xml.sql reads where the server can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser

# A later release that reads more counts on, so that what an earlier one read is read again.
READER = 1

_WHITE = re.compile(r"[ \t\r\n]+")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
# XPath's document order: the initial phases of a plan, then its final one.
_PHASES = ("initialPhases/phase", "finalPhase[1]")


@dataclass(frozen=True)
class ReadCatalog:
    """What a version of a catalog says, as texts; or what is wrong with it."""

    problem: str | None = None
    document: dict[str, Any] = field(default_factory=dict)


def read_catalog(xml: str) -> ReadCatalog:
    """Read one version of a catalog. Nothing that it holds can fail the run."""
    # Entities, which can blow a document up or reach for files, are declared in a document type.
    if "<!DOCTYPE" in xml:
        return ReadCatalog("document_type")
    parser = XMLParser()
    try:
        # The text is decoded already, whatever its declaration says.
        parser.feed(_DECLARATION.sub("", xml))
        root = parser.close()
    except (ParseError, ValueError):
        return ReadCatalog("not_well_formed")
    if root.tag != "catalog":
        return ReadCatalog("no_catalog")
    return ReadCatalog(
        document={
            "effective_at": _text(root, "effectiveDate"),
            "billing_mode": _text(root, "recurringBillingMode"),
            "products": [
                {"product": _attribute(product, "name"), "category": _text(product, "category")}
                for product in root.findall("products/product")
            ],
            "phases": list(_phases(root)),
        }
    )


def _phases(root: Element) -> Iterator[dict[str, Any]]:
    for plan in root.findall("plans/plan"):
        phases = [phase for path in _PHASES for phase in plan.findall(path)]
        for number, phase in enumerate(phases):
            yield {
                "plan_name": _attribute(plan, "name"),
                "product": _text(plan, "product"),
                "billing_mode": _text(plan, "recurringBillingMode"),
                "existing_effective_at": _text(plan, "effectiveDateForExistingSubscriptions"),
                "phase_number": number,
                "phase_type": _attribute(phase, "type"),
                "duration_unit": _text(phase, "duration[1]/unit"),
                "duration_number": _text(phase, "duration[1]/number"),
                "billing_period": _text(phase, "recurring[1]/billingPeriod"),
                "has_recurring": phase.find("recurring[1]/recurringPrice") is not None,
                "has_fixed": phase.find("fixed[1]/fixedPrice") is not None,
                "has_usage": phase.find("usages/usage") is not None,
                "recurring": _prices(phase, "recurring[1]/recurringPrice[1]/price"),
                "fixed": _prices(phase, "fixed[1]/fixedPrice[1]/price"),
            }


def _prices(phase: Element, path: str) -> list[dict[str, str | None]]:
    return [
        {"currency": _text(price, "currency"), "price": _text(price, "value")}
        for price in phase.findall(path)
    ]


def _text(element: Element, path: str) -> str | None:
    """The text of the first element of a path."""
    found = element.find(path)
    return None if found is None else _normal("".join(found.itertext()))


def _attribute(element: Element, name: str) -> str | None:
    return _normal(element.get(name) or "")


def _normal(text: str) -> str | None:
    """A text as XPath's normalize-space() gives it."""
    return " ".join(part for part in _WHITE.split(text) if part) or None
