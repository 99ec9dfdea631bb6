"""Random histories of Stripe: what Sigma would say of the truth is what the ledger says."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings

from reference.stripe.sigma import Settings, change_events
from reference.stripe.sigma_tables import create_table, load_events
from tidemill_cli.database.comparison import Comparison
from tidemill_cli.database.ledger import find_ledger
from tidemill_cli.database.sigma import SOURCE, find_sigma
from tidemill_cli.reconcile import compare

from .build import StripeBuild
from .catalogue import START
from .histories import Example, examples
from .play import END
from .test_ledger import MOST, without_coupons
from .test_truth import played, truth

LIKE_TIDEMILL = Settings(discounts=("forever", "repeating"), ends="period")
# Of Stripe's history the ledger needs no more.
NAMES = ("mrr_movements", "as_of", "stripe_currencies")


@settings(max_examples=min(settings.default.max_examples, MOST))
@given(example=examples().map(without_coupons))
def test_sigma_made_of_the_truth_reconciles(build: StripeBuild, example: Example) -> None:
    happened, build = played(example), build.over(example.generation)
    account = happened.objects["accounts"][0]["id"]
    tenant = "default" if build.generation == "classic" else account
    owners = {doc["id"]: tenant for doc in happened.objects["customers"]}
    events = change_events(truth(happened), owners, LIKE_TIDEMILL)
    with build.of(happened, events=True, names=NAMES) as connection:
        ledger = find_ledger(connection, "tidemill")
        if not events:
            (count,) = connection.execute("select count(*) from tidemill_core.mrr_movements")
            assert count == (0,)
            return
        create_table(connection)
        load_events(connection, events)
        sigma = find_sigma(connection, "sigma", ledger)
        comparison = Comparison(ledger, SOURCE, sigma.amounts, sigma.units)
        stop = ledger.last_day + timedelta(days=1)
        outcome = compare(comparison.changes(), START.date(), stop, Decimal(0))
        named = comparison.subscriptions(outcome.runs, 3)
    assert (outcome.first, outcome.last) == (START.date(), END.date())
    assert list(zip(outcome.runs, named, strict=True)) == []
