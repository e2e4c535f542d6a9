"""Why a child has its seat and no better one: each application, the cutoff it met, and what would have been enough."""

from admissions.explanation.explained import Explanation as Explanation
from admissions.explanation.explaining import explain as explain
from admissions.explanation.reasons import explain_all as explain_all
from admissions.explanation.steps import Change as Change
from admissions.explanation.steps import Step as Step
