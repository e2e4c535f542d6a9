"""Who leaves and comes in a year: the office's figures, then what is assumed from a year on; and the ceilings."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import polars as pl

from admissions.district.district import District
from admissions.errors import DataError, PolicyError, Problem
from admissions.planning.assumptions import Assumptions
from admissions.planning.statements import Onward
from admissions.policy.policy import Policy, Target

Kind = Literal["dropout", "attrition"]
KINDS: tuple[Kind, ...] = ("dropout", "attrition")
RATES = {"year": pl.Int64, "of": pl.String, "kind": pl.String, "rate": pl.Float64, "stated": pl.String,
         "ceiling": pl.Float64, "met": pl.Boolean, "source": pl.String}  # fmt: skip


@dataclass(frozen=True, slots=True)
class YearRate:
    """Shares of a roll at the start of a year.

    Attributes
    ----------
    dropout, attrition, coming : Fraction
        Who leaves education; who leaves the school for whatever reason, those among them; who comes from elsewhere.
    stated : dict of str to str
        Who says so of `dropout` and `attrition`: ``figures`` or ``assumptions``.
    """

    dropout: Fraction
    attrition: Fraction
    coming: Fraction
    stated: dict[str, str]


def rate_of(stream: str, year: int, district: District, assumptions: Assumptions) -> YearRate:
    """Return the rates of a stream in a year.

    Parameters
    ----------
    stream : str
        ``primary``, ``junior``, ``general`` or ``vocational``.
    year : int
        In whose autumn the school year begins.
    district : District
        Its figures ``STREAM_dropout_rate`` and ``STREAM_attrition_rate`` hold where nothing is assumed.
    assumptions : Assumptions
        Its rates go before the figures, the latest one first. Without an attrition, nobody leaves but who drops out.

    Raises
    ------
    PolicyError, DataError
        If nobody states how many drop out, more drop out than leave, or a figure is no share.
    """
    values, stated = dict[str, Decimal](), dict[str, str]()
    for kind in KINDS:
        if (figure := _figure(f"{stream}_{kind}_rate", district)) is not None:
            values[kind], stated[kind] = figure, "figures"
    for rate in sorted(assumptions.stated.rate, key=lambda one: one.from_year or 0):
        if rate.of == stream and (rate.from_year or 0) <= year:
            own = {name: value for name in (*KINDS, "coming") if (value := getattr(rate, name)) is not None}
            values |= own
            stated |= dict.fromkeys(own, "assumptions")
    if "dropout" not in values:
        raise PolicyError(
            f"assumptions › rate: nobody states how many of '{stream}' drop out in {year}; state a rate of "
            f"'{stream}' with its dropout, or the figure '{stream}_dropout_rate' in the table figures"
        )
    dropout = Fraction(values["dropout"])
    attrition = Fraction(values.get("attrition", values["dropout"]))
    if dropout > attrition:
        raise PolicyError(
            f"assumptions › rate of '{stream}' in {year}: the dropout, {values['dropout']}, is above the attrition, "
            f"{values['attrition']}, which counts all who leave; raise the attrition, or lower the dropout"
        )
    return YearRate(dropout, attrition, Fraction(values.get("coming", 0)), stated)


def _figure(name: str, district: District) -> Decimal | None:
    for value in district.figures.filter(pl.col("name") == name)["value"].to_list():
        if not 0 <= value <= 1:
            raise DataError([Problem("figures", None, name, str(value), "a share from 0 to 1 is needed")])
        return Decimal(value)
    return None


def onward_of(stage: str, year: int, assumptions: Assumptions) -> Onward:
    """Return who of the graduates of the year before goes on to a stage.

    Raises
    ------
    PolicyError
        If nobody says.
    """
    found = [one for one in assumptions.stated.onward if one.to == stage and (one.from_year or 0) <= year]
    if not found:
        raise PolicyError(
            f"assumptions › onward: nobody states how many go on to the {stage} stage in {year}; "
            f"state onward to = '{stage}' with apply, the share who apply here, and elsewhere"
        )
    return max(found, key=lambda one: one.from_year or 0)


def tabulate_rates(
    streams: Sequence[str], years: Sequence[int], district: District, assumptions: Assumptions, policy: Policy
) -> pl.DataFrame:
    """Return the rates of every stream and year against the ceilings the policy promises.

    Parameters
    ----------
    streams, years : sequences
        Of which to tell.
    district, assumptions
        Where the rates are stated.
    policy : Policy
        A target of measure ``figure`` of ``STREAM_dropout_rate`` or ``STREAM_attrition_rate`` is the ceiling.
    """
    rows = []
    for year in years:
        for stream in streams:
            rate = rate_of(stream, year, district, assumptions)
            for kind in KINDS:
                if kind not in rate.stated:
                    continue
                value = getattr(rate, kind)
                ceilings: list[Target | None] = [*_ceilings(f"{stream}_{kind}_rate", policy)]
                for target in ceilings or [None]:
                    bound = None if target is None else target.at_most
                    met = None if bound is None else value <= Fraction(bound)
                    rows.append(
                        (year, stream, kind, float(value), rate.stated[kind], None if bound is None else float(bound),
                         met, None if target is None else target.source)
                    )  # fmt: skip
    return pl.DataFrame(rows, schema=RATES, orient="row")


def _ceilings(name: str, policy: Policy) -> list[Target]:
    return [one for one in policy.targets if one.measure == "figure" and one.of == name and one.at_most is not None]
