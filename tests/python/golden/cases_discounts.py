"""Golden cases: coupons and trials."""

from properties.catalogue import CouponSpec, PlanSpec

from .case import Case
from .script import cancel, change_plan, give_coupon, subscribe

HALF = CouponSpec("forever", percentage="50")
HALF_ONCE = CouponSpec("once", percentage="50")
TEN_PERCENT = CouponSpec("forever", percentage="10")

CASES = [
    Case(
        "G2",
        "a trial that does not convert is no movement",
        plans={"basic": PlanSpec("50", trial_days=10)},
        history=[subscribe("2024-01-10", "basic"), cancel("2024-01-20")],
        mrr={"2024-01-10": "0", "2024-01-20": "0", "2024-01-31": "0"},
        trials="2024-01-10  2024-01-20  cancelled",
        why="It ends at the very instant its trial ends: never active.",
    ),
    Case(
        "G20",
        "an upgrade within a trial counts once, when the trial converts",
        plans={
            "basic": PlanSpec("50", trial_days=14),
            "plus": PlanSpec("90", trial_days=14),
        },
        history=[subscribe("2024-01-01", "basic"), change_plan("2024-01-05", "plus")],
        movements="2024-01-15  new  90  plus  subscription",
        mrr={"2024-01-05": "0", "2024-01-14": "0", "2024-01-15": "90"},
        trials="2024-01-01  2024-01-15  kept",
        why="1 January + 14 days; until then the total is 0, so the first amount above 0 is 90.",
    ),
    Case(
        "G18",
        "half off for ever halves MRR",
        plans={"basic": "50"},
        coupons={"half": HALF},
        history=[give_coupon("2024-01-01", "half"), subscribe("2024-01-01", "basic")],
        movements="2024-01-01  new  25  basic  subscription",
        mrr={"2024-01-31": "25", "2025-06-30": "25"},
        why="50 x 50%.",
    ),
    Case(
        "G29",
        "two free months are nothing, and the third is new",
        plans={"basic": "50"},
        coupons={"free": CouponSpec("recurring", percentage="100", duration=2)},
        history=[give_coupon("2024-01-01", "free"), subscribe("2024-01-01", "basic")],
        movements="2024-03-01  new  50  basic  discount",
        mrr={"2024-01-31": "0", "2024-02-29": "0", "2024-03-01": "50"},
        why="The discount covers the service of January and February.",
    ),
    Case(
        "G29-none",
        "two free months count in full where discounts do not lower MRR",
        plans={"basic": "50"},
        coupons={"free": CouponSpec("recurring", percentage="100", duration=2)},
        history=[give_coupon("2024-01-01", "free"), subscribe("2024-01-01", "basic")],
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-01-31": "50", "2024-03-01": "50"},
        why="tidemill_mrr_discounts: none.",
        choice="discounts_none",
    ),
    Case(
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
    Case(
        "G31",
        "a coupon used once moves nothing",
        plans={"basic": "50"},
        coupons={"half": HALF_ONCE},
        history=[give_coupon("2024-01-01", "half"), subscribe("2024-01-01", "basic")],
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-01-31": "50", "2024-02-01": "50"},
        why="`once` does not lower recurring revenue.",
    ),
    Case(
        "G32",
        "a free month for a running subscription moves nothing",
        plans={"basic": "50"},
        coupons={"free": CouponSpec("once", percentage="100")},
        history=[subscribe("2024-01-01", "basic"), give_coupon("2024-03-15", "free")],
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-03-31": "50", "2024-04-30": "50", "2024-05-31": "50"},
        why="`once`, again.",
    ),
    Case(
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
    Case(
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
        choice="discounts_all",
    ),
    Case(
        "V3-none",
        "half off for ever does not count where no discount lowers MRR",
        plans={"basic": "50"},
        coupons={"half": HALF},
        history=[give_coupon("2024-01-01", "half"), subscribe("2024-01-01", "basic")],
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-01-31": "50"},
        why="tidemill_mrr_discounts: none.",
        choice="discounts_none",
    ),
    Case(
        "V4-coupon",
        "10 a month with half off for life is 5",
        plans={"monthly": "10"},
        coupons={"half": HALF},
        history=[give_coupon("2024-01-01", "half"), subscribe("2024-01-01", "monthly")],
        movements="2024-01-01  new  5  monthly  subscription",
        mrr={"2024-01-31": "5"},
        why="10 x 50%.",
    ),
    Case(
        "V5",
        "120 a year with 10% off for ever is 9 a month",
        plans={"annual": PlanSpec("120", "yearly")},
        coupons={"tenth": TEN_PERCENT},
        history=[give_coupon("2024-01-01", "tenth"), subscribe("2024-01-01", "annual")],
        movements="2024-01-01  new  9  annual  subscription",
        mrr={"2024-01-31": "9"},
        why="120 x 90% / 12.",
    ),
    Case(
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
