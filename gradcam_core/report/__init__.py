"""One explanation as a page to hand on: a single HTML file with its pictures inside.

    Path("why.html").write_text(report_page(explanation, checks=[examiner.hide_and_look(explanation)]), "utf-8")

It asks no other host for anything, and prints on A4. Public names: `Checked`, `Reported`, `report_page`, `summary`.
"""

from .page import Checked, Reported, report_page, summary

__all__ = ["Checked", "Reported", "report_page", "summary"]
