"""The promises of the layout: imports point one way, only the page knows gradio, public names are documented."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import gradcam_core

ROOT = Path(gradcam_core.__file__).parent.parent
CORE = sorted((ROOT / "gradcam_core").rglob("*.py"))
APP = [path for path in [ROOT / "app.py"] if path.exists()]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# a part may import only from lines above its own, and from itself
LINES = (
    {"languages"},
    {"errors"},
    {"request"},
    {"signatures"},
    {"types"},
    {"engine"},
    {"reading"},
    {"canvases"},
    {"methods"},
    {"report"},
    {"tasks"},
    {"models"},
    {"captures"},
    {"explanation"},
    {"text_explanation"},
    {"answers"},
    {"description"},
    {"compare"},
    {"remembering"},
    {"explainer"},
    {"checks"},
    {"text_explainer"},
    {"folders"},
    {"serving"},
    {"gradcam_core"},
    {"ui"},
    {"app"},
)
RANK = {part: rank for rank, parts in enumerate(LINES) for part in parts}


def part_of(module: str) -> str:
    """The line's name of a dotted module: "gradcam_core.models.base" is "models"; what starts a program is "app"."""
    names = module.split(".")
    if names[-1] == "__main__":
        return "app"
    return names[1] if names[0] == "gradcam_core" and len(names) > 1 else names[0]


def module_of(path: Path) -> str:
    names = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def imported(path: Path) -> Iterator[str]:
    """Full dotted names of all that `path` imports, wherever in the file."""
    package = module_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *([node.module] if node.module else [])]
            for alias in node.names:
                full = ".".join([*base, alias.name])
                place = ROOT / full.replace(".", "/")
                is_module = place.with_suffix(".py").exists() or (place / "__init__.py").exists()
                yield full if is_module else ".".join(base)


def test_the_reader_of_imports_understands_relative_ones() -> None:
    explainer = set(imported(ROOT / "gradcam_core" / "explainer.py"))
    assert {"gradcam_core.engine.watch", "gradcam_core.models", "gradcam_core.request", "numpy"} <= explainer
    assert "gradcam_core.errors" in set(imported(ROOT / "gradcam_core" / "models" / "base.py"))


@pytest.mark.parametrize("path", [*CORE, *APP], ids=module_of)
def test_imports_point_one_way(path: Path) -> None:
    here = part_of(module_of(path))
    assert here in RANK, f"give {here} its line in LINES"
    for name in imported(path):
        if name.split(".")[0] in {"gradcam_core", "app"}:
            there = part_of(name)
            assert there == here or RANK[there] < RANK[here], f"{module_of(path)} must not import {name}"


def test_no_module_needs_itself_inside_a_package_either() -> None:
    names = {module_of(path) for path in CORE}
    needs = {module_of(path): {*imported(path)} & names - {module_of(path)} for path in CORE}
    # names the modules of a circle where there is one
    assert {*TopologicalSorter(needs).static_order()} == names


@pytest.mark.parametrize("path", [*CORE, *APP], ids=module_of)
def test_only_the_page_knows_gradio_and_it_never_touches_torch(path: Path) -> None:
    page = part_of(module_of(path)) in {"ui", "app"}
    forbidden = {"torch", "torchvision", "timm"} if page else {"gradio", "gradio_client", "spaces"}
    assert not {name.split(".")[0] for name in imported(path)} & forbidden


@pytest.mark.parametrize("path", [*CORE, *APP, *TESTS], ids=module_of)
def test_syntax_is_that_of_python_3_10_and_no_machines_paths_are_in_it(path: Path) -> None:
    source = path.read_text("utf-8")
    ast.parse(source, feature_version=(3, 10))
    assert not {"tomllib", "asyncio.timeout"} & set(imported(path))
    assert not re.search(r"['\"\s](/tmp|/work|/home|/root|/Users)/\w", source)


def test_public_names_are_sorted_and_all_there() -> None:
    names = gradcam_core.__all__
    # constants, classes, functions: each group in order
    assert names == sorted(names, key=lambda name: (not name.isupper(), name))
    assert len(set(names)) == len(names)
    assert all(hasattr(gradcam_core, name) for name in names)
    public = {
        name for name, value in vars(gradcam_core).items() if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert public - {"annotations"} == set(names)


def promised() -> Iterator[tuple[str, object]]:
    for name in gradcam_core.__all__:
        thing = getattr(gradcam_core, name)
        if not inspect.isclass(thing):
            continue
        yield name, thing
        for member, value in vars(thing).items():
            if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                yield f"{name}.{member}", value


@pytest.mark.parametrize(("name", "thing"), list(promised()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_public_name_is_documented(name: str, thing: object) -> None:
    text = thing.__doc__ or ""
    # a dataclass without a docstring gets its signature as one
    assert text.strip(), name
    assert not text.startswith(f"{name}("), name


@pytest.mark.parametrize("path", [path for path in CORE if "ui" not in path.parts], ids=module_of)
def test_every_module_says_what_it_is_for_and_names_what_it_offers(path: Path) -> None:
    module = import_module(module_of(path))
    assert module.__doc__
    offered = module.__all__
    assert all(hasattr(module, name) for name in offered)
    assert offered == sorted(offered, key=lambda name: (not name.isupper(), name))


def kinds(path: Path) -> Iterator[tuple[str, str]]:
    """Names of the classes, and of what stands for types, that `path` defines, with what tells one from another."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name.strip("_"), module_of(path)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (target.id.strip("_") for target in targets if isinstance(target, ast.Name)):
                if name[:1].isupper() and not name.isupper():
                    # two of the same definition are the same thing
                    yield name, ast.unparse(node.value)


def test_what_is_a_type_has_a_name_of_its_own() -> None:
    """Two things of one name are taken for each other, in whatever rooms they are, and whether private or not."""
    places: dict[str, set[str]] = {}
    for path in (*CORE, *APP):
        for name, place in kinds(path):
            places.setdefault(name, set()).add(place)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
