"""The completion report: computed from recorded runs, as Markdown, JSON and a web page."""

from backwright.report.collect import collect
from backwright.report.types import Report
from backwright.report.write import write

__all__ = ["Report", "collect", "write"]
