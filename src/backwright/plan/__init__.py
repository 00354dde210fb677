"""Changes between two models as data: what, why, how dangerous, how to take it back, and who approved it."""

from backwright.plan.plan import Plan, Verdict, plan

__all__ = ["Plan", "Verdict", "plan"]
