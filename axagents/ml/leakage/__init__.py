"""Does a feature know what it cannot know when the model predicts?"""

from axagents.ml.leakage.check import check_leakage
from axagents.ml.leakage.findings import Finding, LeakageContext, LeakageReport, Rule, Verdict, Window

__all__ = ["Finding", "LeakageContext", "LeakageReport", "Rule", "Verdict", "Window", "check_leakage"]
