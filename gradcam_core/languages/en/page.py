"""English: the page's tabs, labels, buttons and hints. Public name: `PAGE`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PAGE"]

_SEARCH = "Type to search all of torchvision and timm"
_SMALL = (
    "This network is small and was trained here on {photographs}: dogs, people, sports and everyday things. It knows"
    " little else, and says something all the same: of the examples above it gets all right but the last."
)

PAGE: Mapping[str, str] = {
    "example.astronaut": "Astronaut",
    "example.cat": "Cat",
    "example.cat-and-coffee": "Cat and coffee",
    "example.cat-in-a-bathroom": "Cat in a bathroom",
    "example.coffee": "Coffee",
    "example.pizza": "Pizza",
    "example.rocket": "Rocket",
    "example.skateboarder": "Skateboarder",
    "examples.title": "Or pick an example",
    "examples.wrong": "{title}: it gets this wrong",
    "file.heatmap": "Heatmap (PNG)",
    "file.map": "Raw map (NPY)",
    "file.no_text_yet": "There is nothing to download yet: type a review first.",
    "file.nothing_yet": "There is nothing to download yet: choose a photograph first.",
    "file.overlay": "Overlay (PNG)",
    "file.record": "Record (JSON)",
    "file.report": "Report (HTML)",
    "file.unfit_look": "The page sent a look that cannot be drawn: {error}",
    "gradio.camera": "Capture from camera",
    "gradio.camera_access": "Click to Access Webcam",
    "gradio.camera_allow": "grant webcam access",
    "gradio.camera_missing": (
        "The browser gives this page no camera: it does so only for pages over https or of this machine."
    ),
    "gradio.camera_source": "select input source",
    "gradio.camera_take": "capture photo",
    "gradio.close": "Close",
    "gradio.empty": "Empty value",
    "gradio.file_remove": "Remove this file",
    "gradio.file_upload": "File upload",
    "gradio.files_drop": "Click to upload or drop files",
    "gradio.footer": "Gradio footer navigation",
    "gradio.fullscreen": "Fullscreen",
    "gradio.fullscreen_exit": "Exit fullscreen mode",
    "gradio.image_remove": "Remove Image",
    "gradio.paste": "Paste from clipboard",
    "gradio.progress": "Progress",
    "gradio.queue": "In queue: {position} of {size}",
    "gradio.recording_stop": "Stop Recording",
    "gradio.tabs_more": "More tabs",
    "gradio.upload": "Upload",
    "gradio.upload_file": "Upload file",
    "link.refused": "This link asks for what cannot be shown: {problem} The page shows its first example instead.",
    "link.text_broken": "The text in it is damaged; perhaps a part of the link is missing.",
    "link.text_too_long": "The text in it has more than {most} characters.",
    "link.too_long": "It has more than {most} characters.",
    "menu.default": "default",
    "menu.download": "download",
    "menu.offline": "ready offline",
    "menu.only_for_you": "only for you",
    "menu.top": "Top prediction",
    "menu.your_own": "Your own model",
    "models.others": "The others are larger, know more, and are fetched first.",
    "models.search": f"{_SEARCH}.",
    "models.search_and_hub": f"{_SEARCH}, or the id of any image classifier of the Hugging Face hub: owner/name.",
    "models.search_hub": "Or type the id of any image classifier of the Hugging Face hub: owner/name.",
    "own.architecture": "Architecture",
    "own.architecture_info": "Its name in torchvision or timm, such as resnet18 or timm/resnet18.",
    "own.as_usual": "as usual",
    "own.head": "What the scores decide",
    "own.head_logit": "one logit: no or yes (sigmoid)",
    "own.head_sigmoid": "each class by itself (sigmoid)",
    "own.head_softmax": "one of the classes (softmax)",
    "own.head_value": "a number, shown as it is",
    "own.head_info": "As usual: one of the classes; of a single score no or yes where it has a name, else its value.",
    "own.input_size": "Input size (optional)",
    "own.labels": "Names of the classes (optional): one a line, JSON or CSV",
    "own.load": "Load",
    "own.loaded": (
        "Loaded and chosen above: {classes} classes, input of {size} × {size} pixels. The file has been deleted."
    ),
    "own.mean": "Mean (optional)",
    "own.more": "What the file does not say: names of the classes, how the input is prepared",
    "own.note": (
        "A file is read as data, never as code, and deleted once it is read. Only you can use the model, and it is"
        " forgotten once you have not used it for {minutes} minutes."
    ),
    "own.std": "Standard deviation (optional)",
    "own.title": "Your own model",
    "own.weights": "Weights (safetensors, .pt or .pth)",
    "page.advanced": "Advanced",
    "page.cancel": "Cancel",
    "page.error": "Error",
    "page.kinds": "{files} cannot be handed in here. This place takes: {kinds}",
    "page.kept": "The page still shows the answer before.",
    "page.lead": (
        "What does a network see, and **which evidence** made it say so? Hand in a photograph, or press an example."
    ),
    "page.language": "Language",
    "page.language_key": "en",
    "page.offline": "The server cannot be reached. What is on the page stays; it is tried again …",
    "page.passes": "passes",
    "page.stop": "Stop",
    "page.unanswered": "The server did not answer this. What is on the page stays; try again in a moment.",
    "photograph.best": (
        "Grad-CAM; for words of the embedded captioner HiResCAM, whose maps lie on the object that a word names far"
        " more often there."
    ),
    "photograph.click_a_bar": "Type to search all names, or click a bar.",
    "photograph.counterfactual": "Counterfactual",
    "photograph.counterfactual_info": "Show what speaks against the class.",
    "photograph.detail": "Detail",
    "photograph.detail_info": (
        "A map twice as fine: the network gets twice as many pixels a side as it was trained on. Four times the work,"
        " and lower probabilities."
    ),
    "photograph.layer": "Layer, from input to output",
    "photograph.layer_info": "A late one sees what, an early one where. Sizes as in training.",
    "photograph.method": "Method",
    "photograph.method_that_suits": "The one that suits the model",
    "photograph.model": "Model",
    "photograph.module": "Any module of the model",
    "photograph.module_info": "A dotted name such as blocks.5.0.conv_pw; press Enter. Replaces the layer above.",
    "photograph.photograph": "Photograph",
    "photograph.reading": (
        """
