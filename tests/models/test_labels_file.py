"""Files of class names in every form in which people keep them, and those that would take memory or time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gradcam_core import ModelError
from gradcam_core.models.labels_file import given_names, names_of, read_labels

from .test_hostile import peak, start_peak

FRUIT = ("apple", "pear", "fig")
FORMS = {
    "lines": "apple\npear\nfig",
    "lines of Windows": "apple\r\npear\r\nfig\r\n",
    "lines of old Macs": "apple\rpear\rfig",
    "a mark and blanks at the end": "\ufeffapple\npear \n fig\n   \n\t\n",
    "JSON": '["apple", "pear", "fig"]',
    "JSON by index": '{"2": "fig", "0": "apple", "1": "pear"}',
    "JSON with ImageNet's identifiers": '{"0": ["n07", "apple"], "1": ["n08", "pear"], "2": ["n09", "fig"]}',
    "JSON of pairs": '[["n07", "apple"], ["n08", "pear"], ["n09", "fig"]]',
    "JSON by name": '{"fig": 2, "apple": 0, "pear": 1}',
    "a configuration": json.dumps({"model_type": "vit", "id2label": {"0": "apple", "1": "pear", "2": "fig"}}),
    "a configuration by name": json.dumps({"label2id": {"apple": 0, "pear": 1, "fig": 2}}),
    "of a folder of pictures": json.dumps({"root": "x", "class_to_idx": {"fig": 2, "apple": 0, "pear": 1}}),
    "the text of a dict": "{0: 'apple', 1: 'pear', 2: 'fig'}",
    "the text of a list": "['apple', 'pear', 'fig',]",
    "the text of a tuple in a dict": "{'apple': 0, 'pear': 1, 'fig': 2}\n",
    "a table": "index,name\n0,apple\n1,pear\n2,fig\n",
    "a table in another order": 'name,class_id\n"fig",2\napple,0\npear,1\n',
    "a table with semicolons": "id;label\n0;apple\n1;pear\n2;fig\n",
    "a table with tabs": "label\tindex\nfig\t2\napple\t0\npear\t1\n",
    "a table without a header": "0,apple\n1,pear\n2,fig\n",
    "a table without a header, in another order": '"pear";1\nfig;2\n"apple"; 0\n',
    "YAML by index": "0: apple\n1: pear\n2: fig\n",
    "YAML of a detector": "# fruit\npath: ../data\nnc: 3\nnames: ['apple', 'pear', 'fig']\n",
    "YAML of a detector by index": "train: images\nnames:\n  0: apple\n  1: pear  # sweet\n  2: fig\n",
    "YAML of a detector, one a line": "nc: 3\nnames:\n  - apple\n  - pear\n  - fig\n",
    "YAML, one a line": "# fruit\n- apple\n- pear\n- fig\n",
    "lines in quotation marks": '"apple"\n"pear"\n "fig" \n',
    "things with numbers": '[{"id": 1, "name": "pear"}, {"id": 0, "name": "apple"}, {"id": 2, "name": "fig"}]',
    "things without numbers": '{"classes": [{"name": "apple"}, {"name": "pear"}, {"name": "fig"}]}',
    "a table of one column": "apple,\npear,\nfig,\n",
    "a table of three": "id,wnid,label\n0,n07,apple\n1,n08,pear\n2,n09,fig",
}  # fmt: skip


# thirty lists, each of ten of the one before
NESTED = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 10}]\n" for n in range(1, 30)) + "names: *a29\n"


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str, tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(FORMS[form].encode())
    assert read_labels(path) == FRUIT


@pytest.mark.parametrize(
    "names",
    [
        ("a\u2028b", "c\x0bd", "e\x0cf", "g\x85h", "i\x1cj"),
        ("[unknown]", "cat", "[dog]", "{bird}"),
        ("(other)", "{}", "cat"),
        ("tench, Tinca tinca", "goldfish, Carassius auratus"),
        ("id, name", "cat", "dog"),
        ("0, a", "2, b", "3, c"),
        ("0 apple", "1 pear", "2 fig"),
        ("cat; 7", "dog; 8"),
        ("0", "1", "10", "2"),
        ("ratio 1: 2", "cat", "dog"),
        ("# sharp", "b flat", "c"),
        ("cat,", "dog", "bird"),
    ],
)
def test_names_are_kept_as_they_are(names: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("\n".join(names) + "\n", "utf-8")
    assert read_labels(path) == names


def test_a_line_left_empty_is_a_class_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("apple\n\nfig\n\n")
    assert read_labels(tmp_path / "names.txt") == ("apple", "class 1", "fig")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{'apple', 'pear'}", "is a set, which has no order"),
        ('["a", "b"', "is no valid JSON"),
        ('[\n"a",\n"b"\n', "is no valid JSON"),
        ('{"0": "a", "2": "b"}', "from 0 on to a name, but 1 is missing"),
        ('{"a": 1, "b": 2}', "from 0 on to a name, but 0 is missing"),
        ('{"a": "b"}', "or every name to its index"),
        ('{"a": 0, "b": 0}', "or every name to its index"),
        ('{"0": 1.5}', "must hold texts only"),
        ('"apple"', None),
        ("[[], []]", "must hold texts only"),
    ],
)
def test_what_cannot_be_read(content: str, words: str | None, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text(content)
    if words is None:
        assert read_labels(tmp_path / "names.txt") == (content,)
        return
    with pytest.raises(ModelError, match=words):
        read_labels(tmp_path / "names.txt")


HOSTILE: dict[str, Callable[[], str]] = {
    "millions of lines": lambda: "\n" * 9_999_999,
    "lines of old Macs": lambda: "a\r" * 4_999_999,
    "a long line": lambda: "a" * 9_999_999,
    "deep brackets": lambda: "[" * 4_999_999 + "]" * 4_999_999,
    "deep braces": lambda: '{"a":' * 1_000_000 + "1" + "}" * 1_000_000,
    "deep Python": lambda: "(" * 400_000 + ")" * 400_000,
    "deep Python in a list": lambda: "['a'," + "(" * 400_000 + ")" * 400_000 + "]",
    "minus": lambda: "[" + "-" * 900_000 + "1]",
    "a sum": lambda: "[" + "1+" * 400_000 + "1j]",
    "a long number": lambda: "[" + "9" * 9_000_000 + "]",
    "a long index": lambda: '{"' + "9" * 9_000_000 + '": "a"}',
    "millions of numbers": lambda: "[" + "1," * 4_900_000 + "1]",
    "millions of names": lambda: "[" + '"",' * 3_000_000 + '""]',
    "a table of commas": lambda: "id,name\n" + ",\n" * 199_000,
    "one cell": lambda: 'id,name\n"' + "a\n" * 150_000,
    "blank": lambda: " " * 9_999_999,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_end_soon_and_take_little(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text(HOSTILE[kind]())
    before, start = start_peak(), time.process_time()
    try:
        assert all(isinstance(name, str) for name in read_labels(path))
    except ModelError as error:
        assert len(str(error)) < 500  # noqa: PT017 - an answer is as good as a refusal
    assert peak() - before < 500
    assert time.process_time() - start < 20


def test_yaml_takes_words_for_words(tmp_path: Path) -> None:
    """Not for what YAML makes of them: "no" is false there, and 1e5 a number."""
    path = tmp_path / "data.yaml"
    path.write_text("names: [no, yes, 1e5, ~]\n")
    assert read_labels(path) == ("no", "yes", "1e5", "~")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("names: [apple, pear\n", "YAML"),
        ("names: " + "[" * 3000 + "\n", "YAML"),
        ("names:\n  0: apple\n  2: fig\n", "1"),
        ("names: fruit.txt\n", "map"),
        ('[{"id": 1, "name": "pear"}, {"id": 3, "name": "fig"}]', "0"),
        ('[{"id": 1}, {"id": 2}]', "texts"),
        (NESTED, "texts"),
    ],
)
def test_what_holds_no_names_is_refused_in_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "data.yaml"
    path.write_text(text)
    with pytest.raises(ModelError, match=said):
        read_labels(path)


def test_a_file_is_taken_wherever_names_are(tmp_path: Path) -> None:
    path = tmp_path / "fruit.txt"
    path.write_text("apple\npear\nfig\n")
    assert given_names(path) == given_names(str(path)) == FRUIT
    assert given_names("fig") == ("fig",)
    assert given_names("fig" * 5_000) == ("fig" * 5_000,)
    with pytest.raises(ModelError, match=r"'nothing\.txt' cannot be read"):
        given_names(tmp_path / "nothing.txt")


def test_names_are_as_many_as_classes() -> None:
    assert names_of({"fig": 2, "apple": 0, "pear": 1}, 3) == FRUIT
    with pytest.raises(ModelError, match="names 3 classes, expected 4"):
        names_of(FRUIT, 4)
