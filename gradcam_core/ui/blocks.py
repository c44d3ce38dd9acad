"""gr.Blocks with what this page needs on the way in and out of a handler. Public name: `PageBlocks`."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, TypeGuard

import gradio as gr
from gradio.blocks import BlockFunction
from gradio.state_holder import SessionState

__all__ = ["PageBlocks"]


class PageBlocks(gr.Blocks):
    """gr.Blocks that fills in what a request leaves out and leaves alone what an answer does not mention."""

    async def preprocess_data(
        self, block_fn: BlockFunction, inputs: list[Any], *args: Any, **options: Any
    ) -> tuple[Any, ...] | list[Any]:
        """Gradio's own, the last parameters that a request leaves out filled in with their defaults.

        So requests that count their values, as curl's do, outlive every parameter that is added behind.
        """
        missing = [getattr(block, "value", None) for block in block_fn.inputs[len(inputs) :]]
        return await super().preprocess_data(block_fn, [*inputs, *missing], *args, **options)

    async def postprocess_data(
        self, block_fn: BlockFunction, predictions: list[Any] | dict[Any, Any], state: SessionState | None
    ) -> list[Any]:
        """Gradio's own, but for the outputs that a handler leaves out or skips: nothing is done for them.

        Gradio builds each of them anew to change nothing about it: 13 ms of an answer for the controls of the
        photograph's tab, in the one thread that serves everybody, where the map itself takes 2.
        """
        outputs = block_fn.outputs
        if isinstance(predictions, (list, tuple)) and len(predictions) == len(outputs):
            predictions = dict(zip(outputs, predictions, strict=True))
        if block_fn.batch or len(outputs) < 2 or not _is_about(predictions, outputs):
            return await super().postprocess_data(block_fn, predictions, state)
        given = {output: value for output, value in predictions.items() if not _is_skip(value)}
        answers: list[Any] = []
        if given:
            mentioned = copy(block_fn)
            mentioned.outputs = list(given)
            # gradio takes the value itself where there is a single output
            values = list(given.values()) if len(given) > 1 else next(iter(given.values()))
            answers = await super().postprocess_data(mentioned, values, state)
        answered = dict(zip(given, answers, strict=True))
        return [answered.get(output, None if output.stateful else gr.skip()) for output in outputs]


def _is_about(predictions: list[Any] | dict[Any, Any], outputs: Sequence[Any]) -> TypeGuard[dict[Any, Any]]:
    # an update of a single output is a dictionary as well
    return isinstance(predictions, dict) and all(output in outputs for output in predictions)


def _is_skip(value: Any) -> bool:
    return isinstance(value, dict) and value == gr.skip()
