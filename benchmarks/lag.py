"""How long after a commit in Lago's tables metric_mrr shows it: `make bench-lag`.

`tidemill watch --every 500ms` goes on beside it; each change is committed, and metric_mrr is asked
again and again until it is another. The build and refreshes without a change are timed, too.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from servers import Server, chosen, running
from tidemill_cli.demo.lago.load import generate_and_load

SETTINGS = ("shared_buffers=2GB", "max_wal_size=4GB", "work_mem=64MB", "maintenance_work_mem=512MB")
# What an engine writes when somebody leaves, and when everybody of a plan pays more.
END = """
update subscriptions set status = 2, terminated_at = clock_timestamp()
where id = (
    select subscriptions.id
    from subscriptions
    inner join plans on subscriptions.plan_id = plans.id
    where subscriptions.status = 1 and plans.amount_cents > 0
    order by md5(subscriptions.id::text || %(round)s)
    limit 1
)
"""
PRICE = """
update plans set amount_cents = amount_cents + 100
where id = (
    select plan_id from subscriptions where status = 1
    group by plan_id having count(*) > 1 order by count(*), md5(plan_id::text || %(round)s) limit 1
)
"""
CHANGES = {"a subscription ends": END, "a plan's price": PRICE}
# Asked as a dashboard would, of the last days only: to read all of them twenty times a second would
# keep a processor busy.
MRR = """
select sum(mrr) from tidemill.metric_mrr
where grain = 'day' and period_start >= current_date
"""


@contextmanager
def watching(server: Server, folder: Path) -> Iterator[Path]:
    """Refresh all the time; what each round said is in the file that is yielded."""
    said = folder / "watch.jsonl"
    command = [sys.executable, "-m", "tidemill_cli", "watch", "--dsn", server.dsn]
    with said.open("w") as out, (folder / "watch.log").open("w") as errors:
        process = subprocess.Popen(
            [*command, "--every", "500ms", "--json"], cwd=folder, stdout=out, stderr=errors
        )
        try:
            yield said
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def rounds(said: Path) -> list[dict[str, Any]]:
    """What the watch did so far."""
    return [json.loads(line) for line in said.read_text().splitlines() if line.endswith("}")]


def lag(session: psycopg.Connection[Any], change: str, number: int, limit: float) -> float:
    """Seconds from the commit of a change to its being seen."""
    before = session.execute(MRR).fetchone()
    session.execute(change, {"round": number})  # type: ignore[arg-type] - one of ours
    committed = time.monotonic()
    while session.execute(MRR).fetchone() == before:
        if time.monotonic() - committed > limit:
            sys.exit(f"nothing was seen of it for {limit:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - committed


def main() -> None:
    """Build, watch, change, and print a row per kind of change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--limit", type=float, default=600, help="seconds to wait for a change")
    arguments = parser.parse_args()
    with (
        running(chosen(), *SETTINGS) as server,
        tempfile.TemporaryDirectory(prefix="tidemill-bench-") as name,
    ):
        folder = Path(name)
        with psycopg.connect(server.dsn) as session:
            generate_and_load(
                session, arguments.customers, 1, datetime.now(UTC), years=arguments.years
            )
        with psycopg.connect(server.dsn, autocommit=True) as session:
            session.execute("vacuum analyze")
            began = time.monotonic()
            command = [sys.executable, "-m", "tidemill_cli", "run", "--dsn", server.dsn]
            subprocess.run(command, cwd=folder, check=True, stderr=subprocess.DEVNULL)
            built = time.monotonic() - began
            print(
                f"{arguments.customers:,} customers, {arguments.years} years, "
                f"{os.cpu_count()} cores; a whole run took {built:.0f} s.\n"
            )
            print("| change | rounds | median | longest |\n|---|---|---|---|", flush=True)
            with watching(server, folder) as said:
                while not [one for one in rounds(said) if one["outcome"] == "refreshed"]:
                    time.sleep(0.5)
                for kind, change in CHANGES.items():
                    lags = []
                    for number in range(arguments.rounds):
                        lags.append(lag(session, change, number, arguments.limit))
                        time.sleep(1)
                    print(
                        f"| {kind} | {len(lags)} | {statistics.median(lags):.1f} s "
                        f"| {max(lags):.1f} s |",
                        flush=True,
                    )
                told = [one for one in rounds(said) if one["outcome"] == "refreshed"]
            for kind, of_kind in {
                "a refresh in which nothing changed": lambda one: not one["relations"],
                "a refresh in which something did": lambda one: one["relations"],
            }.items():
                seconds = [one["seconds"] for one in told if of_kind(one)]
                if seconds:
                    print(
                        f"| {kind} | {len(seconds)} | {statistics.median(seconds):.1f} s "
                        f"| {max(seconds):.1f} s |"
                    )


if __name__ == "__main__":
    main()
