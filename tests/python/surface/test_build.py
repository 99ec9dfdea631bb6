from reference.surface.builders import SurfaceRows

from .build import SurfaceProject

LEVELS = "select period_start::text, mrr::int from tidemill.metric_mrr where grain = 'quarter'"


def test_an_example_is_built_under_its_options_and_leaves_no_trace(project: SurfaceProject) -> None:
    surface = SurfaceRows()
    surface.item("2025-02-01", "2025-03-05", amount=50)
    surface.item("2025-03-05", amount=70)
    expected = [("2025-01-01", 140), ("2025-04-01", 140), ("2025-07-01", 140)]
    with project.under(
        {"tidemill_reporting_currency": "EUR", "tidemill_fx_mode": "fixed"}
    ) as build:
        for _ in range(2):
            with build.filled(surface.rows, fixed_rates={"EUR": 2, "USD": 1}) as connection:
                assert connection.execute(LEVELS).fetchall() == expected
        assert build.connection.execute(LEVELS).fetchall() == []
