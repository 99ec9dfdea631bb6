"""The XML says what the plans are."""

from decimal import Decimal
from xml.etree import ElementTree

from tidemill_cli.demo.killbill.catalog import Version, of_plan, xml
from tidemill_cli.demo.killbill.plans import plan

from .scripts import PLANS, PRODUCTS, at, engine


def read() -> ElementTree.Element:
    version = Version(at("2023-01-01"), PLANS, PRODUCTS)
    return ElementTree.fromstring(xml(version).encode())


def test_phases_and_prices_can_be_read() -> None:
    eased = next(one for one in read().iter("plan") if one.get("name") == "eased")
    phases = [*eased.iterfind("initialPhases/phase"), *eased.iterfind("finalPhase")]
    assert [
        (
            phase.get("type"),
            phase.findtext("duration/unit"),
            phase.findtext("duration/number"),
            phase.findtext("recurring/billingPeriod"),
            phase.findtext("recurring/recurringPrice/price/value"),
        )
        for phase in phases
    ] == [
        ("TRIAL", "DAYS", "14", None, None),
        ("DISCOUNT", "MONTHS", "2", "MONTHLY", "20"),
        ("EVERGREEN", "UNLIMITED", None, "MONTHLY", "31"),
    ]
    # Free in every currency.
    fixed = phases[0].find("fixed/fixedPrice")
    assert fixed is not None
    assert len(fixed) == 0


def test_plans_and_versions_say_how_they_bill() -> None:
    catalog = read()
    assert catalog.findtext("effectiveDate") == "2023-01-01T00:00:00+00:00"
    assert catalog.findtext("recurringBillingMode") == "IN_ADVANCE"
    modes = {one.get("name"): one.findtext("recurringBillingMode") for one in catalog.iter("plan")}
    assert {name for name, mode in modes.items() if mode == "IN_ARREAR"} == {"after"}


def test_the_catalog_is_kept_among_the_tenants_keys() -> None:
    kb, account = engine()
    kb.secret(account.tenant, "killbill-stripe", "apiKey=secret")
    assert [row["tenant_key"] for row in kb.rows["tenant_kvs"]] == [
        "CATALOG",
        "PLUGIN_CONFIG_killbill-stripe",
    ]


def test_which_version_counts() -> None:
    old, new = plan("basic", "Basic", "31"), plan("basic", "Basic", "40")
    for_all = plan("basic", "Basic", "45", existing_from=at("2024-06-01"))
    versions = [
        Version(at("2023-01-01"), (old,), PRODUCTS),
        Version(at("2024-02-01"), (new,), PRODUCTS),
        Version(at("2024-04-01"), (for_all,), PRODUCTS),
    ]

    def price(now: str, changed: str) -> Decimal | None:
        _, found = of_plan(versions, "basic", at(now), at(changed))
        return found.phases[-1].price("USD")

    assert price("2024-01-15", "2024-01-10") == 31
    assert price("2024-03-01", "2024-01-10") == 31
    assert price("2024-03-01", "2024-02-01") == 40
    assert price("2024-05-01", "2024-02-01") == 40
    assert price("2024-06-01", "2024-02-01") == 45
    assert price("2024-04-01", "2024-04-01") == 45
    # Before the first version there is only that one.
    assert price("2022-01-01", "2022-01-01") == 31
