"""Admissions of a school district: each child a seat or a reason, by published rules, with proof.

>>> import admissions as adm
>>> district = adm.generate_district("docs", size=60)
>>> allocation = adm.allocate(district, adm.read_policy("district_2016"), seed="2016-07-01 09:00")
>>> adm.audit(allocation).raise_if_failed()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from admissions.allocation import Allocation as Allocation
    from admissions.audit import Audit as Audit
    from admissions.audit import audit_allocation as audit
    from admissions.behaviour.estimation import PreferenceEstimates as PreferenceEstimates
    from admissions.behaviour.estimation import estimate_preferences as estimate_preferences
    from admissions.behaviour.logit import DistanceQualityLogit as DistanceQualityLogit
    from admissions.behaviour.relisting import Truncated as Truncated
    from admissions.behaviour.relisting import Truthful as Truthful
    from admissions.behaviour.relisting import relist as relist
    from admissions.behaviour.strategy import Strategic as Strategic
    from admissions.behaviour.withdrawal import Withdrawal as Withdrawal
    from admissions.district.district import District as District
    from admissions.district.generation import generate_district as generate_district
    from admissions.district.reading import read_district as read_district
    from admissions.district.reading import write_district as write_district
    from admissions.engine import allocate as allocate
    from admissions.errors import AdmissionsError as AdmissionsError
    from admissions.errors import DataError as DataError
    from admissions.errors import MarketError as MarketError
    from admissions.errors import PolicyError as PolicyError
    from admissions.errors import PreflightError as PreflightError
    from admissions.errors import PropertyError as PropertyError
    from admissions.errors import RunError as RunError
    from admissions.explanation import Explanation as Explanation
    from admissions.explanation import explain as explain
    from admissions.explanation import explain_all as explain_all
    from admissions.market import Market as Market
    from admissions.market import Matching as Matching
    from admissions.mechanisms import MECHANISMS as MECHANISMS
    from admissions.mechanisms import match as match
    from admissions.planning.assumptions import Assumptions as Assumptions
    from admissions.planning.assumptions import read_assumptions as read_assumptions
    from admissions.planning.projection import Projection as Projection
    from admissions.planning.projection import project as project
    from admissions.policy.policy import Policy as Policy
    from admissions.policy.reading import read_policy as read_policy
    from admissions.readiness.checklist import preflight as preflight
    from admissions.readiness.concerns import Preflight as Preflight
    from admissions.readiness.examples import worked_examples as worked_examples
    from admissions.runs import read_run as read_run
    from admissions.runs import write_run as write_run
    from admissions.simulation.comparison import compare as compare
    from admissions.simulation.misreports import misreport as misreport
    from admissions.simulation.odds import simulate as simulate
    from admissions.simulation.redraws import redraw as redraw
    from admissions.simulation.reforms import compare_scenarios as compare_scenarios
    from admissions.simulation.scenarios import read_scenarios as read_scenarios
    from admissions.simulation.stopping import Until as Until
    from admissions.simulation.what_ifs import what_if as what_if

_HOME = {
    "Allocation": "allocation",
    "Audit": "audit.findings",
    "PreferenceEstimates": "behaviour.estimation",
    "estimate_preferences": "behaviour.estimation",
    "DistanceQualityLogit": "behaviour.logit",
    "Truncated": "behaviour.relisting",
    "Truthful": "behaviour.relisting",
    "relist": "behaviour.relisting",
    "Strategic": "behaviour.strategy",
    "Withdrawal": "behaviour.withdrawal",
    "District": "district.district",
    "generate_district": "district.generation",
    "read_district": "district.reading",
    "write_district": "district.reading",
    "allocate": "engine",
    "AdmissionsError": "errors",
    "DataError": "errors",
    "MarketError": "errors",
    "PolicyError": "errors",
    "PreflightError": "errors",
    "PropertyError": "errors",
    "RunError": "errors",
    "Explanation": "explanation",
    "explain": "explanation",
    "explain_all": "explanation",
    "Market": "market",
    "Matching": "market",
    "MECHANISMS": "mechanisms",
    "match": "mechanisms",
    "Assumptions": "planning.assumptions",
    "read_assumptions": "planning.assumptions",
    "Projection": "planning.projection",
    "project": "planning.projection",
    "Policy": "policy.policy",
    "read_policy": "policy.reading",
    "preflight": "readiness.checklist",
    "Preflight": "readiness.concerns",
    "worked_examples": "readiness.examples",
    "read_run": "runs",
    "write_run": "runs",
    "misreport": "simulation.misreports",
    "redraw": "simulation.redraws",
    "compare": "simulation.comparison",
    "simulate": "simulation.odds",
    "compare_scenarios": "simulation.reforms",
    "read_scenarios": "simulation.scenarios",
    "Until": "simulation.stopping",
    "what_if": "simulation.what_ifs",
}

__all__ = [*_HOME, "audit"]


def __getattr__(name: str) -> Any:
    if name == "audit":
        return import_module("admissions.audit")
    if name not in _HOME:
        raise AttributeError(f"module 'admissions' has no attribute '{name}'")
    return getattr(import_module(f"admissions.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
