"""What `--help` of each command ends with."""

from __future__ import annotations

from typing import Any

EXAMPLES = {
    "demo": ["demo", "demo --engine stripe --customers 500", "demo --stop"],
    "init": [
        "init --dsn 'host=db dbname=lago user=postgres'",
        "init --dsn 'host=db dbname=lago user=postgres' --tenant acme_reader=ID --apply",
    ],
    "doctor": ["doctor", "doctor --vars 'tidemill_billing_sources=[stripe]'"],
    "run": ["run", "run --vars tidemill_reporting_currency=EUR --json"],
    "refresh": ["refresh", "refresh --check"],
    "watch": ["watch --every 1m", "watch --every 5s --build-every 12h --json"],
    "rebuild": ["rebuild", "rebuild --no-switch"],
    "definitions list": ["definitions", "definitions list --json"],
    "definitions set": ["definitions set mrr_discounts=none netting=month"],
    "definitions unset": ["definitions unset netting"],
    "status": ["status", "status --max-age 2h --json"],
    "mrr": [
        "mrr",
        "mrr --by plan,country --currency USD",
        "mrr --grain month --from 12m",
        "mrr --as-of 2026-03 --where plan=pro --json",
    ],
    "arr": ["arr", "arr --by country", "arr --grain quarter --from 2025"],
    "movements": [
        "movements --as-of last-month",
        "movements --list --customer ID",
        "movements --by plan --from 2026-01 --csv",
    ],
    "waterfall": ["waterfall", "waterfall --as-of 2026-03 --by plan"],
    "churn": [
        "churn",
        "churn --as-of last-month --by plan --show all",
        "churn --grain quarter --from 2y --where plan=pro --sql",
    ],
    "retention": ["retention --from 2026-01", "retention --as-of last-month --by country"],
    "cohorts": ["cohorts", "cohorts --from 2026-01 --show mrr_retention"],
    "arpa": ["arpa --by plan", "arpa --grain month --from 12m"],
    "ltv": ["ltv", "ltv --as-of last-month --by plan"],
    "trials": ["trials --grain week --from 8w", "trials --by plan --as-of last-month"],
    "customers": ["customers", "customers --grain month --from 12m"],
    "usage": ["usage", "usage --by product --from 3m --csv"],
    "concentration": ["concentration", "concentration --grain month --from 12m"],
    "committed": ["committed", "committed --by plan --json"],
    "cac": ["cac", "cac --grain quarter --from 2025"],
    "segments list": ["segments", "segments list --json"],
    "segments load": ["segments load segments.yml"],
    "attributes load": ["attributes load customers.csv"],
    "explain mrr": [
        "explain mrr --as-of 2026-03",
        "explain mrr --as-of 2026-03-31 --customer ID",
    ],
    "explain movement": ["explain movement lago:TENANT:CUSTOMER:2026-03-14:1"],
    "explain churn": ["explain churn 2026-03", "explain churn last-month --tenant ID --json"],
    "export": [
        "export mrr --to mrr.csv",
        "export ledger --to ledger/ --format parquet",
        "export ledger --to ledger/ --format parquet --since last-month",
    ],
    "diff": ["diff", "diff --json"],
    "rollback": ["rollback"],
    "prune": ["prune", "prune --keep 1"],
    "reconcile": [
        "reconcile",
        "reconcile --against invoices --from 2026-03 --tolerance 1.00",
        "reconcile --against ledger --json",
    ],
    "fx load": ["fx load eurofxref-hist.zip", "fx load rates.csv --base USD"],
    "spend load": ["spend load spend.csv"],
}


def give_examples(command: Any, name: str) -> None:  # noqa: ANN401 - typer's type is not public
    """End the help of a command, and of its subcommands, with examples."""
    for subcommand in getattr(command, "commands", {}).values():
        give_examples(subcommand, f"{name} {subcommand.name}")
    if name in EXAMPLES:
        lines = "\n".join(f"  tidemill {line}" for line in EXAMPLES[name])
        command.epilog = f"\b\nExamples:\n{lines}"
