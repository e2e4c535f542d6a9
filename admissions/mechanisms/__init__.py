"""From a market to a matching: one mechanism a file, all of them in the table `MECHANISMS`."""

from admissions.mechanisms.mechanism import Mechanism as Mechanism
from admissions.mechanisms.table import MECHANISMS as MECHANISMS
from admissions.mechanisms.table import match as match
