// Draws heatmap, overlay and colour bar in the browser from the photograph and the small map.
//
// props.photo   {id, url, width, height}: the photograph as shown; width and height are the original's
// props.answer  {id, rows, columns, values (base64 float32, signed), box [left, top, right, bottom] in
//               original pixels, note}: the map and where it lies; drawn only over the photograph `id`
// props.colors  {names, tables, signed}: base64 RGB tables of 256 colours; props.unseen: see render.py
// props.value   {opacity, threshold, colormap, signed, view}: the look, sent along for downloads
//
// The formulas are those of gradcam_core/project.py and render.py; a test compares the pixels.

const $ = (selector) => element.querySelector(selector);
const heatmap = $(".heatmap"), picture = $(".picture"), ramp = $(".ramp"), readout = $(".readout");
const state = { photo: null, photoId: null, values: null, top: 0, cursor: null };

const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const tables = Object.fromEntries(Object.entries(props.colors.tables).map(([name, text]) => [name, bytes(text)]));
const signedTable = bytes(props.colors.signed);
for (const name of Object.keys(tables)) $(".colormap").add(new Option(name, name));

// one bilinear weight a pixel: the index of the cell on its left and the share of the one on its right
function interpolation(pixels, cells, low, high) {
  const left = new Int32Array(pixels), share = new Float32Array(pixels), seen = new Uint8Array(pixels);
  const inside = (at) => Math.min(Math.max(at, 0), pixels);
  const centres = [inside(Math.ceil(low - 0.5)), inside(Math.ceil(high - 0.5))];
  // too narrow to hold a pixel's centre: the pixels that it touches
  const [first, last] = centres[0] < centres[1] ? centres : [inside(Math.floor(low)), inside(Math.ceil(high))];
  for (let i = 0; i < pixels; i++) {
    const centre = i + 0.5;
    seen[i] = i >= first && i < last;
    const position = Math.min(Math.max(((centre - low) / (high - low)) * cells - 0.5, 0), cells - 1);
    left[i] = Math.min(Math.floor(position), Math.max(cells - 2, 0));
    share[i] = position - left[i];
  }
  return { left, share, seen };
}

// values on every pixel of the photograph, NaN where the model did not look
function project(answer, look, width, height) {
  const raw = new Float32Array(bytes(answer.values).buffer);
  const shown = look.signed ? raw : raw.map((value) => Math.max(value, 0));
  const top = shown.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const cells = top > 0 ? shown.map((value) => value / top) : shown.map(() => 0);
  const wide = width / props.photo.width, high = height / props.photo.height;
  const x = interpolation(width, answer.columns, answer.box[0] * wide, answer.box[2] * wide);
  const y = interpolation(height, answer.rows, answer.box[1] * high, answer.box[3] * high);
  const right = answer.columns > 1 ? 1 : 0, below = answer.rows > 1 ? answer.columns : 0;
  const values = new Float32Array(width * height);
  for (let i = 0, at = 0; i < height; i++) {
    for (let j = 0; j < width; j++, at++) {
      if (!x.seen[j] || !y.seen[i]) { values[at] = NaN; continue; }
      const cell = y.left[i] * answer.columns + x.left[j];
      const upper = cells[cell] * (1 - x.share[j]) + cells[cell + right] * x.share[j];
      const lower = cells[cell + below] * (1 - x.share[j]) + cells[cell + below + right] * x.share[j];
      values[at] = upper * (1 - y.share[i]) + lower * y.share[i];
    }
  }
  return { values, top };
}

