"""The words of a round's applications, whole columns at a time: what decided, the cutoff, and what the child had."""

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.explanation.findings import CODE, CODES, Findings, last_classes
from admissions.explanation.sentences import SENTENCES, fill_columns, sentence
from admissions.market import BoolArray
from admissions.policy.expressions import Term
from admissions.policy.policy import ALL_SEATS

DIGITS = 12
"""Digits of a lottery number that are shown."""

COMPARED = ("lottery", "value", "number", "unknown")


def word_answers(students: pl.DataFrame, language: str) -> pl.Series:
    """Return what became of each child: the seat and the way to it, or the reason why there is none, (n,) String.

    Parameters
    ----------
    students : polars.DataFrame
        Rows of an allocation's students.
    language : str
        A key of `SENTENCES`.
    """
    text = {name: students[name].cast(pl.String) for name in ("student_id", "programme_id", "pool", "route", "reason")}
    columns = {
        "student": text["student_id"],
        "programme": text["programme_id"],
        "pool": text["pool"],
        "route": _worded("route", text["route"], language),
        "reason": _worded("reason", text["reason"], language),
    }
    seated, whole = text["programme_id"].is_not_null(), text["pool"].fill_null(ALL_SEATS) == ALL_SEATS
    words = pl.Series([None], dtype=pl.String).new_from_index(0, len(students))
    for key, some in (("seat", seated & whole), ("seat in pool", seated & ~whole), ("no seat", ~seated)):
        mine = {name: column.filter(some) for name, column in columns.items()}
        words = _put(words, some.to_numpy(), fill_columns(language, key, **mine))
    return words


def _worded(kind: str, codes: pl.Series, language: str) -> pl.Series:
    """Return the words for each code of a kind; a code that nobody knows stands as it is."""
    start = f"{kind} "
    known = {key.removeprefix(start): said for key, said in SENTENCES[language].items() if key.startswith(start)}
    return codes.replace_strict(known, default=codes, return_dtype=pl.String)


def word_findings(findings: Findings, language: str) -> pl.Series:
    """Return what decided each application, in words, (m,) String.

    Parameters
    ----------
    findings : Findings
        What was found.
    language : str
        A key of `SENTENCES`.
    """
    words, row = _nothing(findings), findings.record.rule.row
    own_classes = findings.record.class_place[findings.rows]
    refusals = {"en": row.refusal, "zh": row.refusal_zh}
    for code in np.unique(findings.code).tolist():
        name, some = CODES[code], findings.code == code
        if name == "class":
            own, last = (_class_names(findings, classes[some]) for classes in (own_classes, last_classes(findings)))
            words = _put(words, some, fill_columns(language, "finding class", own=own, last=last))
        elif name not in COMPARED:
            said = refusals[language] if name == "mechanism" else sentence(language, f"finding {name}")
            words = words.scatter(np.flatnonzero(some), said)
    for cell, terms in findings.cells(own_classes):
        for place, term in enumerate(terms):
            for name in COMPARED:
                some = cell & (findings.term == place) & (findings.code == CODE[name])
                if some.any():
                    words = _put(words, some, _compared(findings, term, some, name, language))
    return words


def word_cutoffs(findings: Findings, language: str) -> pl.Series:
    """Return the seats and the last one admitted at the pool of each application, (m,) String; null where it has none.

    Parameters
    ----------
    findings, language
        As of `word_findings`.
    """
    words, last = _nothing(findings), last_classes(findings)
    parts = _parts(findings, last, language, of_last=True)
    inside = findings.at >= 0
    key = findings.cutoffs["cutoff_key"].gather(np.maximum(findings.at, 0)).is_null().to_numpy()
    seats = findings.cutoffs["seats"].cast(pl.String).gather(np.maximum(findings.at, 0))
    kinds = {
        "cutoff free": inside & key,
        "cutoff nobody": inside & ~key & (last < 0),
        "cutoff full": inside & (last >= 0) & parts.is_null().to_numpy(),
        "cutoff": inside & (last >= 0) & parts.is_not_null().to_numpy(),
    }
    for name, some in kinds.items():
        columns = {"parts": parts.filter(pl.Series(some))} if name == "cutoff" else {}
        words = _put(words, some, fill_columns(language, name, seats=seats.filter(pl.Series(some)), **columns))
    return words


