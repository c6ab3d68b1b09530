"""Promises about answers, from images that a user has judged."""

from eyeful.calibration.coverage import conformal_coverage
from eyeful.calibration.fit import fit
from eyeful.calibration.risk import control_risk, needs
from eyeful.calibration.run import calibrate
from eyeful.calibration.temperature import fit_temperature

__all__ = ["calibrate", "conformal_coverage", "control_risk", "fit", "fit_temperature", "needs"]
