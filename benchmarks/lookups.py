"""How long look-ups take, in SQL and as a process: `make bench-lookups`.

Loads a generated Lago and three segments, builds everything, and asks for every metric: its total,
split by each dimension, and of a segment, now and as a series of 36 months.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from lag import SETTINGS

from servers import chosen, running
from tidemill_cli.client import Client
from tidemill_cli.config import ConnectionOptions
from tidemill_cli.demo.lago.load import generate_and_load
from tidemill_cli.lookup.metrics import METRICS, Metric
from tidemill_cli.lookup.question import Asked, Question, question
from tidemill_cli.periods import Grain

SEGMENTS = """
segments:
  dach: {country: [DE, AT, CH]}
  abroad: {not: {country: [US]}}
  yearly: {interval: year}
"""
PROCESSES = (
    ("mrr", "--by", "plan"),
    ("churn", "--from", "12m"),
    ("cohorts", "--from", "12m"),
    ("mrr", "--segment", "dach", "--by", "plan"),
)


def main() -> None:
    """Build, ask, and print a row per kind of question."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    with (
        running(chosen(), *SETTINGS) as server,
        tempfile.TemporaryDirectory(prefix="tidemill-bench-") as name,
    ):
        folder = Path(name)
        (folder / "segments.yml").write_text(SEGMENTS)
        with psycopg.connect(server.dsn) as session:
            generate_and_load(
                session, arguments.customers, 1, datetime.now(UTC), years=arguments.years
            )
        with psycopg.connect(server.dsn, autocommit=True) as session:
            session.execute("vacuum analyze")

        def tidemill(*words: str) -> float:
            began = time.monotonic()
            command = [sys.executable, "-m", "tidemill_cli", *words, "--dsn", server.dsn]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            return time.monotonic() - began

        tidemill("segments", "load")
        built = tidemill("run")
        print(
            f"{arguments.customers:,} customers, {arguments.years} years, "
            f"{os.cpu_count()} cores; a whole run with three segments took {built:.0f} s.\n"
        )
        print("| asked | statements | median, ms | p95, ms | longest, ms |\n|---|---|---|---|---|")
        with Client(ConnectionOptions(dsn=server.dsn), "tidemill bench") as client:
            for kind in ("total", "a dimension", "a segment"):
                for is_series in (False, True):
                    times = in_sql(client, kind, is_series, arguments.rounds)
                    row(f"{kind}, {'36 months' if is_series else 'now'}", times)
        for words in PROCESSES:
            row(
                f"process: `tidemill {' '.join(words)}`",
                [1000 * tidemill(*words) for _ in range(arguments.rounds)],
            )


def in_sql(client: Client, kind: str, is_series: bool, rounds: int) -> list[float]:
    """Milliseconds of every statement of a kind, and the slowest of them on stderr."""
    times: dict[str, list[float]] = {}
    for metric in METRICS.values():
        for words, asked in questions(metric, kind, is_series):
            client.answer(asked)  # warm, as a dashboard's are
            for _ in range(rounds):
                began = time.perf_counter()
                client.answer(asked)
                times.setdefault(words, []).append(1000 * (time.perf_counter() - began))
    slowest = max(times, key=lambda words: statistics.median(times[words]))
    print(f"slowest: {slowest}, {statistics.median(times[slowest]):.0f} ms", file=sys.stderr)
    return [one for of_words in times.values() for one in of_words]


def questions(metric: Metric[Any], kind: str, is_series: bool) -> Iterator[tuple[str, Question]]:
    """What can be asked of a metric, in words, too."""
    series: dict[str, Any] = {}
    if is_series:
        if Grain.MONTH not in metric.grains:
            return
        series = {"grain": Grain.MONTH, "start": "36m"}
    splits: list[str | None] = [None]
    if kind == "a dimension":
        splits = [name for name in metric.split_by if name != "segment"]
    for by in splits:
        segment = "dach" if kind == "a segment" and "segment" in metric.split_by else None
        if kind == "a segment" and segment is None:
            continue
        asked = Asked(by=[by] if by else [], segment=segment, **series)
        yield f"{metric.name} {by or ''} {segment or ''}", question(metric, asked)


def row(asked: str, times: list[float]) -> None:
    """A line of the table."""
    p95 = statistics.quantiles(times, n=20)[-1]
    print(
        f"| {asked} | {len(times)} | {statistics.median(times):.0f} | {p95:.0f} | "
        f"{max(times):.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
