"""The keys of a file of assumptions, each checked. Shares are exact decimals from 0 to 1."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from admissions.errors import PolicyError
from admissions.policy.expressions import parse_expression

Stream = Literal["primary", "junior", "general", "vocational"]
STREAMS: tuple[Stream, ...] = ("primary", "junior", "general", "vocational")


def _exact(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number is needed")
    return Decimal(repr(value)) if isinstance(value, float) else value


def _condition(text: str) -> str:
    try:
        parse_expression(text)
    except PolicyError as error:
        raise ValueError(str(error)) from None
    return text


Number = Annotated[Decimal, Field(allow_inf_nan=False, ge=0), BeforeValidator(_exact)]
Share = Annotated[Decimal, Field(allow_inf_nan=False, ge=0, le=1), BeforeValidator(_exact)]
Year = Annotated[int, Field(strict=True, ge=1000, le=9999)]
Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, ge=1)]
Name = Annotated[str, Field(min_length=1)]


class _Clause(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class BeforeSchool(_Clause):
    """What happens in each year until children enter: the share of them who leave their zone or die, and who come."""

    leaving: Share = Decimal(0)
    coming: Share = Decimal(0)


class Rate(_Clause):
    """Shares of a roll at the start of a school year, from a year on; what is not stated stays as it was.

    `dropout` leave education; `attrition` leave the school whatever for, those who drop out among them; `coming` is
    how many come from elsewhere for each child on the roll.
    """

    of: Stream
    from_year: Year | None = None
    dropout: Share | None = None
    attrition: Share | None = None
    coming: Share | None = None


class Onward(_Clause):
    """Of those who finish a stage: who applies to the next one here, and who enters it elsewhere. The others end."""

    to: Literal["junior", "senior"]
    from_year: Year | None = None
    apply: Share
    elsewhere: Share = Decimal(0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.apply + self.elsewhere > 1:
            raise ValueError(f"apply {self.apply} and elsewhere {self.elsewhere} are more than 1 together")
        return self


class Housing(_Clause):
    """Dwellings of a zone that families move into in a year, and the children a dwelling has at each stage."""

    zone_id: Name
    year: Year
    dwellings: Count
    primary: Annotated[Number, Field(le=6)] = Decimal(0)
    junior: Annotated[Number, Field(le=3)] = Decimal(0)


class Intake(_Clause):
    """Classes, or seats, that a programme opens from a year on; none close it to newcomers."""

    programme_id: Name
    year: Year
    classes: Count | None = None
    seats: Count | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.classes is None) == (self.seats is None):
            raise ValueError("state classes, or seats, and one of them only")
        return self


class ClassLimits(_Clause):
    """From how many children a class is large (大班额) and super-large (超大班额): the Ministry's bands."""

    large: Positive = 56
    super_large: Positive = 66

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.super_large <= self.large:
            raise ValueError(f"super_large {self.super_large} is not above large {self.large}")
        return self


class Goals(_Clause):
    """What the plan promises: least shares of a stage's graduates who go on, and general to vocational stock."""

    junior: Share | None = None
    senior: Share | None = None
    ratio: Annotated[Number, Field(gt=0)] | None = None


class Statements(_Clause):
    """The keys of the file; `year` is that of the intake the district's tables hold."""

    title: Name
    year: Year
    enrolment: Name | None = None
    births: Name | None = None
    children: Name | None = None
    in_district: Annotated[str, AfterValidator(_condition)] = "zone_id IS NOT NULL"
    diverted_round: Name | None = None
    before_school: BeforeSchool = BeforeSchool()
    rate: tuple[Rate, ...] = ()
    onward: tuple[Onward, ...] = ()
    housing: tuple[Housing, ...] = ()
    intake: tuple[Intake, ...] = ()
    class_limits: ClassLimits = ClassLimits()
    goals: Goals = Goals()

    @model_validator(mode="after")
    def _check(self) -> Self:
        stated: list[tuple[str, str, int | None]] = [("rate", one.of, one.from_year) for one in self.rate]
        stated += [("onward", one.to, one.from_year) for one in self.onward]
        stated += [("intake", one.programme_id, one.year) for one in self.intake]
        for key, name, year in stated:
            if stated.count((key, name, year)) > 1:
                since = "without from_year" if year is None else f"from {year}"
                raise ValueError(f"{key}: '{name}' is stated twice {since}")
        for key, changes in (("housing", self.housing), ("intake", self.intake)):
            for one in changes:
                if one.year < self.year:
                    raise ValueError(f"{key}: {one.year} is before the intake of {self.year}")
        return self
