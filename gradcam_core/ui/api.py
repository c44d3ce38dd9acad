"""The web API: the table of endpoints for gradio_client, curl and MCP. Public name: `add_api`."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from ..canvases.render import png_of
from ..serving.endpoint import Endpoint
from ..serving.endpoints import ENDPOINTS
from ..serving.failures import plain_words
from ..serving.guard import Visitor
from ..serving.inputs import REQUIRED, Input
from ..serving.lanes import CHEAP, COSTLY
from ..serving.services import Services
from .file_input import FileInput
from .json_input import JsonInput
from .named_files import in_answer
from .parts import told
from .photograph_input import PhotographInput

__all__ = ["add_api"]

# what tools of one address are known by; it holds a secret, for a client chooses the name of its session itself
TOOLS = f"tools {secrets.token_urlsafe(16)} of "
# what is returned in files
IN_FILES = frozenset({"file", "picture"})
OUTPUTS: dict[str, Callable[[str], Any]] = {
    "file": lambda name: gr.File(label=name),
    "picture": lambda name: gr.Image(format="png", label=name),
    "record": lambda name: gr.JSON(label=name),
    "text": lambda name: gr.Textbox(label=name),
}


def add_api(services: Services) -> None:
    """Offer every endpoint, by components that nobody sees."""
    # what several of them take or return is one component, for every visitor is told of all of them
    given = {(one.name, one.default): one for endpoint in ENDPOINTS for one in endpoint.inputs}
    returned = {name: kind for endpoint in ENDPOINTS for name, kind in endpoint.returns.items()}
    with gr.Row(visible=False):
        inputs = {key: _component(one) for key, one in given.items()}
        outputs = {name: OUTPUTS[kind](name) for name, kind in returned.items()}
        for endpoint in ENDPOINTS:
            gr.Button(endpoint.name).click(
                _handler(endpoint, services),
                [inputs[one.name, one.default] for one in endpoint.inputs],
                [outputs[name] for name in endpoint.returns],
                api_name=endpoint.name,
                queue=endpoint.queued,
                concurrency_id=COSTLY if endpoint.costly else CHEAP,
            )


def _component(one: Input) -> Any:
    value = None if one.default is REQUIRED else one.default
    if one.choices:
        return gr.Dropdown(list(one.choices), value=value, allow_custom_value=True, label=one.name)
    if one.kind == "image":
        return PhotographInput(type="filepath", format="png", label=one.name)
    if one.kind == "archive":
        return FileInput(label=one.name)
    if one.kind == "json":
        json = JsonInput(value, label=one.name)
        json.described = one.schema
        return json
    kinds = {"text": gr.Textbox, "switch": gr.Checkbox, "number": gr.Number}
    return kinds[one.kind](value, label=one.name)


def _handler(endpoint: Endpoint, services: Services) -> Callable[..., Any]:
    """The endpoint as gradio calls it: the request in front of the values and, where it is queued, progress behind."""

    def handle(request: gr.Request, *values: Any) -> Any:
        visitor = _visitor_of(request)
        try:
            if not endpoint.queued:
                return answer(*values, visitor=visitor)
            *values_given, progress = values
            with services.running.task(visitor, told(progress), slot=endpoint.name) as task:
                return _sent(endpoint, answer(*values_given, visitor=visitor, watch=task.watch), folder)
        except Exception as error:
            # whatever is raised reaches the client as a sentence, never as a traceback
            raise gr.Error(plain_words(error), print_exception=False) from None

    answer = services.bound(endpoint)
    # this page's own: another may have been made in this process when an answer is
    folder = get_upload_folder()
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    given = endpoint.signature.parameters.values()
    in_front = inspect.Parameter("request", kind, annotation=gr.Request)
    behind = [inspect.Parameter("progress", kind, default=gr.Progress())] if endpoint.queued else []
    handle.__name__, handle.__doc__ = endpoint.name, endpoint.documentation
    handle.__signature__ = inspect.Signature([in_front, *given, *behind])  # type: ignore[attr-defined]
    return handle


def _sent(endpoint: Endpoint, found: Any, folder: str) -> Any:
    """The answer with its pictures and files in `folder`: gradio itself takes four times as long to pack pictures."""
    if not IN_FILES & {*endpoint.returns.values()}:
        return found
    return tuple(
        in_answer(_packed(value), name if kind == "file" else f"{name}.png", folder) if kind in IN_FILES else value
        for (name, kind), value in zip(endpoint.returns.items(), found, strict=True)
    )


def _packed(value: Any) -> bytes:
    # what another process has packed is bytes already
    return value if isinstance(value, bytes) else png_of(value)


def _visitor_of(request: Any) -> str | None:
    """Who asks: a session, or all tools of language models at one address, for these have no session of their own.

    Gradio answers a tool's call by asking its own server, and what is not queued with the bare request.
    """
    visitor = getattr(request, "request", request).scope.get("visitor") or Visitor("")
    if visitor.caller or not hasattr(request, "session_hash"):
        return TOOLS + visitor.address
    return request.session_hash
