const read = (name) => JSON.parse(document.getElementById(`data-${name}`).textContent);
const words = read("words"), clusters = read("clusters"), confusions = read("confusions");
const NAME = 0, REASON = 1, LABEL = 2, TRUTH = 3, RIGHT = 4, SURE = 5, EFFECT = 6, MARGIN = 7, SMALL = 8, BORDER = 9,
  INSIDE = 10, CLUSTER = 11, X = 12, Y = 13;
const BLOCK = 200, PER_PAGE = 60, MOST_BLOCKS = 12;
const rows = read("rows"), at = new Map(rows.map((row, number) => [row[NAME], number]));
const colours = Uint8Array.from(atob(read("colours")), (letter) => letter.charCodeAt(0));
const by = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString(document.documentElement.lang);
// as in ../languages/numbers.py: never 0 % for something, never 100 % for less than all
function percent(share) {
  if (share === null) return "";
  const value = share * 100;
  if (value > 0 && value < 0.01) return "< 0.01 %";
  if (value > 99.99 && value < 100) return "> 99.99 %";
  if (value >= 99.5 && value < 100) return `${(Math.floor(value * 100) / 100).toFixed(2)} %`;
  return `${value >= 10 ? value.toFixed(0) : Number(value.toPrecision(2))} %`;
}

// inside another page that page is told how high this one is, where it wants to be looked at, and what to open
const inside = "theme" in document.documentElement.dataset;
const tell = (message) => { if (inside) parent.postMessage(message, "*"); };

// a number stays with its unit at the end of a line, as in ../report/bound.py
const NUMBERS = /((?:[<>] )?\d[\d.,]* (?:%|MB|px)|\d+ × \d+)/;
function made(kind, text, style) {
  const part = document.createElement(kind);
  if (text !== undefined) part.append(...text.split(NUMBERS).map((piece, place) => place % 2 ? bound(piece) : piece));
  if (style) part.className = style;
  return part;
}
function bound(text) {
  const part = document.createElement("span");
  part.className = "bound";
  part.textContent = text;
  return part;
}

// the pictures of a few blocks are kept: each is parsed when one of its rows is first seen
const blocks = new Map();
function picture(number) {
  const block = Math.floor(number / BLOCK);
  if (!blocks.has(block)) {
    if (blocks.size >= MOST_BLOCKS) blocks.delete(blocks.keys().next().value);
    blocks.set(block, read(`pictures-${block}`));
  }
  return blocks.get(block)[number % BLOCK];
}