- **Heatmap**: how strongly each place raised the score of the class, from nothing to the strongest place. The
  score is the class's logit, the number before probabilities are made of it.
- **Overlay**: the same map over the photograph; where it is weak, the photograph stays as it is.
- **One scale for both sides**: what hardly speaks for or against the class looks weak. Under “How it looks” the colours
  can be stretched to what is shown; the colour bar says so then.
- **Striped grey**: cut away before the model looked. It is not cold, it was never seen.
- **Counterfactual**: the places whose absence would raise the score; they speak against the class.
- A map shows where the evidence for the model's answer lies. It does not show that the answer is right, what
  about the place mattered (shape, colour, texture), or what the model would say of another photograph.
- The map has the resolution of its layer, often 7 x 7: edges between its cells are drawn smooth, not known.
"""
    ),
    "photograph.reading_title": "How to read the pictures",
    "photograph.rival": "Rather than",
    "photograph.rival_info": "Why this class and not that one: shows the difference.",
    "photograph.rival_mean": "the mean of the next three",
    "photograph.rival_next": "the most probable other class",
    "photograph.rival_none": "nothing",
    "photograph.sharper": "Sharper",
    "photograph.sharper_info": "Only places on which several sizes agree; more work.",
    "photograph.side_against": "against (counterfactual)",
    "photograph.side_both": "both",
    "photograph.side_for": "for",
    "photograph.sides": "Evidence for or against the class",
    "photograph.sides_info": "Both: in two colours, on one scale.",
    "photograph.target": "Target class",
    "photograph.view": "The network is shown",
    "photograph.view_centre": "What it was trained to see",
    "photograph.view_info": "The probabilities are those of what it is shown.",
    "photograph.view_whole": "The whole photograph",
    "photograph.waiting": "Choose a photograph, or wait a moment for the first example.",
    "tab.photograph": "Photograph",
    "tab.text": "Text",
    "task.answer": "Ask it",
    "task.answer_small": _SMALL.format(photographs="photographs with questions"),
    "task.caption": "Describe it",
    "task.caption_field": "A caption of your own, in English",
    "task.caption_info": "Type one and press Enter, to see how likely each word is; empty for the network's own.",
    "task.caption_example": "Type one, then Enter",
    "task.caption_small": _SMALL.format(photographs="described photographs"),
    "task.classes": "What is it?",
    "task.question": "Your question, in English",
    "task.question_info": "Type one and press Enter, or choose.",
    "text.contrast": "Contrast",
    "text.contrast_info": "Why this class rather than the other.",
    "text.examples": "Or pick one",
    "text.follows": "The answer follows as you type.",
    "text.no_link": "This text is too long for a link: it would take {needed} characters, and a link holds {most}.",
    "text.or_click": "Or click a bar.",
    "text.reading": (
        """
- **Numbers**: how much each word or character raises (+) or lowers (-) the score of the class. With HiResCAM the
  characters' numbers add up to the score itself, less a constant; a word's number is the average of its characters.
- **Windows**: the network looks at two to five characters at a time. A window's value is shared evenly among the
  characters it covers, so a number also speaks of its neighbours.
- **Counterfactual**: what speaks against the class. **Contrast**: what speaks for it rather than for the other.
- The network learnt from Korean film reviews. It knows no other language, no irony and no order beyond five characters.
"""
    ),
    "text.reading_title": "How to read this",
    "text.waiting": "Type a review, or wait a moment for the first example.",
    "text.review": "Film review in Korean",
}
