"""gr.Blocks with what this page needs on the way in and out of a handler. Public name: `PageBlocks`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from copy import copy
from inspect import signature
from typing import Any, ClassVar, TypeGuard
from weakref import WeakKeyDictionary

import fastapi
import gradio as gr
from anyio import to_thread
from gradio.blocks import Block, BlockFunction, BlocksConfig
from gradio.components.base import _Keywords
from gradio.state_holder import SessionState, StateHolder
from gradio.utils import get_upload_folder
from gradio_client import Client

from ..errors import UploadError
from ..languages import language_now
from ..serving.failures import plain_words
from ..serving.lanes import CHEAP, Lanes
from .named_files import is_in_answer, of_request, of_tool_call
from .page_queue import PageQueue
from .wording import word, worded

__all__ = ["PageBlocks"]

log = logging.getLogger(__name__)

# what the page itself sends for its parts; an endpoint reads its values with sentences of its own
SENT: dict[type[Block], tuple[type, ...]] = {
    gr.Number: (int, float),
    gr.Checkbox: (bool,),
    gr.Textbox: (str,),
    gr.Dropdown: (str, int, float),
    gr.Radio: (str, int, float),
    gr.Dataset: (int,),
}
# where what stood there can be taken away
EMPTIED = (gr.Dropdown, gr.Number)

# letters of a visitor's name, which a page makes of eleven: gradio remembers the last thousand names
LONGEST_SESSION = 256
FINISHED = _Keywords.FINISHED_ITERATING
# how gradio describes a part to clients of the API
DESCRIPTIONS = ("api_info", "api_info_as_input", "api_info_as_output", "example_inputs")
# what an update of a gr.HTML may change beside the properties of its template
HTML_PARAMETERS = frozenset(signature(gr.HTML.__init__).parameters)


async def _answer_of(job: Any) -> list[Any]:
    """All that a tool answers: to whoever asks for no progress gradio shows several outputs as one text."""
    found = await to_thread.run_sync(job.result)
    return list(found) if isinstance(found, tuple) else [found]


def _client_of(tools: Any) -> Callable[[], Client]:
    """Through what the calls of `tools` reach this server: it waits as long as an answer takes.

    Gradio's own gives up when a busy server has not described its page within 5 seconds.
    """
    gradios = tools._get_or_create_client
    lock = threading.Lock()

    def client() -> Client:
        with lock:
            # where the page is a part of another program it has no address of its own before it is asked
            if tools._client_instance is None and tools.local_url:
                tools._client_instance = Client(
                    tools.local_url,
                    download_files=False,
                    verbose=False,
                    analytics_enabled=False,
                    ssl_verify=False,
                    _skip_components=False,
                    headers={"x-gradio-user": "mcp"},
                    httpx_kwargs={"timeout": None},
                )
            return gradios()

    return client


class _SessionConfig(BlocksConfig):
    """What a visitor's session knows of the page: each part is described once, not once for every visitor.

    Gradio describes all 150 parts anew when somebody first asks: 11 ms in the one thread that serves everybody.
    """

    _described: ClassVar[WeakKeyDictionary[Block, dict[str, Any]]] = WeakKeyDictionary()

    @staticmethod
    def config_for_block(_id: int, rendered_ids: list[int], block: Block, renderable: Any = None) -> dict[str, Any]:
        known = _SessionConfig._described.get(block)
        if known is None or renderable is not None:
            known = BlocksConfig.config_for_block(_id, rendered_ids, block, renderable)
            _SessionConfig._described[block] = known
        # the session writes values into its own
        return {**known, "props": {**known["props"]}} if "props" in known else {**known}


class _Sessions(StateHolder):
    """What the page knows of each visitor, whom it is asked for before anything else is done for him.

    Raises fastapi.HTTPException for a name that no page makes.
    """

    def __getitem__(self, session_id: str) -> SessionState:
        if len(session_id) > LONGEST_SESSION:
            raise fastapi.HTTPException(400, word("door.unfit"))
        return super().__getitem__(session_id)


class _PageConfig(BlocksConfig):
    def __copy__(self) -> BlocksConfig:
        made = super().__copy__()
        made.__class__ = _SessionConfig
        return made


class PageBlocks(gr.Blocks):
    """gr.Blocks that lets requests name uploads and no other file, and says of every failure why.

    It also fills in what a request leaves out and leaves alone what an answer does not mention.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # sessions are given a copy
        self.default_config.__class__ = _PageConfig

    @property
    def state_holder(self) -> StateHolder:
        """What is known of the visitors; gradio's app makes it and gives it to the page."""
        return self._state_holder

    @state_holder.setter
    def state_holder(self, sessions: StateHolder) -> None:
        sessions.__class__ = _Sessions
        self._state_holder = sessions

    def __exit__(self, *args: Any) -> None:
        """Gradio's own, once it is told that progress that is hidden is shown on no part.

        Gradio's scripts tell each part that shows progress of every message of the server, and first copy all that the
        part and the parts within it hold. Hidden progress counts as shown on all outputs. The tabs are such an output:
        the whole page, with its pictures and a thousand classes, was copied for each message.
        """
        for function in self.fns.values():
            if function.show_progress == "hidden":
                function.show_progress_on = []
        super().__exit__(*args)

    @property
    def config(self) -> Any:
        """The page as a browser is told of it, in the language of whoever asks."""
        language = language_now()
        if language not in self._configs:
            self._configs[language] = {**worded(self._config, language), "language": language}
        return self._configs[language]

    @config.setter
    def config(self, config: Any) -> None:
        self._config = _without_unasked(config)
        self._configs: dict[str, Any] = {}

    @property
    def mcp_server_obj(self) -> Any:
        """Gradio's server for tools, where there is one."""
        return self._tools

    @mcp_server_obj.setter
    def mcp_server_obj(self, tools: Any) -> None:
        if tools is not None:
            tools.convert_strings_to_filedata = of_tool_call(get_upload_folder())
            tools._execute_tool_without_progress = _answer_of
            tools._get_or_create_client = _client_of(tools)
        self._tools = tools

    def queue_in_lanes(self, lanes: Lanes[Any], *, status_update_rate: float) -> PageQueue:
        """Let all events wait in the one of `lanes` that their concurrency_id names, or in the cheap one.

        Nothing that is queued can be asked past the queue.
        """
        # gradio's own `queue` makes all routes of the server as well, which are made anew when it is started
        self.api_open = False
        for function in self.fns.values():
            if function.concurrency_id not in lanes.lanes:
                function.concurrency_id = CHEAP
            function.concurrency_limit = lanes.lanes[str(function.concurrency_id)].run
        most = sum(lane.wait for lane in lanes.lanes.values())
        queue = PageQueue(False, self.max_threads, status_update_rate, most, self, lanes=lanes)
        self._queue = queue
        return queue

    async def preprocess_data(
        self, block_fn: BlockFunction, inputs: list[Any], *args: Any, **options: Any
    ) -> tuple[Any, ...] | list[Any]:
        """Gradio's own, the last parameters that a request leaves out filled in with their defaults.

        So requests that count their values, as curl's do, outlive every parameter that is added behind. Gradio would
        fetch whatever address a request names as a file, and open a path where its mark is missing.
        """
        missing = [getattr(block, "value", None) for block in block_fn.inputs[len(inputs) :]]
        try:
            given = [of_request(value, block) for value, block in zip(inputs, block_fn.inputs, strict=False)]
            values = [*given, *inputs[len(given) :], *missing]
            if not all(map(_can_be_written, values)):
                raise gr.Error(word("door.half_a_character"), print_exception=False)
            if block_fn.api_visibility == "private" and not all(map(_is_sent, block_fn.inputs, values)):
                raise gr.Error(word("door.unfit_values"), print_exception=False)
            return await super().preprocess_data(block_fn, values, *args, **options)
        except gr.Error as error:
            # a component's own: whoever asks badly writes nothing into the log
            error.print_exception = False
            raise
        except UploadError as error:
            raise gr.Error(str(error), print_exception=False) from None
        except Exception as error:
            # a value of another kind than the part of the page takes
            log.info("unfit values for %r: %s", block_fn.api_name, type(error).__name__)
            raise gr.Error(word("door.unfit_values"), print_exception=False) from None

    async def process_api(self, *args: Any, **options: Any) -> dict[str, Any]:
        """Gradio's own, which says nothing of what it did not expect."""
        try:
            return await super().process_api(*args, **options)
        except gr.Error:
            raise
        except Exception as error:
            raise gr.Error(plain_words(error), print_exception=False) from None

    async def postprocess_data(
        self, block_fn: BlockFunction, predictions: list[Any] | dict[Any, Any], state: SessionState | None
    ) -> list[Any]:
        """Gradio's own, but for the outputs that a handler leaves out or skips, for HTML, and for files named already.

        Gradio builds each of them anew to change nothing about it: 13 ms of an answer for the controls of the
        photograph's tab, in the one thread that serves everybody, where the map itself takes 2. HTML, which the server
        only ever sends, is sent as it is instead of being built, described and kept first: 3 ms more.
        """
        outputs = block_fn.outputs
        if isinstance(predictions, (list, tuple)) and len(predictions) == len(outputs):
            predictions = dict(zip(outputs, predictions, strict=True))
        if block_fn.batch or len(outputs) < 2 or not _is_about(predictions, outputs):
            return await super().postprocess_data(block_fn, predictions, state)
        given = {output: value for output, value in predictions.items() if not _says_nothing(value)}
        ready = [output for output, value in given.items() if type(output) is gr.HTML or is_in_answer(value)]
        answered: dict[Any, Any] = {output: _sent(given.pop(output)) for output in ready}
        if given:
            mentioned = copy(block_fn)
            mentioned.outputs = list(given)
            # gradio takes the value itself where there is a single output
            values = list(given.values()) if len(given) > 1 else next(iter(given.values()))
            answers = await super().postprocess_data(mentioned, values, state)
            answered |= zip(given, answers, strict=True)
        return [answered.get(output, None if output.stateful else gr.skip()) for output in outputs]


