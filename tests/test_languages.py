"""What a family reads in Chinese is Chinese: the same sentences, the same blanks, and no word of English but names."""

import re
from string import Formatter

import polars as pl
import pytest

import admissions as adm
from admissions.decoding import REASONS, ROUTES
from admissions.errors import AdmissionsError
from admissions.explanation.findings import CODES
from admissions.explanation.sentences import CHINESE, ENGLISH, SENTENCES, fill_columns, known_language, sentence
from admissions.mechanisms import MECHANISMS

LETTERS = re.compile(r"[A-Za-z]")


def blanks(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_language_has_the_same_sentences_with_the_same_blanks():
    for language, words in SENTENCES.items():
        assert list(words) == list(ENGLISH), language
        for key, text in words.items():
            assert blanks(text) == blanks(ENGLISH[key]), key


def words_of(text):
    """Return what a sentence says outside its blanks."""
    return "".join(literal for literal, *_ in Formatter().parse(text))


def test_no_sentence_is_empty_and_none_with_words_is_the_same_in_both_languages():
    for key, text in ENGLISH.items():
        assert text.strip(" "), key
        assert CHINESE[key] != text or not LETTERS.search(words_of(text)), key


def test_there_is_no_letter_of_english_in_the_chinese_sentences():
    for key, text in CHINESE.items():
        assert not LETTERS.search(words_of(text)), key


@pytest.mark.parametrize("row", MECHANISMS.values(), ids=MECHANISMS)
def test_what_a_mechanism_refuses_for_is_said_in_both_languages_or_in_none(row):
    assert bool(row.refusal) == bool(row.refusal_zh)
    assert not LETTERS.search(row.refusal_zh)


def test_every_code_of_a_run_has_its_words():
    for kind, codes in (("route", ROUTES), ("reason", REASONS), ("finding", CODES)):
        said = {key.removeprefix(f"{kind} ") for key in ENGLISH if key.startswith(f"{kind} ")}
        assert said == set(codes) - {"none", "refused", "mechanism"}


@pytest.fixture(scope="module")
def allocation():
    return adm.allocate(adm.generate_district("languages", size=900), adm.read_policy("district_2016"), seed="s")


def test_the_chinese_words_of_a_whole_district_have_no_english_but_names(allocation):
    policy, district = allocation.policy, allocation.district
    names = {rule.name for rule in policy.rounds} | {pool.name for rule in policy.rounds for pool in rule.pools}
    names |= {priority.name for rule in policy.rounds for priority in rule.classes}
    names |= {t.name for r in policy.rounds for c in r.classes for p in r.pools for t in r.terms(c, p)}
    names |= {*district.programmes["programme_id"], *district.students["student_id"], *district.links.zone_ids}
    ordered = sorted(names - {"lottery", "distance"}, key=len, reverse=True)
    told = adm.explain_all(allocation)
    texts = [text for name in told.columns if name.endswith("_zh") for text in told[name].drop_nulls()]
    missed = told.filter(told["missing_zh"].is_not_null())["student_id"].to_list()
    chosen = allocation.students.filter(route="coordinated")["student_id"].to_list()[:5] + missed[:: len(missed) // 10]
    texts += [adm.explain(allocation, student).words("zh") for student in chosen]
    pattern = re.compile("|".join(map(re.escape, ordered)))
    for text in texts:
        rest = re.sub(r"[0-9a-f]{12}…", "", pattern.sub("", text))
        assert not LETTERS.search(rest), rest


def test_a_sentence_is_filled_column_by_column_as_it_is_one_by_one():
    for language in SENTENCES:
        for key, text in SENTENCES[language].items():
            values = {name: f"<{name}>" for name in blanks(text)}
            if values:
                columns = {name: pl.Series([value, value]) for name, value in values.items()}
                assert fill_columns(language, key, **columns).to_list() == [sentence(language, key, **values)] * 2


def test_a_language_nobody_knows_is_refused():
    with pytest.raises(AdmissionsError, match="no language 'de'; there are en, zh"):
        known_language("de")
