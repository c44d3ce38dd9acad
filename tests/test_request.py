"""Every option of a request: read once, refused with a remedy, kept as JSON, told apart for caches."""

from __future__ import annotations

import inspect
import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gradcam_core import CamError, LayerError, MethodError, ModelError, OptionError, Request, TargetError
from gradcam_core.request import AUTO, NEXT_THREE, whole_number
from gradcam_core.signatures import takes_options

SWITCHES = [name for name, option in Request.options().items() if option.kind == "switch"]
TEXTS = [name for name, option in Request.options().items() if option.kind == "text"]


def test_the_defaults_are_those_that_are_promised() -> None:
    expected = {
        "model": None, "layer": None, "target": None, "method": None, "counterfactual": False, "rival": None,
        "detail": False, "question": None, "caption": None, "word": None, "sharper": False, "view": "centre",
        "both": False,
    }  # fmt: skip
    assert Request().record() == expected
    assert {name: getattr(Request(), name) for name in Request.options()} == expected


def test_what_stands_on_the_wire_by_default_is_read_as_the_default() -> None:
    assert Request.parse(**{name: option.default for name, option in Request.options().items()}) == Request()
    assert Request.parse(**dict.fromkeys(Request.options())) == Request()


@pytest.mark.parametrize("nothing", [None, "", "  ", "auto", " auto "])
@pytest.mark.parametrize("name", ["model", "layer", "target"])
def test_what_is_left_open_is_none(name: str, nothing: Any) -> None:
    assert getattr(Request.parse(**{name: nothing}), name) is None


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *((given, True) for given in (True, "true", "True", " YES ", "on", "1", 1, 1.0, np.True_, torch.tensor(True))),
        *((given, False) for given in (False, "false", "No", "OFF", "0", 0, np.False_, torch.tensor(False))),
        *((given, False) for given in (None, "", "auto")),
        *((given, True) for given in ("예", "네", "참", "켜기", "y", "T", "enabled")),
        *((given, False) for given in ("아니요", "아니오", "거짓", "끄기", "n", "F", "disabled", "False ")),
    ],
    ids=repr,
)
def test_switches_are_switched_by_what_is_said(name: str, given: Any, expected: bool) -> None:
    if isinstance(given, torch.Tensor):
        given = given.item()
    assert getattr(Request.parse(**{name: given}), name) is expected


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("given", ["maybe", "none", "2", 2, -1, 0.5, [], [True], {}, float("nan"), "nein"], ids=repr)
def test_what_is_neither_on_nor_off_is_refused(name: str, given: Any) -> None:
    with pytest.raises(OptionError, match=rf"`{name}` .* is neither on nor off; give true or false"):
        Request.parse(**{name: given})


@pytest.mark.parametrize(
    "three",
    [3, 3.0, np.int64(3), np.uint8(3), np.float32(3), np.array(3), np.array([3]), torch.tensor(3), torch.tensor([3.0])],
    ids=repr,
)
def test_whole_numbers_are_read_whatever_holds_them(three: Any) -> None:
    request = Request.parse(target=three, rival=[three, "cat"])
    assert (request.target, request.rival) == (3, (3, "cat"))
    assert type(request.target) is int
    assert Request.parse(rival=three).rival == 3


@pytest.mark.parametrize(
    "given",
    [
        True,
        np.True_,
        3.5,
        float("nan"),
        float("inf"),
        [3],
        {},
        {1, 2},
        b"3",
        torch.tensor([1, 2]),
        object(),
        1j,
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_is_no_class_is_refused(given: Any) -> None:
    with pytest.raises(TargetError, match=r"`target` .* is not a class; give an index or a label"):
        Request.parse(target=given)


def test_rivals_are_none_one_or_several() -> None:
    read = {given: Request.parse(rival=given).rival for given in (None, "", " ", AUTO, NEXT_THREE, 7, "7", "cat", ())}
    assert read == {
        None: None, "": None, " ": None, AUTO: AUTO, NEXT_THREE: NEXT_THREE, 7: 7, "7": "7", "cat": "cat", (): None,
    }  # fmt: skip
    for several in ([3, 5], (3, 5), np.array([3, 5]), torch.tensor([3, 5])):
        assert Request.parse(rival=several).rival == (3, 5)
    for wrong in (True, [True], [[3]], {3}, b"3"):
        with pytest.raises(TargetError, match=r"`rival` .* is not a class"):
            Request.parse(rival=wrong)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"model": 3}, ModelError, "`model` 3 is not a model; give its name as a text, or 'auto'"),
        ({"layer": ["last"]}, LayerError, r"`layer` \['last'\] is not a module of the model; give its name"),
        ({"method": 3}, MethodError, "`method` 3 is not the key of a method; give a text"),
        ({"taget": 3}, OptionError, "`taget` is not an option. Did you mean 'target'"),
        ({"zzz": 3}, OptionError, "`zzz` is not an option. Known: 'model'"),
    ],
)
def test_errors_name_the_argument_the_value_and_the_remedy(given: Any, kind: type[CamError], words: str) -> None:
    with pytest.raises(kind, match=words):
        Request.parse(**given)


