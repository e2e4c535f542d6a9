"""The policy: the whole rule of admission as data, frozen, each clause with its source."""

import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

import numpy as np
import tomli_w
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from admissions.errors import PolicyError, did_you_mean
from admissions.market import Market
from admissions.mechanisms.mechanism import SEVERAL_CHILDREN, SEVERAL_KEYS, Mechanism
from admissions.mechanisms.relations import RELATIONS
from admissions.mechanisms.table import MECHANISMS, wrong_parameters
from admissions.policy.expressions import LOTTERY, Term, parse_expression, parse_term
from admissions.policy.problems import describe

ALL_SEATS = "all"
"""Name of the one pool of a round that divides no seats."""


def _checked(parse: Callable[[str], Any]) -> AfterValidator:
    def check(text: str) -> str:
        try:
            parse(text)
        except PolicyError as error:
            raise ValueError(str(error)) from None
        return text

    return AfterValidator(check)


def _known_mechanism(name: str) -> str:
    if name not in MECHANISMS:
        raise ValueError(f"no mechanism '{name}'{did_you_mean(name, MECHANISMS)}; there are {', '.join(MECHANISMS)}")
    return name


def _pool_seats(seats: Any) -> Any:
    if seats in ("rest", "seat_plan") or (isinstance(seats, int) and not isinstance(seats, bool) and seats >= 0):
        return seats
    raise ValueError("a whole number of 0 or more, 'rest' or 'seat_plan' is needed")


def _exact(bound: Any) -> Any:
    return Decimal(repr(bound)) if isinstance(bound, float) else bound


