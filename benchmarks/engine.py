"""How much slower a billing engine writes while Tidemill reads: `make bench-engine`.

pgbench does to Lago's tables what the engine does. It never pauses; refreshes (or runs) come and
go beside it, and what it gets done in each second counts for the one that went on then, or for the
time between.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from servers import Server, chosen, running
from tidemill_cli.demo.lago.load import generate_and_load

SCRIPT = Path(__file__).with_name("billing.sql")
# As on a small server for billing: everything survives a crash.
SETTINGS = ("shared_buffers=1GB", "max_wal_size=4GB", "checkpoint_timeout=15min", "work_mem=16MB")
PROGRESS = re.compile(r"^progress: ([0-9.]+) s, ([0-9.]+) tps, lat ([0-9.]+) ms", re.MULTILINE)
SUBSCRIPTIONS = """
create schema bench;
create table bench.subscriptions as
select
    row_number() over (order by subscriptions.id) as n, subscriptions.id as subscription_id,
    subscriptions.customer_id, subscriptions.organization_id, customers.billing_entity_id,
    plans.amount_currency as currency, plans.amount_cents
from subscriptions
inner join customers on subscriptions.customer_id = customers.id
inner join plans on subscriptions.plan_id = plans.id
where subscriptions.status = 1 and customers.billing_entity_id is not null;
create unique index on bench.subscriptions (n);
analyze bench.subscriptions;
"""


@dataclass(frozen=True)
class Second:
    """What pgbench got done in a second."""

    at: float
    per_second: float
    latency: float


Seconds = list[Second]


@contextmanager
def billing(server: Server, clients: int, rate: float | None) -> Iterator[Callable[[], Seconds]]:
    """Bill for as long as the context lasts; what is yielded tells what was done so far."""
    with psycopg.connect(server.dsn) as session:
        row = session.execute("select count(*) from bench.subscriptions").fetchone()
    assert row
    command = [str(server.binaries / "pgbench"), "--no-vacuum", "--protocol=prepared"]
    command += ["--progress=1", "--progress-timestamp", "--time=86400", f"--file={SCRIPT}"]
    command += [f"--client={clients}", f"--define=subscriptions={row[0]}"]
    # What cannot be billed within a second of its time is lost: else a queue would hide it.
    command += [f"--rate={rate:.0f}", "--latency-limit=1000"] if rate else []
    with tempfile.NamedTemporaryFile("w+") as told:
        process = subprocess.Popen([*command, server.dsn], stdout=subprocess.DEVNULL, stderr=told)

        def done() -> Seconds:
            text = Path(told.name).read_text()
            if process.poll() is not None:
                sys.exit(text)
            return [Second(*map(float, found)) for found in PROGRESS.findall(text)]

        try:
            yield done
        finally:
            process.terminate()
            process.wait()


def tidemill(
    server: Server, folder: Path, arguments: argparse.Namespace, command: str
) -> tuple[float, float]:
    """Do it once; from when to when."""
    began = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "tidemill_cli", command, "--dsn", server.dsn, *arguments.words],
        cwd=folder,
        env={**os.environ, "PGOPTIONS": arguments.pgoptions},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or "Building everything" in done.stderr:
        sys.exit(done.stderr)
    print(f"<!-- {done.stderr.strip().splitlines()[-1]} -->")
    return began, time.time()


def during(seconds: Seconds, began: float, ended: float) -> Seconds:
    """The whole seconds of a span."""
    return [second for second in seconds if began + 1 < second.at <= ended]


def tps(seconds: Seconds) -> float:
    """Transactions in a second."""
    return statistics.fmean(second.per_second for second in seconds)


def latency(seconds: Seconds) -> float:
    """How long one took, in milliseconds."""
    return statistics.fmean(second.latency for second in seconds)


def measure(
    server: Server, folder: Path, arguments: argparse.Namespace, rate: float | None
) -> None:
    """Print what each refresh, or run, cost, against the time right before and after it."""
    print(
        f"\nrate: {'unlimited' if rate is None else f'{rate:.0f}/s'}, {arguments.clients} clients"
    )
    headers = "seconds | before and after, tps | during, tps | lost | latency, ms | load"
    print(f"| {arguments.command} | {headers} |")
    print("|---|---|---|---|---|---|---|", flush=True)
    losses = []
    with billing(server, arguments.clients, rate) as done:
        time.sleep(arguments.seconds)
        for number in range(arguments.rounds):
            began, ended = tidemill(server, folder, arguments, arguments.command)
            time.sleep(arguments.seconds)
            meanwhile = during(done(), began, ended)
            beside = during(done(), began - arguments.seconds, began)
            beside += during(done(), ended, ended + arguments.seconds)
            losses.append(1 - tps(meanwhile) / tps(beside))
            print(
                f"| {number + 1} | {ended - began:.0f} | {tps(beside):.0f} | {tps(meanwhile):.0f} "
                f"| {losses[-1]:.1%} | {latency(beside):.1f} -> {latency(meanwhile):.1f} "
                f"| {os.getloadavg()[1]:.1f} |",
                flush=True,
            )
    print(
        f"median {statistics.median(losses):.1%}, from {min(losses):.1%} to {max(losses):.1%}",
        flush=True,
    )


def full_speed(server: Server, arguments: argparse.Namespace) -> float:
    """How much is billed in a second while nothing else goes on."""
    with billing(server, arguments.clients, None) as done:
        time.sleep(arguments.seconds)
        return tps(done())


def main() -> None:
    """Measure at a given rate, or at half of the full speed and at full speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", choices=("refresh", "run"), default="refresh")
    parser.add_argument("--customers", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20, help="between two")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument(
        "--rate",
        type=float,
        help="transactions a second; beyond a fifth of all customers changed, "
        "a refresh builds everything",
    )
    parser.add_argument("--pgoptions", default="", help="settings of its own sessions")
    parser.add_argument("words", nargs="*", help="passed to the command, after --")
    arguments = parser.parse_args()
    with (
        running(chosen(), *SETTINGS) as server,
        tempfile.TemporaryDirectory(prefix="tidemill-bench-") as folder,
    ):
        with psycopg.connect(server.dsn) as session:
            generate_and_load(session, arguments.customers, 1, datetime.now(UTC), years=3)
        with psycopg.connect(server.dsn, autocommit=True) as session:
            session.execute(SUBSCRIPTIONS)
            version = session.info.parameter_status("server_version")
        print(f"PostgreSQL {version}, {os.cpu_count()} cores, {arguments.customers} customers.")
        speed = full_speed(server, arguments)
        print(f"pgbench alone: {speed:.0f} transactions a second.")
        tidemill(server, Path(folder), arguments, "run")
        for rate in [arguments.rate] if arguments.rate else [speed / 2, None]:
            measure(server, Path(folder), arguments, rate)


if __name__ == "__main__":
    main()
