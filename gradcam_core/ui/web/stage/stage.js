// Draws heatmap, overlay and colour bar in the browser from the photograph and the small map.
//
// props.photo   {id, url or path, width, height}: the photograph as shown, or where on the server the page's own upload
//               lies, which the browser has; width and height are the original's
// props.answer  {id, rows, columns, values (base64 float32, signed), box and seen [left, top, right,
//               bottom] in original pixels, note, sides [above zero, below], signed}: the map, where it lies and what its signs
//               mean; drawn only over the photograph `id`, with both sides unless told otherwise where it is `signed`;
//               `link` {query, photo, model} is what an address asks for to show it again, and what is in it;
//               `scale` is the strongest value of either side, at which the colours end unless they are stretched;
//               `said` and `bars` are its sentences and its bars
// props.near    {context, answers: {"class side": an answer without `bars`}} or null: what is shown at once when
//               somebody asks for another class or side, until the server's own answer comes, or `refused` is another
// props.empty   whether no photograph is on its way yet
// props.colors  {names, tables, signed}: base64 RGB tables of 256 colours; props.unseen: see render.py
// tells cam-shown {said, bars, target} in the frame that draws another answer: sentence, map and bars change together
// event submit  {strokes}: what was brushed over, [{points: [[x, y], ...], radius}] in original pixels
// props.value   {opacity, threshold, colormap, signed, stretched, view}: the look, sent along for downloads
// Uses ../maps.js and ../link.js, which stand in front of it.

const $ = (selector) => element.querySelector(selector);
const heatmap = $(".heatmap"), picture = $(".picture"), ramp = $(".ramp"), readout = $(".readout");
const divider = $(".divider"), frame = $(".frame");
// on the left of `split`, a part of the picture's width, lies the overlay, on the right the photograph
const state = { split: 1, photo: null, photoId: null, values: null, top: 0, cursor: null, strokes: [], stroke: null, signed: false, ahead: null, told: null, judged: null, number: props.answer?.number };
const shown = () => state.ahead ?? props.answer;

const tables = Object.fromEntries(Object.entries(props.colors.tables).map(([name, text]) => [name, bytes(text)]));
const signedTable = bytes(props.colors.signed);
for (const name of Object.keys(tables)) $(".colormap").add(new Option(name, name));

// the map from 0 (or -1) to 1 on every pixel, and what 1 stands for
function project(answer, look, width, height) {
  const raw = new Float32Array(bytes(answer.values).buffer);
  const shown = look.signed ? raw : raw.map((value) => Math.max(value, 0));
  const top = shown.reduce((most, value) => Math.max(most, Math.abs(value)), look.stretched ? 0 : answer.scale);
  const cells = top > 0 ? shown.map((value) => value / top) : shown.map(() => 0);
  return { values: spread(cells, answer, props.photo, width, height), top };
}

const tableOf = (look) => (look.signed ? signedTable : tables[look.colormap]);
function paint(canvas, kind, look) {
  put(canvas, compose(state.photo, state.values, kind, look, tableOf(look), props.unseen));
}