def _distinct(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two {what} are named '{name}'")


def _known_promise(name: str) -> str:
    if name not in RELATIONS:
        raise ValueError(f"no property '{name}'{did_you_mean(name, RELATIONS)}; there are {', '.join(RELATIONS)}")
    return name


def _has_several_keys(market: Market) -> bool:
    """Return whether an applicant's keys differ among its choices."""
    starts_list = np.zeros(len(market.key) + 1, dtype=np.bool_)
    starts_list[market.indptr] = True
    return not starts_list[np.flatnonzero(np.diff(market.key)) + 1].all()


Margin = Literal["last applicant", "any applicant", "last tie", "any tie", "nobody"]
Condition = Annotated[str, _checked(parse_expression)]
RankingTerm = Annotated[str, _checked(parse_term)]
Name = Annotated[str, Field(min_length=1)]
Stage = Literal["primary", "junior", "senior"]
Bound = Annotated[Decimal, Field(allow_inf_nan=False), BeforeValidator(_exact)]


class _Clause(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Lottery(_Clause):
    """How lottery numbers are made: one a child, or one a child and programme."""

    method: Literal["sha256"] = "sha256"
    scope: Literal["single", "programme"] = "single"


class PriorityClass(_Clause):
    """An ordered group of applications; `order` settles who goes first inside it."""

    name: Name = Field(alias="class")
    when: Condition = "TRUE"
    order: tuple[RankingTerm, ...] | None = None
    source: str = ""


class Pool(_Clause):
    """A part of the seats of each programme of the round, with its own members."""

    name: Name
    members: Condition = "TRUE"
    seats: Annotated[int | Literal["rest", "seat_plan"], BeforeValidator(_pool_seats)] = "rest"
    others: Literal["never", "after members"] = "never"
    order: tuple[RankingTerm, ...] | None = None
    source: str = ""


class Guarantee(_Clause):
    """Who of those the round left is placed all the same, where, and what is preferred."""

    who: Condition = "TRUE"
    where: Condition = "TRUE"
    prefer: tuple[Literal["same_group", "distance"], ...] = ("same_group", "distance")
    source: str = ""


class Round(_Clause):
    """One batch of admission: some students, some programmes, one mechanism."""

    name: Name
    stage: Stage
    programmes: Condition = "TRUE"
    students: Condition = "TRUE"
    lists: Annotated[tuple[Literal["choices", "zone", "nearest"], ...], Field(min_length=1)] = ("choices",)
    mechanism: Annotated[str, AfterValidator(_known_mechanism)] = "deferred_acceptance"
    parameters: dict[str, Any] = Field(default_factory=dict)
    promises: tuple[Annotated[str, AfterValidator(_known_promise)], ...] = ()
    order: tuple[RankingTerm, ...] | None = None
    priority: tuple[PriorityClass, ...] = ()
    pool: tuple[Pool, ...] = ()
    guarantee: Guarantee | None = None
    source: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        _distinct([c.name for c in self.priority], "classes")
        _distinct([p.name for p in self.pool], "pools")
        _distinct(list(self.lists), "lists")
        if [p.seats for p in self.pool].count("rest") > 1:
            raise ValueError("two pools take the rest of the seats; state the seats of all pools but one")
        for name in self.parameters:
            if name in self.row.from_run:
                raise ValueError(f"parameters: {self.mechanism} has '{name}' from the run's seed; take it out")
        if wrong := wrong_parameters(self.row, self.parameters):
            raise ValueError(f"parameters: {wrong}")
        if self.parameters.get("ties") == "admit_all" and self.needs_lottery:
            raise ValueError(
                "parameters: ties = 'admit_all' admits all who are equal, and the lottery of the order leaves nobody "
                "equal; take the lottery out of the order, or leave ties to it"
            )
        return self

    @property
    def classes(self) -> tuple[PriorityClass, ...]:
        """The classes of the round: those it states, or one open to all."""
        return self.priority or (PriorityClass.model_validate({"class": "open to all"}),)

    @property
    def pools(self) -> tuple[Pool, ...]:
        """The pools of the round: those it states, or one of all seats."""
        return self.pool or (Pool(name=ALL_SEATS),)

    def terms(self, priority: PriorityClass, pool: Pool) -> tuple[Term, ...]:
        """Return what ranks a class inside a pool: the order of pool, class or round, or else the lottery."""
        return tuple(parse_term(text) for text in pool.order or priority.order or self.order or (LOTTERY,))

    @property
    def needs_lottery(self) -> bool:
        """Whether any class of any pool is ranked by the lottery."""
        return any(term.is_lottery for c in self.classes for p in self.pools for term in self.terms(c, p))

    @property
    def draws(self) -> bool:
        """Whether the mechanism itself draws lots, with a number from the run's seed."""
        return "draw" in self.row.from_run

    @property
    def row(self) -> Mechanism:
        """The mechanism's row of the table."""
        return MECHANISMS[self.mechanism]

    def claims(self, market: Market) -> tuple[str, ...]:
        """Return the codes of the properties that the mechanism claims for a market of this round."""
        several = bool(market.size.max(initial=1) > 1)
        own = {name: value for name, value in self.parameters.items() if name != "bundles" or several}
        circumstances = [SEVERAL_CHILDREN] * several + [SEVERAL_KEYS] * _has_several_keys(market)
        return self.row.claimed(own, circumstances)

    @property
    def margin(self) -> Margin:
        """By whom a pool of the round may end over its seats, in the words of the audit."""
        if self.parameters.get("bundles") == "skip":
            return "nobody"
        ordered = "P4" in self.row.claims and "tie_break" not in self.row.parameters
        if self.parameters.get("ties") == "admit_all":
            return "last tie" if ordered else "any tie"
        return "last applicant" if ordered else "any applicant"


class Target(_Clause):
    """A number the plan sets: measured after the run, met or not.

    `share` is students (or classes) `of` among those `among`; `ratio` divides the number `of` by the number `among`;
    `count` counts; `figure` reads the table of figures. `minus` is taken off the number `of` again. A target without
    a bound is reported, neither met nor missed.
    """

    name: Name
    measure: Literal["count", "share", "ratio", "figure"]
    of: str
    among: Condition = "TRUE"
    minus: Condition | None = None
    over: Literal["students", "classes"] = "students"
    at_least: Bound | None = None
    at_most: Bound | None = None
    source: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.measure != "figure":
            try:
                parse_expression(self.of)
            except PolicyError as error:
                raise ValueError(f"of: {error}") from None
        return self


class Policy(_Clause):
    """The rules of a district: rounds, priority classes, seat pools, guarantees, targets. Frozen.

    Read one with `read_policy`, or make one from a mapping of the same shape with `Policy.from_dict`.
    """

    title: Name
    source: str = ""
    class_size: dict[Stage, PositiveInt] = Field(default_factory=dict)
    lottery: Lottery = Lottery()
    rounds: tuple[Round, ...] = Field(alias="round", min_length=1)
    targets: tuple[Target, ...] = Field(alias="target", default=())
    _text: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _check(self) -> Self:
        _distinct([r.name for r in self.rounds], "rounds")
        _distinct([t.name for t in self.targets], "targets")
        return self

    @property
    def text(self) -> str:
        """The policy as TOML: the file it was read from, or one that says the same."""
        return self._text

    @property
    def needs_lottery(self) -> bool:
        """Whether any round ranks by the lottery, or its mechanism draws lots."""
        return any(r.needs_lottery or r.draws for r in self.rounds)

    @classmethod
    def from_toml(cls, text: str, name: str = "policy") -> Self:
        """Return the policy a TOML text states; `name` is what errors call it.

        Raises
        ------
        PolicyError
            For everything wrong in it, each with round and key.
        """
        try:
            content = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(f"{name}: no valid TOML: {error}") from None
        return cls._made(content, text, name)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the policy a mapping of the shape of the TOML file states; a float is the decimal it shows.

        Raises
        ------
        PolicyError
            For everything wrong in it, each with round and key.

        Examples
        --------
        >>> policy = Policy.from_dict({"title": "By lot", "round": [{"name": "primary", "stage": "primary"}]})
        >>> policy.needs_lottery
        True
        """
        try:
            text = tomli_w.dumps(content)
        except TypeError as error:
            raise PolicyError(f"policy: {error}; leave out the keys that say nothing") from None
        return cls.from_toml(text)

    def replace(self, changes: Mapping[str, Any] | None = None, /, **keys: Any) -> Self:
        """Return a policy that differs in the keys given; this one stays as it is.

        Parameters
        ----------
        changes : mapping of path to value, optional
            A path names its way by key and name: ``"rounds.primary.mechanism"``, ``"rounds.primary.guarantee"``,
            ``"rounds.general high school.pool.in district.seats"``. The value None takes the key away.
        **keys
            Keys of the policy itself: ``title="…"``.

        Raises
        ------
        PolicyError
            If a path leads nowhere, or the result is no valid policy.

        Examples
        --------
        >>> policy = Policy.from_dict({"title": "By lot", "round": [{"name": "primary", "stage": "primary"}]})
        >>> policy.replace({"rounds.primary.lists": ["zone"]}).rounds[0].lists
        ('zone',)
        """
        content = tomllib.loads(self.text, parse_float=Decimal)
        for path, value in {**(changes or {}), **keys}.items():
            _set(content, path.split("."), value, path)
        return type(self).from_dict(content)

    @classmethod
    def _made(cls, content: Mapping[str, Any], text: str, name: str) -> Self:
        try:
            policy = cls.model_validate(content)
        except ValidationError as error:
            raise PolicyError(describe(error, content, name, cls)) from None
        policy._text = text
        return policy


_PLURALS = {"rounds": "round", "targets": "target", "pools": "pool", "classes": "priority", "priorities": "priority"}


def _set(content: Any, steps: list[str], value: Any, path: str) -> None:
    """Change one key of a nested mapping; lists are entered by name or by place."""
    step, rest = steps[0], steps[1:]
    if isinstance(content, list):
        names = [str(entry.get("name", entry.get("class"))) for entry in content]
        if step not in names and not (step.isdecimal() and int(step) < len(names)):
            raise PolicyError(
                f"no '{step}' on the path '{path}'{did_you_mean(step, names)}; there are {', '.join(names)}"
            )
        return _set(content[names.index(step) if step in names else int(step)], rest, value, path)
    if not isinstance(content, dict):
        raise PolicyError(f"the path '{path}' goes on after '{steps[0]}', where there is nothing inside")
    step = _PLURALS.get(step, step)
    if not rest:
        if value is None:
            content.pop(step, None)
        else:
            content[step] = value
        return None
    if step not in content:
        raise PolicyError(f"no '{step}' on the path '{path}'{did_you_mean(step, content)}")
    return _set(content[step], rest, value, path)
