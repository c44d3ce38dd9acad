"""BLIP, GIT and ViLT of random weights, as `save_pretrained` writes them: scores, maps and captions against
transformers' own classes, hooks and gradients of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from huggingface_hub import constants
from PIL import Image
from torch import Tensor, nn

from gradcam_core import Explainer, ModelError, TextError
from gradcam_core.engine.watch import NOBODY
from gradcam_core.models import transformers_source as source
from gradcam_core.models.base import ModelSpec
from gradcam_core.models.vocabulary import END
from gradcam_core.reading.fitted import Fitted

from ..local_hub import LocalHub

WORDS = [
    "a", "the", "dog", "cat", "is", "on", "bed", "what", "color", "red", "blue", "green", "##s", "##ing", "play", "?",
    ".", ",", "man", "hat",
]  # fmt: skip
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]"]
SIZE = len(WORDS) + len(SPECIAL)
TEXT = {
    "vocab_size": SIZE, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
    "max_position_embeddings": 80, "initializer_range": 0.3,
}  # fmt: skip
VISION = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 64,
    "patch_size": 8, "initializer_range": 0.3,
}  # fmt: skip
CLIP = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]}
ENDS = {"bos_token_id": 5, "pad_token_id": 0, "sep_token_id": 3, "eos_token_id": 3}


def blip_config() -> Any:
    text = {**TEXT, **ENDS, "encoder_hidden_size": 16, "projection_dim": 16}
    return transformers.BlipConfig(text_config=text, vision_config={**VISION, "projection_dim": 16}, projection_dim=16)


def blip_images() -> Any:
    return transformers.BlipImageProcessor(size={"height": 64, "width": 64}, **CLIP)


def git_network() -> Any:
    ends = {**ENDS, "bos_token_id": 2}
    return transformers.GitForCausalLM(transformers.GitConfig(vision_config=VISION, **TEXT, **ends))


def vilt_network() -> Any:
    answers = {0: "yes", 1: "no", 2: "red", 3: "dog", 4: "2", 5: "cat", 6: "blue"}
    size = {key: value for key, value in VISION.items() if key != "projection_dim"}
    config = transformers.ViltConfig(**{**TEXT, **size}, id2label=answers, label2id={v: k for k, v in answers.items()})
    return transformers.ViltForQuestionAnswering(config)


MADE: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "blip-captions": (lambda: transformers.BlipForConditionalGeneration(blip_config()), blip_images),
    "blip-answers": (lambda: transformers.BlipForQuestionAnswering(blip_config()), blip_images),
    "git": (
        git_network,
        lambda: transformers.CLIPImageProcessor(size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64}),
    ),
    "vilt": (vilt_network, lambda: transformers.ViltImageProcessor(size={"shortest_edge": 64}, size_divisor=8, **CLIP)),
}
PICTURE = np.random.default_rng(0).integers(0, 256, (90, 140, 3), np.uint8)
CAPTION, QUESTION = "a dog plays, the man", "what color is the dog?"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for kind, (network, images) in MADE.items():
        folder = made[kind] = tmp_path_factory.mktemp(kind)
        torch.manual_seed(3)
        network().save_pretrained(folder)
        (folder / "vocab.txt").write_text("\n".join(SPECIAL + WORDS), "utf-8")
        transformers.BertTokenizerFast.from_pretrained(folder).save_pretrained(folder)
        images().save_pretrained(folder)
    return made


def spec(kind: str, folder: Path) -> ModelSpec:
    return source.spec_of(f"someone/{kind}", source.KINDS[kind], folder=folder)


@pytest.fixture(scope="module")
def explainer(folders: dict[str, Path]) -> Explainer:
    made = Explainer(device="cpu", engine="torch")
    made._added.specs = {one.name: one for one in (spec(kind, folder) for kind, folder in folders.items())}
    return made


@pytest.fixture(scope="module")
def theirs(folders: dict[str, Path]) -> dict[str, Any]:
    """transformers' own, as anybody loads them."""
    return {
        kind: getattr(transformers, source.KINDS[kind].network).from_pretrained(folder).eval()
        for kind, folder in folders.items()
    }


