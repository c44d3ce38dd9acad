"""Methods for text: those of the registry, and the one of its own worked out by hand."""

from __future__ import annotations

import pytest
import torch

from gradcam_core import METHODS, TEXT_METHODS, MethodError
from gradcam_core.methods import GRADIENTS
from gradcam_core.methods.text import CHARACTERS, WINDOWS, find_text_method


def test_every_method_that_needs_gradients_alone_is_the_registrys_own() -> None:
    shared = {key: method for key, method in TEXT_METHODS.items() if method.over == WINDOWS}
    assert set(shared) == {key for key, method in METHODS.items() if method.needs == (GRADIENTS,)}
    for key, method in shared.items():
        for field in vars(METHODS[key]):
            assert getattr(method, field) == getattr(METHODS[key], field)
    assert [key for key, method in TEXT_METHODS.items() if method.over == CHARACTERS] == ["similarity"]


def test_similarity_is_the_cosine_with_the_mean_gradient() -> None:
    # two dimensions, three characters; the gradients' mean is (1, 0)
    vectors = torch.tensor([[[2.0, 3.0, 0.0]], [[0.0, 4.0, 5.0]]])
    gradients = torch.tensor([[[3.0, 0.0, 0.0]], [[1.0, -1.0, 0.0]]])
    found = find_text_method("similarity").function(vectors, gradients)
    assert found.shape == (1, 3)
    assert found[0].tolist() == pytest.approx([1, 0.6, 0])
    torch.testing.assert_close(find_text_method("similarity").function(vectors, -gradients), -found)


@pytest.mark.parametrize("key", ["gradcm", "", None, 3, ["gradcam"]])
def test_unknown_methods_are_refused(key: object) -> None:
    with pytest.raises(MethodError, match="is unknown for text"):
        find_text_method(key)  # type: ignore[arg-type]