def word_own(findings: Findings, language: str) -> pl.Series:
    """Return the class and the values of each application, (m,) String; null where no class admits it.

    Parameters
    ----------
    findings, language
        As of `word_findings`.
    """
    parts = _parts(findings, findings.record.class_place[findings.rows], language, of_last=False)
    known = parts.is_not_null().to_numpy()
    return _put(_nothing(findings), known, fill_columns(language, "own", parts=parts.drop_nulls()))


def word_column(name: str, language: str) -> str:
    """Return what a column is called: the office's own name for it, or the word for one of the library's."""
    return SENTENCES[language].get(f"term {name}", name)


def shortened(number: str) -> str:
    """Return a lottery number as it is shown: its first digits.

    Examples
    --------
    >>> shortened("3f2a81c0ab12ffff"), shortened("0042")
    ('3f2a81c0ab12…', '0042')
    """
    return f"{number[:DIGITS]}…" if len(number) > DIGITS else number


def word_values(values: pl.Series, term: Term, language: str) -> pl.Series:
    """Return values of a criterion as text; of a lottery number the first digits."""
    if values.dtype == pl.Boolean:
        words = {True: sentence(language, "yes"), False: sentence(language, "no")}
        return values.replace_strict(words, return_dtype=pl.String)
    text = values.cast(pl.String)
    if term.is_lottery:
        return text.str.replace(f"^(.{{{DIGITS}}}).+$", "${1}…")
    return text


def _compared(findings: Findings, term: Term, some: BoolArray, name: str, language: str) -> pl.Series:
    """Return the sentence on a criterion in which the last one admitted goes before."""
    own, last = findings.own(term, some), findings.last(term, some)
    columns = {"last": word_values(last, term, language)}
    if name != "lottery":
        columns["term"] = pl.Series([word_column(term.name, language)]).new_from_index(0, len(own))
    if name != "unknown":
        columns["own"] = word_values(own, term, language)
    if name == "number":
        columns["difference"] = (last - own).abs().cast(pl.String)
    return fill_columns(language, f"finding {name}", **columns)


def _parts(findings: Findings, classes: npt.NDArray[np.integer], language: str, of_last: bool) -> pl.Series:
    """Return class and values of each application, or of the last one admitted at its pool."""
    words, names = _nothing(findings), _class_names(findings, classes)
    for some, terms in findings.cells(classes):
        columns = []
        if findings.record.rule.priority:
            place = pl.Series(classes[some] + 1).cast(pl.String)
            columns.append(fill_columns(language, "part class", place=place, name=names.filter(pl.Series(some))))
        for term in terms:
            values = (findings.last if of_last else findings.own)(term, some)
            columns.append(_part(values, term, language))
        if columns:
            between = sentence(language, "between")
            joined = pl.select(pl.concat_str([pl.lit(column) for column in columns], separator=between)).to_series()
            words = _put(words, some, joined)
    return words


def _part(values: pl.Series, term: Term, language: str) -> pl.Series:
    text = word_values(values, term, language).fill_null("")
    if term.is_lottery:
        return fill_columns(language, "part lottery", number=text)
    name = pl.Series([word_column(term.name, language)]).new_from_index(0, len(text))
    known = fill_columns(language, "part value", term=name, value=text)
    return known.zip_with(values.is_not_null(), fill_columns(language, "part unknown", term=name))


def _class_names(findings: Findings, classes: npt.NDArray[np.integer]) -> pl.Series:
    names = pl.Series([*(priority.name for priority in findings.record.rule.classes), None], dtype=pl.String)
    return names.gather(np.where(classes >= 0, classes, len(names) - 1))


def _nothing(findings: Findings) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, len(findings.rows))


def _put(words: pl.Series, some: BoolArray, said: pl.Series) -> pl.Series:
    return words.scatter(np.flatnonzero(some), said)