def processed(folder: Path, **text: Any) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {"pixel_values": source._preprocessing("", lambda: folder).encode(PICTURE)[0]}
    if text:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        found |= dict(tokenizer(text["text"], return_tensors="pt"))
        found.pop("token_type_ids", None)
    return found


def by_hand(module: nn.Module, run: Callable[[], Tensor]) -> np.ndarray:
    """Grad-CAM of the score that `run` returns, over the tokens of `module` behind the first."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _given: Any, output: Any) -> Any:
        tokens = (output[0] if isinstance(output, tuple) else output).detach().requires_grad_()
        kept.append(tokens)
        return (tokens, *output[1:]) if isinstance(output, tuple) else tokens

    handle = module.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(run(), kept[0])
    finally:
        handle.remove()
    # the image's 8 x 8, or as wide as the photograph: tokens in front of them show no place
    width = {80: 10, 96: 12, 64: 8}[next(n for n in (96, 80, 64) if kept[0].shape[1] > n)]
    tokens, slope = (one[0, -8 * width :].detach() for one in (kept[0], gradient))
    return (tokens * slope.mean(0)).sum(1).view(8, width).numpy()


def one_hot(number: int) -> Tensor:
    return torch.eye(SIZE)[number]


def close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("kind", ["blip-captions", "git"])
def test_words_of_captions_their_chances_and_maps(kind: str, explainer, theirs, folders) -> None:
    network = theirs[kind]
    given = processed(folders[kind])["pixel_values"]
    begin = 5 if kind == "blip-captions" else 2
    # "plays" is two pieces, the comma none of the words
    numbers = [SPECIAL.__len__() + WORDS.index(word) for word in ["a", "dog", "play", "##s", ",", "the", "man"]]
    words = torch.tensor([[begin, *numbers]])

    def logs() -> Tensor:
        if kind == "git":
            out = network(input_ids=words, pixel_values=given).logits[0, -words.shape[1] :]
        else:
            out = network(pixel_values=given, input_ids=words).logits[0]
        return out.log_softmax(-1)

    found = explainer.describe(PICTURE, model=f"someone/{kind}", caption=CAPTION)
    with torch.no_grad():
        known = logs()
    steps = {"a": [0], "dog": [1], "plays": [2, 3], "the": [5], "man": [6]}
    assert [word.text for word in found.words] == list(steps)
    for word, own in zip(found.words, steps.values(), strict=True):
        expected = float(sum(known[at, numbers[at]] for at in own).exp())
        assert word.probability == pytest.approx(expected, rel=1e-3)
        assert CAPTION[word.start : word.end] == word.text
    names = [layer.name for layer in explainer.layers(f"someone/{kind}")]
    inside = "vision_model" if kind == "blip-captions" else "git.image_encoder"
    assert all(name.startswith(f"model.{inside}") for name in names)
    block = next(name for name in names if name.endswith("layers.0"))
    module = network.get_submodule(block.removeprefix("model."))
    for word in ("dog", "plays"):
        expected = by_hand(module, lambda own=steps[word]: logs()[own, [numbers[at] for at in own]].sum())
        close(found.explain(word, layer=block).cam, expected)
    every = slice(0, len(numbers))
    whole = by_hand(module, lambda: logs()[every].gather(1, words[0, 1:, None]).sum())
    close(found.explain(layer=block).cam, whole)
    rather = found.explain("dog", rival="cat", layer=block)
    cat = SPECIAL.__len__() + WORDS.index("cat")
    close(rather.cam, by_hand(module, lambda: logs()[1] @ (one_hot(numbers[1]) - one_hot(cat))))


@pytest.mark.parametrize("kind", ["blip-captions", "git"])
def test_captions_written_alone_and_in_beams(kind: str, explainer, theirs, folders) -> None:
    model = explainer.load(f"someone/{kind}")
    given = processed(folders[kind])["pixel_values"]
    greedy = model.speech.write(given, 1, NOBODY)[0].numbers
    made = theirs[kind].generate(
        pixel_values=given, num_beams=1, do_sample=False, max_new_tokens=6, min_new_tokens=1, no_repeat_ngram_size=3,
        suppress_tokens=[number for number in range(len(SPECIAL)) if number != 3],
    )[0, 1:].tolist()  # fmt: skip
    made = made[: made.index(3)] if 3 in made else made
    assert made
    assert list(greedy[: len(made)]) == made
    several = model.speech.write(given, 3, NOBODY)
    assert len(several) == 3
    assert [one.rank for one in several] == sorted((one.rank for one in several), reverse=True)
    for one in several:
        words = model.speech.wording.caption(one.numbers)
        with torch.no_grad():
            logs = model.network(given, words)[0].log_softmax(-1)
        ended = [*one.numbers, model.speech.wording.end][: source.LONGEST_WRITTEN]
        total = sum(float(logs[at, number]) for at, number in enumerate(ended))
        assert one.log_probability == pytest.approx(total, rel=1e-3)
    written = explainer.describe(PICTURE, model=f"someone/{kind}")
    assert written.caption == written.captions[0]
    assert END not in written.captions


@pytest.mark.parametrize("kind", ["blip-answers", "vilt"])
def test_answers_their_chances_maps_and_the_words_of_the_question(kind: str, explainer, theirs, folders) -> None:
    network, given = theirs[kind], processed(folders[kind], text=QUESTION)

    def logits() -> Tensor:
        if kind == "vilt":
            torch.manual_seed(0)
            return network(**given).logits[0]
        start = torch.full((1, 1), network.decoder_start_token_id)
        seen = network.vision_model(given["pixel_values"])[0]
        asked = network.text_encoder(given["input_ids"], encoder_hidden_states=seen, return_dict=False)[0]
        return network.text_decoder(start, encoder_hidden_states=asked).logits[0, -1]

    with torch.no_grad():
        known = logits()
    chances = known.sigmoid() if kind == "vilt" else known.softmax(-1)
    found = explainer.ask(PICTURE, QUESTION, model=f"someone/{kind}")
    order = chances.argsort(descending=True)[:5].tolist()
    assert [one.index for one in found.top] == order
    # an answer that is written word by word is known by its first word alone, which is said wherever it is shown
    short = [note for note in found.notes if "first word" in note]
    assert len(short) == (kind == "blip-answers")
    assert [note for note in found.explain(1).notes if "first word" in note] == short
    assert [one.probability for one in found.top] == pytest.approx(chances[order].tolist(), rel=1e-3)
    if kind == "vilt":
        assert found.top[0].label == network.config.id2label[order[0]]
        # patches are shuffled there, so that maps are compared where they are in order
        reached = explainer.load(f"someone/{kind}").network
        module: nn.Module = reached.layers[0].image
        image, words = explainer.given(found.explain(1)).values()
        expected = by_hand(module, lambda: reached(image, words)[0, 1])
        layer = "layers.0.image"
        # behind the last layer the answer is read from a word's token
        assert [one.name for one in explainer.layers(f"someone/{kind}")] == [layer]
        assert expected.shape == (8, 12)
    else:
        layer, module = "model.vision_model.encoder.layers.0", network.vision_model.encoder.layers[0]
        expected = by_hand(module, lambda: logits()[1])
    close(found.explain(1, layer=layer).cam, expected)
    # gradient times vector of each word, by a hook on the vectors
    target = found.top[0].index
    embedding = network.vilt.embeddings.text_embeddings if kind == "vilt" else network.text_encoder.embeddings
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _given: Any, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        # what follows adds to it in place
        return kept[-1].clone()

    handle = embedding.word_embeddings.register_forward_hook(keep)
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(logits()[target], kept[0])
    handle.remove()
    products = (kept[0].detach() * slope).sum(-1)[0].tolist()
    # behind the first, which stands for the whole
    assert [word.text for word in found.words] == ["what", "color", "is", "the", "dog"]
    assert [word.value for word in found.words] == pytest.approx(products[1:6], rel=1e-3, abs=1e-6)


def test_in_a_batch_each_is_as_alone(explainer) -> None:
    noise = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    for kind in MADE:
        model = explainer.load(f"someone/{kind}")
        words = next(iter(model.speech.example().values()))
        with torch.no_grad():
            alone = torch.cat([model.network(one[None], words) for one in noise])
            together = model.network(noise, words.expand(3, -1))
        torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("shape", [(90, 140), (140, 90), (64, 64), (30, 400), (401, 57)])
def test_photographs_are_given_as_their_own_processors_do(shape: tuple[int, int], folders) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    for kind, folder in folders.items():
        own = source._preprocessing(kind, lambda folder=folder: folder)
        image, placement = own.encode(pixels)
        images = transformers.AutoImageProcessor.from_pretrained(folder)
        expected = images(Image.fromarray(pixels), return_tensors="pt")["pixel_values"]
        # its resizing is not Pillow's: a few 255ths
        torch.testing.assert_close(image, expected, atol=0.1, rtol=0)
        assert placement.input_size == tuple(image.shape[-2:])
        box = placement.box
        if kind == "git":
            # the middle of the photograph, square
            assert (box.left + box.right) / 2 == pytest.approx(shape[1] / 2, abs=shape[1] / 64)
            assert (box.top + box.bottom) / 2 == pytest.approx(shape[0] / 2, abs=shape[0] / 64)
            assert box.right - box.left == pytest.approx(min(shape), rel=0.03)
        if isinstance(own, Fitted):
            assert (box.left, box.top, box.right, box.bottom) == (0, 0, shape[1], shape[0])


def test_questions_that_it_cannot_read(explainer) -> None:
    for text in ("", "?!", "무엇이 있나요", "dog " * 50):
        with pytest.raises(TextError):
            explainer.ask(PICTURE, text or " ", model="someone/vilt")
    with pytest.raises(TextError, match="English"):
        explainer.ask(PICTURE, "무엇", model="someone/vilt")
    found = explainer.ask(PICTURE, "what is a zyzzyva?", model="someone/vilt")
    assert "zyzzyva" in found.notes[0]


def test_without_a_network_it_is_one_sentence(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    def no_session() -> None:
        raise ConnectionError("no network in this test")

    monkeypatch.setattr("huggingface_hub.get_session", no_session)
    name = source.SPECS[0].name
    with pytest.raises(ModelError, match="Check the connection") as caught:
        Explainer(device="cpu").describe(PICTURE, model=name)
    assert name in str(caught.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix == ".incomplete"]
    assert not source.SPECS[0].is_offline()


def test_a_damaged_file_is_one_sentence(folders, tmp_path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folders["vilt"], broken)
    (broken / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="damaged"):
        spec("vilt", broken).build()
    (broken / "preprocessor_config.json").unlink()
    (broken / "processor_config.json").unlink(missing_ok=True)
    with pytest.raises(ModelError, match="how it takes photographs"):
        spec("vilt", broken).preprocessing()


def test_it_is_fetched_within_the_bounds_of_the_hub_and_nothing_half_written_stays(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADCAM_CACHE", str(tmp_path / "cache" / "converted"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "huggingface"))
    remote = source.spec_of("someone/git", source.KINDS["git"])
    local = LocalHub({"someone/git": folders["git"]})
    with local.served():
        assert not remote.is_offline()
        local.faults["model.safetensors"] = "cut"
        with pytest.raises(ModelError, match="someone/git"):
            remote.build()
        assert not remote.is_offline()
        assert not list(tmp_path.rglob("*.partial"))
        local.faults.clear()
        fetched = remote.build().state_dict()
    # from here on without a network
    assert remote.is_offline()
    expected = spec("git", folders["git"]).build().state_dict()
    assert all(torch.equal(fetched[name], values) for name, values in expected.items())
    assert remote.preprocessing().input_shape == (1, 3, 64, 64)