// how many pixels of the picture one of the screen holds: it is shown as large as its place allows
const shrunk = (area) => Math.max(state.photo.width / area.width, state.photo.height / area.height);
function divide(look) {
  const cut = Math.round(state.split * state.photo.width), area = picture.getBoundingClientRect();
  divider.hidden = look.view === "photograph";
  if (divider.hidden || !area.width) return;
  picture.getContext("2d").putImageData(state.photo, 0, 0, cut, 0, state.photo.width - cut, state.photo.height);
  divider.style.left = `${cut / shrunk(area)}px`;
  divider.style.height = `${state.photo.height / shrunk(area)}px`;
  divider.setAttribute("aria-valuenow", Math.round(state.split * 100));
}
function split(part) {
  state.split = Math.min(Math.max(part, 0), 1);
  schedule();
}
divider.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  divider.focus();
  divider.setPointerCapture(event.pointerId);
});
divider.addEventListener("pointermove", (event) => {
  if (!divider.hasPointerCapture(event.pointerId)) return;
  const area = picture.getBoundingClientRect();
  split(((event.clientX - area.left) * shrunk(area)) / state.photo.width);
});
divider.addEventListener("keydown", (event) => {
  const to = { ArrowLeft: state.split - 0.05, ArrowRight: state.split + 0.05, Home: 0, End: 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  split(to);
});
new ResizeObserver(() => { if (state.photo && state.values) schedule(); }).observe(frame);

function paintRamp(look) {
  const image = new ImageData(1, 256), table = tableOf(look);
  for (let level = 0; level < 256; level++) {
    const value = look.signed ? (level / 255) * 2 - 1 : level / 255;
    const shown = Math.abs(value) < look.threshold ? (look.signed ? 128 : 0) : level;
    image.data.set([...table.slice(shown * 3, shown * 3 + 3), 255], (255 - level) * 4);
  }
  ramp.getContext("2d").putImageData(image, 0, 0);
  const top = state.top.toPrecision(2);
  $(".high").textContent = state.top > 0 ? (look.signed ? `+${top}` : top) : "[[say stage.none]]";
  $(".low").textContent = state.top > 0 && look.signed ? `−${top}` : "0";
  $(".stretched-to").hidden = !(look.stretched && state.top > 0 && state.top < shown().scale);
}

let scheduled = false;
let mapped = "";
function draw() {
  scheduled = false;
  const answer = shown(), look = props.value;
  // a map is never drawn over another photograph than its own
  if (!state.photo || !answer || answer.id !== state.photoId) return;
  const key = `${answer.id} ${answer.values} ${answer.box} ${answer.scale} ${look.signed} ${look.stretched}`;
  if (key !== mapped) {
    Object.assign(state, project(answer, look, state.photo.width, state.photo.height));
    mapped = key;
  }
  paint(heatmap, "heatmap", look);
  paint(picture, look.view, look);
  $(".panels").classList.remove("waiting", "empty");
  divide(look);
  paintRamp(look);
  $(".sides").hidden = !look.signed;
  $(".sides").textContent = fillIn("[[say stage.side_colours]]", { above: answer.sides[0], below: answer.sides[1] });
  const title = $(".view").selectedOptions[0].textContent;
  $(".picture-title").textContent = title;
  heatmap.setAttribute("aria-label", `[[say stage.heatmap]]. ${answer.note} [[say stage.keys]]`);
  picture.setAttribute("aria-label", `${title}. ${answer.note} [[say stage.keys]]`);
  showStrokes();
  element.dataset.pictured = `${answer.context} ${answer.target} ${answer.side}`;
  if (!state.ahead) {
    if (answer.link) $(".panels").dataset.link = link();
    element.dataset.drawn = `${answer.number}`;
  }
  announce(answer);
  read();
}
// the rest of the tab says what the pictures show; a look that changes is no other answer
function announce({ number, context, target, side, said, bars }) {
  const now = `${number} ${context} ${target} ${side}`;
  if (now === state.told) return;
  state.told = now;
  tell("cam-shown", { said, bars, target });
}
function schedule() {
  if (!scheduled) requestAnimationFrame(draw);
  scheduled = true;
}

// a contrast comes with both sides and goes with them; between two answers of one kind the signs stay as chosen
function fit() {
  const signed = shown()?.signed ?? false;
  if (signed !== state.signed) {
    props.value = { ...props.value, signed };
    showLook();
  }
  state.signed = signed;
}

function load() {
  fit();
  const photo = props.photo;
  if (!photo || photo.id === state.photoId) return schedule();
  const image = new Image();
  image.onload = () => {
    // another photograph may have come while this one was decoded
    if (props.photo.id !== photo.id) return;
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight), context = canvas.getContext("2d");
    $(".panels").style.setProperty("--wide", canvas.width / canvas.height);
    context.drawImage(image, 0, 0);
    state.photo = context.getImageData(0, 0, canvas.width, canvas.height);
    state.photoId = photo.id;
    Object.assign(state, { split: 1, cursor: null, strokes: brushedBefore(photo.id), stroke: null });
    mapped = "";
    schedule();
  };
  // without pictures there are still words
  image.onerror = () => { if (props.photo.id === photo.id && props.answer) announce(props.answer); };
  const { root = "", api_prefix: api = "/gradio_api" } = window.gradio_config ?? {};
  image.src = photo.url ?? `${root}${api}/file=${photo.path}`;
}

// another class or side, of those that were sent behind the answer
function wish(changes) {
  const now = shown(), near = props.near;
  if (!now || near?.context !== now.context) return false;
  const { target, side } = { target: now.target, side: now.side, ...changes };
  const found = near.answers[`${target} ${side}`];
  if (!found) return false;
  state.ahead = found;
  fit();
  draw();
  judging();
  return true;
}
// a verdict is about the map before, and kept for it until another one is there
function judging() {
  const verdict = document.querySelector("#verdict .verdict");
  if (!verdict) return;
  state.judged ??= verdict.cloneNode(true);
  verdict.dataset.state = "looking";
  verdict.textContent = "[[say verdict.looking]]";
}
hear("cam-pick", (target, event) => {
  if (wish({ target })) event.preventDefault();
});
// gradio hears of another side once it is painted: what it does then takes the browser a while
let held = false;
for (const type of ["input", "change"]) {
  document.addEventListener(type, (event) => {
    const { target } = event;
    if (!event.isTrusted || !element.isConnected || !target.matches("#counterfactual input")) return;
    if (type === "input") held = wish({ side: target.value });
    if (!held) return;
    event.stopImmediatePropagation();
    afterPaint(() => target.dispatchEvent(new Event(type, { bubbles: true })));
  }, true);
}
// the server refuses what was shown ahead of its answer, or does not answer
function takeBack() {
  // nothing is on its way to an empty stage
  if (state.told === null) $(".panels").classList.add("empty");
  if (!state.ahead) return;
  if (state.judged) document.querySelector("#verdict .verdict")?.replaceWith(state.judged);
  Object.assign(state, { ahead: null, judged: null });
  fit();
  schedule();
}

