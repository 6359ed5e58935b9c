"""What models call languages, made into marks and names; and the paper of countries."""

from __future__ import annotations

import pytest

from desktop.core import languages, paper


@pytest.mark.parametrize(
    ("said", "tag", "name"),
    [
        ("en", "en", "English"),
        ("english", "en", "English"),
        ("German", "de", "German"),
        ("pt-BR", "pt-BR", "Portuguese"),
        ("zh_Hans", "zh-Hans", "Chinese"),
        ("haitian creole", "ht", "Haitian Creole"),
        ("xx", "xx", "xx"),
        ("Klingon", "", "Klingon"),
        ('en"><script>', "", 'en"><script>'),
        ("", "", ""),
    ],
)
def test_a_language_is_known_by_its_code_and_by_its_name(said, tag, name):
    assert (languages.tag(said), languages.name(said)) == (tag, name)


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en_US.UTF-8", "Letter"),
        ("es-MX", "Letter"),
        ("fr_CA@euro", "Letter"),
        ("English_United States.1252", "Letter"),
        ("de_DE.UTF-8", "A4"),
        ("en_GB", "A4"),
        ("zh_Hant_TW", "A4"),
        ("zh_Hans_US", "Letter"),
        ("C.UTF-8", "A4"),
        ("ca", "A4"),
        ("", "A4"),
    ],
)
def test_paper_is_that_of_the_country_not_of_the_language(locale, expected):
    assert paper.of_locale(locale) == expected
