"""Languages by their codes and by their names: models say either."""

from __future__ import annotations

import re

_NAMES = """
af Afrikaans, am Amharic, ar Arabic, as Assamese, az Azerbaijani, ba Bashkir, be Belarusian, bg Bulgarian, bn Bengali,
bo Tibetan, br Breton, bs Bosnian, ca Catalan, cs Czech, cy Welsh, da Danish, de German, el Greek, en English,
es Spanish, et Estonian, eu Basque, fa Persian, fi Finnish, fo Faroese, fr French, ga Irish, gl Galician, gu Gujarati,
ha Hausa, haw Hawaiian, he Hebrew, hi Hindi, hr Croatian, ht Haitian Creole, hu Hungarian, hy Armenian, id Indonesian,
is Icelandic, it Italian, ja Japanese, jw Javanese, ka Georgian, kk Kazakh, km Khmer, kn Kannada, ko Korean, la Latin,
lb Luxembourgish, ln Lingala, lo Lao, lt Lithuanian, lv Latvian, mg Malagasy, mi Maori, mk Macedonian, ml Malayalam,
mn Mongolian, mr Marathi, ms Malay, mt Maltese, my Burmese, nb Norwegian, ne Nepali, nl Dutch, nn Nynorsk, oc Occitan,
pa Punjabi, pl Polish, ps Pashto, pt Portuguese, ro Romanian, ru Russian, sa Sanskrit, sd Sindhi, si Sinhala,
sk Slovak, sl Slovenian, sn Shona, so Somali, sq Albanian, sr Serbian, su Sundanese, sv Swedish, sw Swahili, ta Tamil,
te Telugu, tg Tajik, th Thai, tk Turkmen, tl Tagalog, tr Turkish, tt Tatar, uk Ukrainian, ur Urdu, uz Uzbek,
vi Vietnamese, yi Yiddish, yo Yoruba, yue Cantonese, zh Chinese
"""
NAMES = dict(each.strip().split(maxsplit=1) for each in _NAMES.split(","))
"""English names by their codes."""
_CODES = {name.casefold(): code for code, name in NAMES.items()} | {"myanmar": "my", "no": "nb"}
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def tag(language: str) -> str:
    """How files mark the language of words (BCP 47): "de" for "German" and "de", "pt-BR" as it is, "" where a word is
    neither."""
    plain = language.strip().replace("_", "-")
    return _CODES.get(plain.casefold(), plain if _TAG.fullmatch(plain) else "")


def name(language: str) -> str:
    """As people say it: "German" for "de" and "german"; what nobody knows as it is."""
    known = NAMES.get(tag(language)) or NAMES.get(tag(language).partition("-")[0].lower())
    return known or language.strip()