def test_a_value_as_long_as_a_book_is_not_repeated() -> None:
    for name in SWITCHES:
        with pytest.raises(OptionError) as caught:
            Request.parse(**{name: "x" * 100_000})
        assert len(str(caught.value)) < 200


ANSWERS = {
    "model": st.none() | st.text(),
    "layer": st.none() | st.text(),
    "target": st.none() | st.text() | st.integers(),
    "method": st.none() | st.text(),
    "counterfactual": st.booleans(),
    "rival": st.none() | st.text() | st.integers() | st.lists(st.text() | st.integers()),
    "detail": st.booleans(),
    "question": st.none() | st.text(),
    "caption": st.none() | st.text(),
    "word": st.none() | st.text() | st.integers(),
    "sharper": st.booleans(),
    "view": st.sampled_from(["centre", "whole", " Whole ", None, ""]),
    "both": st.booleans(),
}


@given(st.fixed_dictionaries({}, optional=ANSWERS))
def test_a_record_is_plain_json_and_makes_the_same_request_again(values: dict[str, Any]) -> None:
    request = Request.parse(**values)
    again = Request.parse(**json.loads(json.dumps(request.record())))
    assert again == request
    assert again.key() == request.key()
    assert hash(again.key()) == hash(request.key())


def test_every_option_has_a_value_to_be_tried_here() -> None:
    assert ANSWERS.keys() == Request.options().keys()


def test_keys_tell_apart_whatever_differs() -> None:
    others = {
        "model": "a", "layer": "b", "target": 1, "method": "c", "counterfactual": True, "rival": (1,), "detail": True,
        "question": "d", "caption": "e", "word": 2, "sharper": True, "view": "whole",
        "both": True,
    }  # fmt: skip
    keys = [Request().key(), *(Request().replace(**{name: other}).key() for name, other in others.items())]
    assert len(set(keys)) == len(Request.options()) + 1


def test_changes_are_read_like_what_is_given_first() -> None:
    changed = Request(target=3).replace(counterfactual="no", target="auto", detail="yes")
    assert changed == Request(detail=True)


@pytest.mark.parametrize("view", ["all", 3, True, ["whole"], "center of it"])
def test_a_view_that_there_is_not_is_refused(view: Any) -> None:
    with pytest.raises(OptionError, match=r"`view` .* is unknown; choose one of centre, whole"):
        Request.parse(view=view)


def test_words_say_what_differs_from_the_default() -> None:
    assert Request().words == ""
    request = Request(target="tabby", rival=[3, "cat"], counterfactual=True, layer="bn2", detail=True)
    assert request.words == "at layer bn2, for tabby, what speaks against it, rather than 3, cat, in detail"


def test_options_are_documented_for_the_wire() -> None:
    for name, option in Request.options().items():
        assert option.name == name
        assert option.description.endswith(".")
        assert option.title
        assert "\n" not in option.description


def test_a_function_that_takes_options_lists_them() -> None:
    @takes_options(but=["layer"])
    def ask(image: str, *, watch: int = 0, **options: Any) -> None:
        """Ask.

        OPTIONS
        """

    parameters = inspect.signature(ask).parameters
    assert list(parameters) == ["image", "watch", *(name for name in Request.options() if name != "layer")]
    assert parameters["method"].default is None
    assert parameters["target"].default is None
    described = " ".join((ask.__doc__ or "").split())
    for name, option in Request.options().items():
        assert (f"`{name}`: {option.description}" in described) == (name != "layer")


@pytest.mark.parametrize("other", ["3", "cat", None, 2.5, True, [3], np.array([1, 2]), 1j])
def test_other_things_are_no_whole_numbers(other: Any) -> None:
    assert whole_number(other) is None
