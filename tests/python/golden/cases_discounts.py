"""Golden cases: coupons."""

from properties.catalogue import CouponSpec, PlanSpec

from .case import LagoCase
from .script import give_coupon, subscribe

HALF = CouponSpec("forever", percentage="50")
HALF_ONCE = CouponSpec("once", percentage="50")
TEN_PERCENT = CouponSpec("forever", percentage="10")

CASES = [
    LagoCase(
        "G18",
        "half off for ever halves MRR",
        guards=("R14",),
        plans={"basic": "50"},
        coupons={"half": HALF},
        history=[give_coupon("2024-01-01", "half"), subscribe("2024-01-01", "basic")],
        movements="2024-01-01  new  25  basic  subscription",
        mrr={"2024-01-31": "25", "2024-06-30": "25"},
        why="50 x 50%.",
    ),
    LagoCase(
        "G29",
        "two free months are nothing, and the third is new",
        plans={"basic": "50"},
        coupons={"free": CouponSpec("recurring", percentage="100", duration=2)},
        history=[give_coupon("2024-01-01", "free"), subscribe("2024-01-01", "basic")],
        movements="2024-03-01  new  50  basic  discount",
        mrr={"2024-01-31": "0", "2024-02-29": "0", "2024-03-01": "50"},
        why="The discount covers the service of January and February.",
    ),
    LagoCase(
        "G29-none",
        "two free months count in full where discounts do not lower MRR",
        plans={"basic": "50"},
        coupons={"free": CouponSpec("recurring", percentage="100", duration=2)},
        history=[give_coupon("2024-01-01", "free"), subscribe("2024-01-01", "basic")],
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-01-31": "50", "2024-03-01": "50"},
        why="tidemill_mrr_discounts: none.",
        options={"mrr_discounts": "none"},
    ),
    LagoCase(
        "G30",
        "the end of 20% off for three months is an expansion",
        plans={"basic": "50"},
        coupons={"fifth": CouponSpec("recurring", percentage="20", duration=3)},
        history=[give_coupon("2024-01-01", "fifth"), subscribe("2024-01-01", "basic")],
        movements="""
            2024-01-01  new        40  basic  subscription
            2024-04-01  expansion  10  basic  discount
        """,
        mrr={"2024-01-31": "40", "2024-03-31": "40", "2024-04-01": "50"},
        why="50 x 80% = 40 for January to March, then 50.",
    ),
    LagoCase(
        "G31",
        "a coupon used once moves nothing",
        plans={"basic": "50"},
        coupons={"half": HALF_ONCE},
        history=[give_coupon("2024-01-01", "half"), subscribe("2024-01-01", "basic")],
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-01-31": "50", "2024-02-01": "50"},
        why="`once` does not lower recurring revenue.",
    ),
    LagoCase(
        "G32",
        "a free month for a running subscription moves nothing",
        plans={"basic": "50"},
        coupons={"free": CouponSpec("once", percentage="100")},
        history=[subscribe("2024-01-01", "basic"), give_coupon("2024-03-15", "free")],
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-03-31": "50", "2024-04-30": "50", "2024-05-31": "50"},
        why="`once`, again.",
    ),
    LagoCase(
        "V3-repeating",
        "half off for some months halves MRR while it runs",
        plans={"basic": "50"},
        coupons={"half": CouponSpec("recurring", percentage="50", duration=6)},
        history=[give_coupon("2024-01-01", "half"), subscribe("2024-01-01", "basic")],
        movements="""
            2024-01-01  new        25  basic  subscription
            2024-07-01  expansion  25  basic  discount
        """,
        mrr={"2024-01-31": "25", "2024-06-30": "25", "2024-07-01": "50"},
        why="Repeating discounts count by default, for six months of service.",
    ),
    LagoCase(
        "V3-once",
        "half off once counts where all discounts lower MRR",
        plans={"basic": "50"},
        coupons={"half": HALF_ONCE},
        history=[give_coupon("2024-01-01", "half"), subscribe("2024-01-01", "basic")],
        movements="""
            2024-01-01  new        25  basic  subscription
            2024-02-01  expansion  25  basic  discount
        """,
        mrr={"2024-01-31": "25", "2024-02-01": "50"},
        why="tidemill_mrr_discounts: all; the one invoice it lowers covers January.",
        options={"mrr_discounts": "all"},
    ),
    LagoCase(
        "V3-none",
        "half off for ever does not count where no discount lowers MRR",
        plans={"basic": "50"},
        coupons={"half": HALF},
        history=[give_coupon("2024-01-01", "half"), subscribe("2024-01-01", "basic")],
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-01-31": "50"},
        why="tidemill_mrr_discounts: none.",
        options={"mrr_discounts": "none"},
    ),
    LagoCase(
        "V4-coupon",
        "10 a month with half off for life is 5",
        plans={"monthly": "10"},
        coupons={"half": HALF},
        history=[give_coupon("2024-01-01", "half"), subscribe("2024-01-01", "monthly")],
        movements="2024-01-01  new  5  monthly  subscription",
        mrr={"2024-01-31": "5"},
        why="10 x 50%.",
    ),
    LagoCase(
        "V5",
        "120 a year with 10% off for ever is 9 a month",
        plans={"annual": PlanSpec("120", "yearly")},
        coupons={"tenth": TEN_PERCENT},
        history=[give_coupon("2024-01-01", "tenth"), subscribe("2024-01-01", "annual")],
        movements="2024-01-01  new  9  annual  subscription",
        mrr={"2024-01-31": "9"},
        why="120 x 90% / 12.",
    ),
    LagoCase(
        "V22",
        "100 with 10% off for ever is 90",
        plans={"basic": "100"},
        coupons={"tenth": TEN_PERCENT},
        history=[give_coupon("2024-01-01", "tenth"), subscribe("2024-01-01", "basic")],
        movements="2024-01-01  new  90  basic  subscription",
        mrr={"2024-01-31": "90"},
        why="100 x 90%.",
    ),
]