// the value under the pointer, or under the keyboard's cursor
function read() {
  if (!state.cursor || !state.values) return;
  const { width, height } = state.photo, [x, y] = state.cursor;
  const column = Math.floor(((x + 0.5) * props.photo.width) / width);
  const row = Math.floor(((y + 0.5) * props.photo.height) / height);
  const value = state.values[y * width + x];
  const share = props.value.stretched ? "[[say stage.of_shown]]" : "[[say stage.of_strongest]]";
  readout.textContent = `x ${column}, y ${row}: ` + (Number.isNaN(value)
    ? "[[say stage.outside]]"
    : fillIn(share, { percent: Math.round(value * 100), value: (value * state.top).toPrecision(3) }));
}
function point(canvas, event) {
  if (!state.photo) return;
  const { width, height } = state.photo, area = canvas.getBoundingClientRect();
  const scale = shrunk(area);
  const at = [(event.clientX - area.left) * scale, (event.clientY - area.top) * scale].map(Math.floor);
  if (at[0] < 0 || at[1] < 0 || at[0] >= width || at[1] >= height) return;
  state.cursor = at;
  read();
}
// what does the place under the cursor speak for?
function ask() {
  if (!state.cursor || drawing()) return;
  const [x, y] = state.cursor, { width, height } = state.photo;
  trigger("select", {
    x: Math.floor(((x + 0.5) * props.photo.width) / width), y: Math.floor(((y + 0.5) * props.photo.height) / height),
  });
}
// what is brushed over is kept in the photograph's own pixels, and drawn in those of the screen
const BRUSHED = "rgba(255, 0, 200, 0.55)";
const drawing = () => $(".draw").getAttribute("aria-pressed") === "true";
function showStrokes() {
  // whoever draws no more looks at the map; the strokes are there when he draws again
  if (!drawing()) return;
  const scale = state.photo.width / props.photo.width;
  for (const canvas of [heatmap, picture]) {
    const context = canvas.getContext("2d");
    for (const { points, radius } of state.strokes) {
      Object.assign(context, { strokeStyle: BRUSHED, lineWidth: 2 * radius * scale, lineCap: "round", lineJoin: "round" });
      context.beginPath();
      context.moveTo(points[0][0] * scale, points[0][1] * scale);
      // a line of no length would not be drawn, a dab has hardly any
      for (const [x, y] of points) context.lineTo(x * scale + 0.01, y * scale);
      context.stroke();
    }
  }
}
const here = () => state.cursor.map((at) => ((at + 0.5) * props.photo.width) / state.photo.width);
function startStroke() {
  const longest = Math.max(props.photo.width, props.photo.height);
  state.stroke = { points: [here()], radius: (Number($(".radius").value) / 100) * longest };
  state.strokes.push(state.stroke);
  schedule();
}
function brush(canvas, event) {
  if (!drawing() || !state.photo) return;
  if (event.type === "pointerdown" && event.isPrimary && event.button === 0) {
    point(canvas, event);
    canvas.setPointerCapture(event.pointerId);
    if (state.cursor) startStroke();
  } else if (event.type === "pointermove" && state.stroke) {
    const at = here(), [x, y] = state.stroke.points.at(-1);
    // a step shorter than a fifth of the brush changes nothing that can be seen
    if (Math.hypot(at[0] - x, at[1] - y) < state.stroke.radius / 5) return;
    state.stroke.points.push(at);
    schedule();
  } else if (event.type !== "pointermove") state.stroke = null;
}
function draws(now) {
  $(".draw").setAttribute("aria-pressed", now);
  $(".tools").hidden = !now;
  $(".panels").classList.toggle("drawing", now);
  schedule();
}
$(".draw").addEventListener("click", () => draws(!drawing()));
// a switch of the language leaves the strokes for the page that comes, where they are drawn on the same photograph
window.camBrushed = () => ({ id: state.photoId, strokes: state.strokes, radius: $(".radius").value, draws: drawing() });
function brushedBefore(id) {
  const before = window.camKept.brushed;
  delete window.camKept.brushed;
  if (before?.id !== id) return [];
  $(".radius").value = before.radius;
  draws(before.draws);
  return before.strokes;
}
$(".undo").addEventListener("click", () => { state.strokes.pop(); schedule(); });
$(".clear").addEventListener("click", () => { state.strokes = []; schedule(); });
$(".ask-without").addEventListener("click", () => trigger("submit", { strokes: state.strokes }));

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
function walk(event) {
  if (drawing() && state.cursor && [" ", "Enter"].includes(event.key)) {
    event.preventDefault();
    startStroke();
    state.stroke = null;
    return;
  }
  if (event.key === "Enter") return ask();
  const step = STEPS[event.key];
  if (!step || !state.photo) return;
  event.preventDefault();
  const { width, height } = state.photo;
  const stride = event.shiftKey ? 1 : Math.max(1, Math.round(Math.max(width, height) / 50));
  const from = state.cursor || [width >> 1, height >> 1];
  state.cursor = [
    Math.min(Math.max(from[0] + step[0] * stride, 0), width - 1),
    Math.min(Math.max(from[1] + step[1] * stride, 0), height - 1),
  ];
  draw();
  for (const canvas of [heatmap, picture]) cross(canvas);
}
function cross(canvas) {
  const context = canvas.getContext("2d"), [x, y] = state.cursor, arm = Math.max(state.photo.width, state.photo.height) / 40;
  for (const [color, line] of [["#000", 4], ["#fff", 2]]) {
    Object.assign(context, { strokeStyle: color, lineWidth: line });
    context.beginPath();
    context.moveTo(x - arm, y); context.lineTo(x + arm, y);
    context.moveTo(x, y - arm); context.lineTo(x, y + arm);
    context.stroke();
  }
}
for (const canvas of [heatmap, picture]) {
  canvas.addEventListener("pointermove", (event) => point(canvas, event));
  canvas.addEventListener("pointerdown", (event) => point(canvas, event));
  for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
    canvas.addEventListener(type, (event) => brush(canvas, event));
  }
  canvas.addEventListener("click", ask);
  canvas.addEventListener("keydown", walk);
  canvas.addEventListener("blur", schedule);
}