def _without_unasked(config: dict[str, Any]) -> dict[str, Any]:
    """The page without the descriptions of those parts that belong to no endpoint of the API.

    Browsers read none of them, and each names all choices of a menu again: a sixth of all that the page begins with.
    """
    endpoints = [one for one in config["dependencies"] if one["api_visibility"] != "private"]
    asked = {part for one in endpoints for part in (*one["inputs"], *one["outputs"])}
    parts = [
        part if part["id"] in asked else {name: value for name, value in part.items() if name not in DESCRIPTIONS}
        for part in config["components"]
    ]
    return {**config, "components": parts}


def _can_be_written(value: Any) -> bool:
    """Whether all of its texts are Unicode: JSON can name half a character, and no answer with one can be sent."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return all(map(_can_be_written, value)) and all(map(_can_be_written, value.values()))
    return not isinstance(value, list) or all(map(_can_be_written, value))


def _is_sent(part: Block, value: Any) -> bool:
    """Whether the page may send such a value for this part."""
    kinds = SENT.get(type(part))
    if kinds is None:
        return True
    if value is None:
        return type(part) in EMPTIED or (not isinstance(part, gr.Dataset) and getattr(part, "value", None) is None)
    if isinstance(value, list):
        return bool(getattr(part, "multiselect", False))
    return isinstance(value, kinds) and isinstance(value, bool) is (kinds == (bool,))


def _is_about(predictions: list[Any] | dict[Any, Any], outputs: Sequence[Any]) -> TypeGuard[dict[Any, Any]]:
    # an update of a single output is a dictionary as well
    return isinstance(predictions, dict) and all(output in outputs for output in predictions)


def _says_nothing(value: Any) -> bool:
    # a generator has ended: what it said last stays
    return value is FINISHED or (isinstance(value, dict) and value == gr.skip())


def _sent(value: Any) -> Any:
    """What goes to the browser for a value of gr.HTML, or for an update of one."""
    if not isinstance(value, dict) or value.get("__type__") != "update":
        return value
    changes = {name: new for name, new in value.items() if new is not None or name == "value"}
    own = {name: new for name, new in changes.items() if name in HTML_PARAMETERS}
    # gradio's mark of an update goes along, as it does there
    props = {name: new for name, new in changes.items() if name not in HTML_PARAMETERS}
    return {**own, "props": props, "__type__": "update"}
