"""Sizes in words."""

from __future__ import annotations

import pytest

from desktop.core.sizes import size_words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (12_345, "12.3 kB"),
        (999_949, "999.9 kB"),
        (999_960, "1.0 MB"),
        (1_048_576, "1.0 MB"),
        (3_221_225_472, "3.2 GB"),
        (5e12, "5.0 TB"),
        (5e15, "5,000.0 TB"),
    ],
)
def test_a_size_is_decimal_and_has_one_unit(size, words):
    assert size_words(size).replace("\u00a0", " ") == words


def test_a_number_and_its_unit_stay_on_one_line():
    assert " " not in size_words(12_345) and " " not in size_words(5)
