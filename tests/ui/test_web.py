"""Scripts of components: what stands in front of each, and its own."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from gradcam_core.ui import web

FOLDER = Path(web.__file__).parent
# what may stand in front of a component's own script
SHARED = ("fill.js", "maps.js")
COMPONENTS = sorted(path for path in FOLDER.glob("*/*.js") if path.stem == path.parent.name)
DECLARED = re.compile(r"^(?:async )?(?:const|let|class|function\*?) +(\w+)", re.MULTILINE)


@pytest.mark.parametrize("script", COMPONENTS, ids=lambda path: path.stem)
def test_no_name_is_declared_twice_or_none_of_the_script_runs(script: Path) -> None:
    names = Counter(
        name
        for path in (*(FOLDER / one for one in SHARED), script)
        for name in DECLARED.findall(path.read_text("utf-8"))
    )
    assert {"fillIn", "hear"} <= names.keys()
    assert [name for name, count in names.items() if count > 1] == []
