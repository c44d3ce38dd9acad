"""One explanation as a page to hand on: a single HTML file with all that it shows inside.

    Path("why.html").write_text(report_page(explanation, checks=[examiner.hide_and_look(explanation)]), "utf-8")

It asks no other host for anything, and prints on A4. What it shows of a photograph is in `pictures`, of a text in
`shaded`. Public names: `Checked`, `Figure`, `Pictures`, `Reported`, `ShadedText`, `report_page`, `summary`.
"""

from .page import Checked, Figure, Reported, report_page, summary
from .pictures import Pictures
from .shaded import ShadedText

__all__ = ["Checked", "Figure", "Pictures", "Reported", "ShadedText", "report_page", "summary"]