function heat(levels, height, width) {
  const values = atob(levels), canvas = made("canvas");
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let place = 0; place < values.length; place++) {
    const level = values.charCodeAt(place);
    image.data.set(colours.subarray(3 * level, 3 * level + 3), 4 * place);
    image.data[4 * place + 3] = 0.75 * level;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function drawn(canvas, number) {
  const shown = picture(number);
  if (!shown) return;
  const photograph = new Image();
  photograph.onload = () => {
    canvas.width = photograph.naturalWidth;
    canvas.height = photograph.naturalHeight;
    const pen = canvas.getContext("2d");
    pen.drawImage(photograph, 0, 0);
    if (shown.length > 1 && by("maps").checked) {
      const [, levels, height, width, [left, top, right, bottom]] = shown;
      pen.imageSmoothingQuality = "high";
      pen.drawImage(heat(levels, height, width), left * canvas.width, top * canvas.height,
        (right - left) * canvas.width, (bottom - top) * canvas.height);
    }
  };
  photograph.src = `data:image/jpeg;base64,${shown[0]}`;
}

const watcher = new IntersectionObserver((seen) => seen.forEach((one) => {
  if (!one.isIntersecting) return;
  watcher.unobserve(one.target);
  drawn(one.target, Number(one.target.dataset.row));
}), { rootMargin: "200px" });

// inside another page a photograph that was answered can be opened there
function openable(number, title) {
  const canvas = lazily(number, title);
  if (!inside || rows[number][REASON] !== null) return canvas;
  const button = made("button");
  button.title = words.open.replace("{name}", title);
  button.onclick = () => tell({ open: title });
  button.append(canvas);
  return button;
}

// −95, 0, +2: what becomes less has a minus, as long as a plus
const signed = (points) => `${points > 0 ? "+" : points < 0 ? "\u2212" : ""}${Math.abs(points)}`;

function lazily(number, title) {
  const canvas = made("canvas");
  canvas.width = canvas.height = 96;
  canvas.dataset.row = number;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", title);
  watcher.observe(canvas);
  return canvas;
}

const SORTS = {
  name: (row) => row[NAME], effect: (row) => -(row[EFFECT] ?? -2), border: (row) => -(row[BORDER] ?? -1),
  small: (row) => -(row[SMALL] ?? -1), unsure: (row) => row[MARGIN] ?? 2, inside: (row) => row[INSIDE] ?? 2,
};
const SHOWS = {
  every: () => true, wrong: (row) => row[RIGHT] === false, right: (row) => row[RIGHT] === true,
  unread: (row) => row[REASON] !== null,
};
let chosen = null, page = 0, listed = [];

function list() {
  const text = by("search").value.toLowerCase(), label = by("class").value;
  const fits = SHOWS[by("show").value], order = SORTS[by("sort").value];
  const keys = new Map();
  listed = [];
  rows.forEach((row, number) => {
    if (chosen && !chosen(row, number)) return;
    if (label && row[LABEL] !== label) return;
    if (!fits(row)) return;
    if (text && ![row[NAME], row[LABEL], row[TRUTH]].some((one) => one && one.toLowerCase().includes(text))) return;
    listed.push(number);
    keys.set(number, order(row));
  });
  listed.sort((one, other) => {
    const first = keys.get(one), second = keys.get(other);
    return first < second ? -1 : first > second ? 1 : one - other;
  });
  page = 0;
  show();
}

function show() {
  const pages = Math.max(Math.ceil(listed.length / PER_PAGE), 1);
  page = Math.min(Math.max(page, 0), pages - 1);
  by("count").textContent = words.count.replace("{count}", number(listed.length)).replace("{of}", number(rows.length));
  by("page").textContent = `${page + 1} / ${pages}`;
  by("back").disabled = page === 0;
  by("on").disabled = page === pages - 1;
  by("all").hidden = !chosen;
  by("rows").replaceChildren(...listed.slice(page * PER_PAGE, (page + 1) * PER_PAGE).map(card));
}

function card(number) {
  const row = rows[number], box = made("figure", undefined, row[RIGHT] === false ? "row wrong" : "row");
  box.append(openable(number, row[NAME]));
  if (row[LABEL] !== null) box.append(made("div", `${row[LABEL]} ${percent(row[SURE])}`));
  if (row[RIGHT] === false) box.append(made("div", words.true_class.replace("{label}", row[TRUTH])));
  if (row[REASON] !== null) box.append(made("div", row[REASON]));
  if (row[EFFECT] !== null) box.append(made("small", words.effect.replace("{points}", signed(-Math.round(100 * row[EFFECT])))));
  box.append(made("div"), made("small", row[NAME]));
  return box;
}

function choose(filter) {
  chosen = filter;
  ["search", "class"].forEach((id) => { by(id).value = ""; });
  by("show").value = "every";
  list();
  if (inside) tell({ at: by("list").offsetTop });
  else by("list").scrollIntoView({ behavior: "smooth" });
}

function options(select, values) {
  select.replaceChildren(...values.map(([value, text]) => new Option(text, value)));
}

// what looks like a cheat comes first; hundreds of others would hide what stands below them
const AT_FIRST = Math.max(12, clusters.filter((cluster) => cluster.suspicious).length);

function clusterCard(cluster) {
  const box = made("div", undefined, cluster.suspicious ? "card alarm" : "card");
  if (cluster.suspicious) box.append(made("p", words.alarm, "what"));
  box.append(made("p", cluster.sentence));
  if (cluster.accuracy !== null) box.append(made("p", words.accuracy.replace("{share}", percent(cluster.accuracy)), "facts"));
  const strip = made("div", undefined, "pictures"), mean = made("canvas");
  mean.width = mean.height = 96;
  mean.setAttribute("role", "img");
  mean.setAttribute("aria-label", words.mean);
  const pen = mean.getContext("2d");
  pen.fillStyle = "#888";
  pen.fillRect(0, 0, 96, 96);
  pen.drawImage(heat(cluster.map, cluster.side, cluster.side), 0, 0, 96, 96);
  strip.append(mean, ...cluster.members.slice(0, cluster.typical).map((name) => openable(at.get(name), name)));
  const button = made("button", words.show_these.replace("{count}", number(cluster.members.length)));
  // a photograph may be in several of them, and has the colour of the most suspicious one
  const own = new Set(cluster.members.map((name) => at.get(name)));
  button.onclick = () => choose((_, place) => own.has(place));
  box.append(strip, made("p"), button);
  by("cluster-cards").append(box);
}

clusters.slice(0, AT_FIRST).forEach(clusterCard);
by("more-clusters").hidden = clusters.length <= AT_FIRST;
by("more-clusters").textContent = words.more_clusters.replace("{count}", number(clusters.length - AT_FIRST));
by("more-clusters").onclick = () => {
  by("more-clusters").hidden = true;
  clusters.slice(AT_FIRST).forEach(clusterCard);
  by("cluster-cards").children[AT_FIRST].querySelector("button").focus();
};
if (!clusters.length) by("cluster-cards").append(made("p", words.no_clusters));

by("confusions-part").hidden = !confusions.length;
confusions.forEach((one) => {
  const box = made("div", undefined, "card"), strip = made("div", undefined, "pictures");
  box.append(made("p", one.sentence), made("p", words.contrast.replace("{label}", one.taken_for).replace("{truth}", one.truth), "facts"));
  one.pictures.forEach(({ name, url }) => {
    const image = made("img");
    image.loading = "lazy";
    image.src = url;
    image.alt = name;
    strip.append(image);
  });
  const button = made("button", words.show_all);
  button.onclick = () => choose((row) => row[LABEL] === one.taken_for && row[TRUTH] === one.truth);
  box.append(strip, made("p"), button);
  by("confusion-cards").append(box);
});

const counts = new Map();
rows.forEach((row) => { if (row[LABEL] !== null) counts.set(row[LABEL], (counts.get(row[LABEL]) || 0) + 1); });
const labels = [...counts].sort((one, other) => other[1] - one[1]).map(([label, count]) => [label, `${label} (${number(count)})`]);
options(by("class"), [["", words.every_class], ...labels]);
options(by("points-class"), labels);
options(by("show"), Object.keys(SHOWS).map((key) => [key, words[`show_${key}`]]));
options(by("sort"), Object.keys(SORTS).map((key) => [key, words[`sort_${key}`]]));
["search", "class", "show", "sort"].forEach((id) => by(id).addEventListener("input", list));
by("maps").addEventListener("change", show);
by("back").onclick = () => { page--; show(); };
by("on").onclick = () => { page++; show(); };
by("all").onclick = () => { chosen = null; list(); };

// points: a rectangle that is drawn over them chooses rows
const plane = by("points"), EDGE = 14;
let from = null, to = null;
const place = (row) => [EDGE + row[X] * (plane.width - 2 * EDGE), EDGE + row[Y] * (plane.height - 2 * EDGE)];
function colour(row) {
  if (by("points-colour").value === "right") return row[RIGHT] === null ? "#888" : row[RIGHT] ? "#2f8f5b" : "#c2410c";
  return row[CLUSTER] < 0 ? "#8888" : `hsl(${(row[CLUSTER] * 137.5) % 360} 65% 50%)`;
}
function plot() {
  const pen = plane.getContext("2d"), label = by("points-class").value;
  pen.clearRect(0, 0, plane.width, plane.height);
  rows.forEach((row) => {
    if (row[LABEL] !== label) return;
    const [x, y] = place(row);
    pen.fillStyle = colour(row);
    pen.beginPath();
    pen.arc(x, y, 4, 0, 7);
    pen.fill();
  });
  if (from && to) {
    pen.strokeStyle = "#888";
    pen.strokeRect(from[0], from[1], to[0] - from[0], to[1] - from[1]);
  }
}
function position(event) {
  const box = plane.getBoundingClientRect();
  return [(event.clientX - box.left) * plane.width / box.width, (event.clientY - box.top) * plane.height / box.height];
}
plane.onpointerdown = (event) => { from = position(event); to = null; plane.setPointerCapture(event.pointerId); };
plane.onpointermove = (event) => { if (from) { to = position(event); plot(); } };
// a finger that scrolls the page chooses nothing
plane.onpointercancel = () => { from = to = null; plot(); };
plane.onpointerup = () => {
  if (from && to) {
    const label = by("points-class").value, [first, second] = [from, to];
    const within = (value, axis) => value >= Math.min(first[axis], second[axis]) && value <= Math.max(first[axis], second[axis]);
    choose((row) => row[LABEL] === label && within(place(row)[0], 0) && within(place(row)[1], 1));
  }
  from = to = null;
  plot();
};
["points-class", "points-colour"].forEach((id) => by(id).addEventListener("input", plot));
plot();
list();
if (inside) {
  // all of it, what stands out of the body too
  const tellHeight = () => tell({ height: document.documentElement.offsetHeight });
  // at once: as long as this is out of sight a browser draws nothing, and tells of no size
  tellHeight();
  new ResizeObserver(tellHeight).observe(document.body);
}
