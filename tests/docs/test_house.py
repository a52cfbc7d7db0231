"""The figures of the house: how modules and functions are counted."""

from __future__ import annotations

from house import function_lengths, longer, sizes

TEXT = '''
@decorated
def outer():
    """Return what the other does."""

    async def inner():
        return 1

    return inner


class Thing:
    def method(self): ...
'''


def test_each_function_is_counted_with_its_docstring_and_without_its_decorators() -> None:
    assert sorted(function_lengths(TEXT)) == [1, 2, 7]


def test_a_module_is_counted_between_two_bounds() -> None:
    assert list(sizes([1, 59, 60, 99, 100, 249, 250, 900])) == [
        "2 of 0 to 59",
        "2 of 60 to 99",
        "2 of 100 to 249",
        "2 of 250 or more",
    ]


def test_a_function_is_long_if_it_has_more_lines_than_the_bound() -> None:
    assert longer([1, 20, 21, 40], 20) == "and 50% have more than 20"