function paint(canvas, kind, look) {
  const { width, height } = state.photo, photo = state.photo.data, values = state.values;
  const image = new ImageData(width, height), out = image.data;
  const table = look.signed ? signedTable : tables[look.colormap];
  const { grey: neutral, photo: kept, stripes, stripe } = props.unseen;
  for (let i = 0, at = 0; i < height; i++) {
    for (let j = 0; j < width; j++, at++) {
      const p = at * 4;
      out[p + 3] = 255;
      if (kind === "photograph") {
        for (let c = 0; c < 3; c++) out[p + c] = photo[p + c];
        continue;
      }
      if (Number.isNaN(values[at])) {
        const light = stripes[Math.floor((i + j) / stripe) % 2];
        const dark = 0.299 * photo[p] + 0.587 * photo[p + 1] + 0.114 * photo[p + 2];
        const grey = kind === "heatmap" ? neutral : dark * kept + neutral * (1 - kept);
        out[p] = out[p + 1] = out[p + 2] = Math.floor(grey * light + 0.5);
        continue;
      }
      const value = Math.abs(values[at]) < look.threshold ? 0 : values[at], strength = Math.abs(value);
      const color = 3 * Math.floor((look.signed ? (value + 1) / 2 : value) * 255 + 0.5);
      const alpha = kind === "heatmap" ? 1 : look.opacity * strength;
      for (let c = 0; c < 3; c++) {
        const mixed = kind === "masked" ? photo[p + c] * strength : photo[p + c] * (1 - alpha) + table[color + c] * alpha;
        out[p + c] = Math.floor(mixed + 0.5);
      }
    }
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function paintRamp(look) {
  const image = new ImageData(1, 256), table = look.signed ? signedTable : tables[look.colormap];
  for (let level = 0; level < 256; level++) {
    const value = look.signed ? (level / 255) * 2 - 1 : level / 255;
    const shown = Math.abs(value) < look.threshold ? (look.signed ? 128 : 0) : level;
    image.data.set([...table.slice(shown * 3, shown * 3 + 3), 255], (255 - level) * 4);
  }
  ramp.getContext("2d").putImageData(image, 0, 0);
  const top = state.top.toPrecision(2);
  $(".high").textContent = state.top > 0 ? (look.signed ? `+${top}` : top) : "none";
  $(".low").textContent = state.top > 0 && look.signed ? `−${top}` : "0";
}

let scheduled = false;
let mapped = "";
function draw() {
  scheduled = false;
  const answer = props.answer, look = props.value;
  // a map is never drawn over another photograph than its own
  if (!state.photo || !answer || answer.id !== state.photoId) return;
  const key = `${answer.id} ${answer.number} ${look.signed}`;
  if (key !== mapped) {
    Object.assign(state, project(answer, look, state.photo.width, state.photo.height));
    mapped = key;
  }
  paint(heatmap, "heatmap", look);
  paint(picture, look.view, look);
  paintRamp(look);
  const title = $(".view").selectedOptions[0].textContent;
  $(".picture-title").textContent = title;
  heatmap.setAttribute("aria-label", `Heatmap. ${answer.note} Use the arrow keys to read values.`);
  picture.setAttribute("aria-label", `${title}. ${answer.note} Use the arrow keys to read values.`);
  element.dataset.drawn = `${answer.number}`;
  read();
}
function schedule() {
  if (!scheduled) requestAnimationFrame(draw);
  scheduled = true;
}

function load() {
  const photo = props.photo;
  if (!photo || photo.id === state.photoId) return schedule();
  const image = new Image();
  image.onload = () => {
    // another photograph may have come while this one was decoded
    if (props.photo.id !== photo.id) return;
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    state.photo = context.getImageData(0, 0, canvas.width, canvas.height);
    state.photoId = photo.id;
    state.cursor = null;
    mapped = "";
    schedule();
  };
  image.src = photo.url;
}

// the value under the pointer, or under the keyboard's cursor
function read() {
  if (!state.cursor || !state.values) return;
  const { width, height } = state.photo, [x, y] = state.cursor;
  const column = Math.floor(((x + 0.5) * props.photo.width) / width);
  const row = Math.floor(((y + 0.5) * props.photo.height) / height);
  const value = state.values[y * width + x];
  const percent = `${Math.round(value * 100)} % of the strongest place`;
  readout.textContent = `x ${column}, y ${row}: ` + (Number.isNaN(value)
    ? "outside what the model saw"
    : `${percent} (raw value ${(value * state.top).toPrecision(3)})`);
}
function point(canvas, event) {
  if (!state.photo) return;
  const { width, height } = state.photo, area = canvas.getBoundingClientRect();
  const scale = Math.max(width / area.width, height / area.height);
  const at = [(event.clientX - area.left) * scale, (event.clientY - area.top) * scale].map(Math.floor);
  if (at[0] < 0 || at[1] < 0 || at[0] >= width || at[1] >= height) return;
  state.cursor = at;
  read();
}
// what does the place under the cursor speak for?
function ask() {
  if (!state.cursor) return;
  const [x, y] = state.cursor, { width, height } = state.photo;
  trigger("select", {
    x: Math.floor(((x + 0.5) * props.photo.width) / width), y: Math.floor(((y + 0.5) * props.photo.height) / height),
  });
}
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
function walk(event) {
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
  canvas.addEventListener("click", ask);
  canvas.addEventListener("keydown", walk);
  canvas.addEventListener("blur", schedule);
}

function showLook() {
  for (const name of ["opacity", "threshold", "colormap", "view"]) $(`.${name}`).value = props.value[name];
  $(".signed").value = props.value.signed ? "1" : "";
  $(".colormap").disabled = props.value.signed;
}
function takeLook() {
  const of = (name) => $(`.${name}`).value;
  props.value = {
    opacity: Number(of("opacity")), threshold: Number(of("threshold")),
    colormap: of("colormap"), signed: of("signed") === "1", view: of("view"),
  };
  $(".colormap").disabled = props.value.signed;
  schedule();
}
$(".controls").addEventListener("input", takeLook);
showLook();
watch(["photo", "answer"], load);
load();
