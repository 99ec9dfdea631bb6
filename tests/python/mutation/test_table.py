"""The table of mutants in the documentation is that of the mutants."""

from .table import PAGE, TABLE, table


def test_the_page_lists_every_mutant() -> None:
    tables = TABLE.findall(PAGE.read_text())
    assert tables == [table()], "run `python -m mutation.table` in tests/python"
