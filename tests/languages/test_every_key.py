"""Every finding has a sentence in every language, and every sentence is somebody's."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from gradcam_core import errors
from gradcam_core.languages.say import LANGUAGES
from gradcam_core.ui.tabs.photograph import EXAMPLES

ROOT = Path(errors.__file__).parent
KINDS = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, errors.CamError)}
SOURCES = sorted(path for path in ROOT.rglob("*.py") if "languages" not in path.parts)
DRAWN = sorted(path for ending in ("html", "js") for path in (ROOT / "ui" / "web").rglob(f"*.{ending}"))


def findings() -> Iterator[tuple[str, int, ast.Call]]:
    """Every place where a finding is made."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                function = node.func
                name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
                if name in KINDS | {"Finding", "word", "words_for"}:
                    yield str(path.relative_to(ROOT)), node.lineno, node


def keys_in(node: ast.Call) -> list[str]:
    """The keys that may stand there."""
    return [one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant) and "." in str(one.value)]


MADE = list(findings())
# where a key is made of two parts
MADE_OF_PARTS = {
    "models/base.py",
    "models/sizes.py",
    "ui/panels/checks.py",
    "ui/panels/places.py",
    "ui/panels/plots.py",
    "ui/panels/text_check.py",
    "ui/web/examples/__init__.py",
}


def test_there_are_findings() -> None:
    assert len(MADE) > 150


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_literal_key_has_a_sentence_with_its_values(language: str) -> None:
    sentences = LANGUAGES[language]
    for path, line, node in MADE:
        assert not isinstance(node.args[0], ast.JoinedStr) or path in MADE_OF_PARTS, (path, line)
        if not isinstance(node.args[0], ast.Constant):
            continue
        key = node.args[0].value
        assert key in sentences, (path, line, key)
        given = {keyword.arg for keyword in node.keywords}
        sentence = sentences[key]
        if None in given or callable(sentence):
            continue
        wanted = {re.split(r"[.\[]", field)[0] for _, field, _, _ in Formatter().parse(sentence) if field}
        assert wanted <= given, (path, line, key, wanted - given)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_somebodys(language: str) -> None:
    source = "".join(path.read_text("utf-8") for path in (*SOURCES, ROOT / "errors.py", ROOT / "languages" / "say.py"))
    # within an f-string the other quotes stand
    source = source.replace("'", '"')
    detail = {"detail.not_finer", "detail.one_size", "detail.too_large", "detail.transform"}
    made_of_parts = detail | {"sizes.one_size", "sizes.out_of_step", "sizes.too_large", "sizes.transform"}
    made_of_parts |= {key for key in LANGUAGES[language] if key.startswith(("brush.", "trust.", "words_check."))}
    photographs = {path.stem.lstrip("0123456789-") for path in EXAMPLES.iterdir()}
    drawn = "".join(path.read_text("utf-8") for path in DRAWN)
    for key in LANGUAGES[language]:
        name = key.removeprefix("example.")
        assert f'"{key}"' in source or key in made_of_parts or f"[[say {key}]]" in drawn or name in photographs, key
    for key in made_of_parts:
        assert f'"{key}"' in source or f'"{key.split(".")[1].removesuffix("_first")}"' in source, key


def test_all_languages_say_the_same() -> None:
    assert len({frozenset(sentences) for sentences in LANGUAGES.values()}) == 1
