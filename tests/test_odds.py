"""Odds: every draw is the run of its seed, what is called certain is, and intervals hold what they should."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admissions as adm
from admissions.mechanisms import MECHANISMS
from admissions.simulation.draws import play_draw, tabulate_draw
from admissions.simulation.laboratory import compile_policy
from admissions.simulation.seeds import derived_seed
from admissions.testing import districts, policies
from tests.strategies import NEEDED

LATER = ("TRUE", "left_by = 'primary'", "left_by IS NULL", "NOT placed AND local", "left_by = 'primary' OR mark >= 3")
IN_CLASSES = ("TRUE", "left_by = 'primary'", "placed", "local AND left_by IS NULL")


@st.composite
def policies_of_rounds(draw):
    """Draw a policy whose later rounds take who the earlier ones left, and its lottery of one or many numbers."""
    rounds = []
    for name in ("primary", "second", "third")[: draw(st.integers(1, 3))]:
        mechanism = draw(st.sampled_from(["deferred_acceptance", "deferred_acceptance", "immediate_acceptance"]))
        clause = draw(policies(mechanism)).model_dump(by_alias=True, exclude_none=True, mode="python")["round"][0]
        clause["name"] = name
        if rounds:
            clause["students"] = draw(st.sampled_from(LATER))
            if draw(st.booleans()):
                clause["priority"] = [{"class": "first", "when": draw(st.sampled_from(IN_CLASSES))}, {"class": "rest"}]
        rounds.append(clause)
    scope = draw(st.sampled_from(["single", "programme"]))
    return adm.Policy.from_dict({"title": "drawn", "lottery": {"scope": scope}, "round": rounds})


def same_as_allocate(district, policy, seeds):
    laboratory, works = compile_policy(district, policy), {}
    for seed in seeds:
        drawn = tabulate_draw(laboratory, play_draw(laboratory, seed, works))
        assert drawn.equals(adm.allocate(district, policy, seed=seed).students)


SEEDS = [derived_seed("odds", 1), derived_seed("odds", 2), "short"]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(districts(), policies_of_rounds())
def test_every_draw_is_the_allocation_of_its_seed(district, policy):
    same_as_allocate(district, policy, SEEDS)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(data=st.data())
def test_every_draw_of_every_mechanism_is_the_allocation_of_its_seed(mechanism, data):
    parameters = {name: value for name, value in NEEDED[mechanism].items() if name not in ("width", "consent", "owned")}
    if mechanism == "score_bands":
        return
    district, policy = data.draw(districts()), data.draw(policies(mechanism, **parameters))
    try:
        adm.allocate(district, policy, seed="x")
    except adm.AdmissionsError:
        return
    same_as_allocate(district, policy, SEEDS)
