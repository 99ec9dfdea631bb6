"""Golden cases: pauses, past due and requests, which Lago cannot tell.

Lago pauses nothing, and keeps no history of past due and no time of a request.
"""

from reference.surface.builders import at

from .case import SurfaceCase
from .facts import item

PAUSED = [
    item("2024-01-01", "2024-04-01"),
    item("2024-04-01", "2024-06-01", status="paused"),
    item("2024-06-01"),
]
PAST_DUE = [
    item("2024-01-01", "2024-03-05"),
    item("2024-03-05", "2024-04-04", status="past_due"),
]
CANCELLED_ON_REQUEST = [
    item(
        "2024-01-01",
        "2024-02-01",
        cancel_requested_at=at("2024-01-10 15:00"),
        cancel_effective_at=at("2024-02-01"),
    )
]

CASES = [
    SurfaceCase(
        "G8",
        "a pause is churn, and its end a reactivation",
        guards=("R7",),
        facts=PAUSED,
        movements="""
            2024-01-01  new           50   basic  subscription
            2024-04-01  churn         -50  basic  pause
            2024-06-01  reactivation  50   basic  pause
        """,
        mrr={"2024-03-31": "50", "2024-04-30": "0", "2024-05-31": "0", "2024-06-30": "50"},
        customers="""
            2024-04  all  opening 1  lost 1
            2024-06  all  returned 1  customers 1
        """,
        why="Paused is worth nothing.",
    ),
    SurfaceCase(
        "G8-keep",
        "a pause that keeps its MRR is nothing",
        options={"mrr_paused": "keep"},
        facts=PAUSED,
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-04-30": "50", "2024-06-30": "50"},
        why="It counts as if it ran on.",
    ),
    SurfaceCase(
        "G35-requested",
        "a cancellation may count when it is asked for",
        options={"churn_date": "cancel_requested"},
        facts=CANCELLED_ON_REQUEST,
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-01-10  churn  -50  basic  subscription
        """,
        mrr={"2024-01-09": "50", "2024-01-10": "0", "2024-01-31": "0"},
        why="Asked for on 10 January; paid to the end of that month.",
    ),
    SurfaceCase(
        "G35-effective",
        "by default it counts when the service that was paid for ends",
        facts=CANCELLED_ON_REQUEST,
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-02-01  churn  -50  basic  subscription
        """,
        mrr={"2024-01-31": "50", "2024-02-01": "0"},
        why="31 January 24:00 is 1 February 00:00.",
    ),
    SurfaceCase(
        "G36",
        "past due counts until it is cancelled",
        facts=PAST_DUE,
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-04-04  churn  -50  basic  subscription
        """,
        mrr={"2024-03-31": "50", "2024-04-03": "50", "2024-04-04": "0"},
        why="Past due since 5 March, cancelled on 4 April.",
    ),
    SurfaceCase(
        "G36-exclude",
        "past due may not count at all",
        options={"mrr_past_due": "exclude"},
        facts=PAST_DUE,
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-03-05  churn  -50  basic  subscription
        """,
        mrr={"2024-03-04": "50", "2024-03-05": "0"},
        why="Since 5 March.",
    ),
    SurfaceCase(
        "G36-days",
        "past due may count for some days",
        options={"mrr_past_due": "churn_after_days(15)"},
        facts=PAST_DUE,
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-03-20  churn  -50  basic  subscription
        """,
        mrr={"2024-03-19": "50", "2024-03-20": "0"},
        why="5 March + 15 days.",
    ),
]