function showLook() {
  for (const name of ["opacity", "threshold", "colormap", "view"]) $(`.${name}`).value = props.value[name];
  $(".signed").value = props.value.signed ? "1" : "";
  $(".stretched").value = props.value.stretched ? "1" : "";
  $(".colormap").disabled = props.value.signed;
}
function takeLook() {
  const of = (name) => $(`.${name}`).value;
  props.value = {
    opacity: Number(of("opacity")), threshold: Number(of("threshold")),
    colormap: of("colormap"), signed: of("signed") === "1", stretched: of("stretched") === "1", view: of("view"),
  };
  $(".colormap").disabled = props.value.signed;
  schedule();
}
$(".controls").addEventListener("input", takeLook);
// the look is in the address too: under these names, where it is not as usual
const LOOKS = { opacity: Number, threshold: Number, colormap: String, signed: Boolean, stretched: Boolean, view: String };
const inAddress = (name) => (name === "view" ? "picture" : name);
const usual = { ...props.value };
function link() {
  const query = new URLSearchParams(props.answer.link.query);
  const lang = new URLSearchParams(location.search).get("lang");
  if (lang) query.set("lang", lang);
  for (const name of Object.keys(LOOKS)) {
    if (props.value[name] !== usual[name]) query.set(inAddress(name), LOOKS[name] === Boolean ? Number(props.value[name]) : props.value[name]);
  }
  return query;
}
function lookInAddress() {
  const asked = new URLSearchParams(window.camKept.question ?? location.search), look = { ...props.value };
  for (const [name, kind] of Object.entries(LOOKS)) {
    const given = asked.get(inAddress(name));
    if (given === null) continue;
    const value = kind === Boolean ? given === "1" : kind(given), field = $(`.${name}`);
    const known = field.tagName === "SELECT" ? kind === Boolean || [...field.options].some((one) => one.value === value) : value >= 0 && value <= 1;
    if (known) look[name] = value;
  }
  props.value = look;
}
offerLink(() => {
  if (!props.answer?.link) return null;
  const { photo, model } = props.answer.link;
  const missing = photo ? "[[say stage.but_model]]" : model ? "[[say stage.but_photo]]" : "[[say stage.but_photo_and_model]]";
  return { query: link(), but: photo && model ? "" : missing };
});

if (props.empty) $(".panels").classList.add("empty");
lookInAddress();
showLook();
watch(["photo", "answer"], () => {
  // an update from the server may bring back the look that the page began with: the controls say what is wanted
  takeLook();
  // and it may bring the answer that is there
  if (props.answer?.number !== state.number) Object.assign(state, { ahead: null, judged: null, number: props.answer?.number });
  load();
});
watch(["near", "refused"], takeLook);
watch("refused", takeBack);
hear("cam-refused", takeBack);
load();
