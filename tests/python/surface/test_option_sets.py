from dataclasses import fields
from itertools import combinations

from reference.surface.options import Options

from .option_sets import SETS, VALUES, allowed_pairs, covering_sets

# Not a meaning of a number.
ELSEWHERE = {"max_row_loss"}


def test_every_option_is_varied() -> None:
    assert set(VALUES) == {field.name for field in fields(Options)} - ELSEWHERE


def test_the_default_of_every_option_comes_first() -> None:
    assert Options.of({name: values[0] for name, values in VALUES.items()}) == Options()


def test_every_two_values_that_may_stand_together_do_in_some_set() -> None:
    sets = [{n.removeprefix("tidemill_"): v for n, v in one.items()} for one in covering_sets()]
    held = {
        ((one, VALUES[one].index(options[one])), (other, VALUES[other].index(options[other])))
        for options in sets
        for one, other in combinations(VALUES, 2)
    }
    assert held == allowed_pairs()
    assert len(sets) == SETS


def test_no_set_contradicts_itself() -> None:
    for variables in covering_sets():
        Options.of(variables)
