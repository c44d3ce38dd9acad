// Small maps side by side, each a button that takes its map over; uses ../maps.js, which stands in front of it.
//
// props.grid    {} or {photo: {url, width, height}, rows, columns: titles, scale, signed, cells: [[cell]]}; a cell is
//               {rows, columns, box, seen, values (base64 int8, 127 is the end of its scale), size, own, lines, warn,
//               pick} or {problem}. Where `own` its values are no parts of the score and have a scale of their own
// fixed         {look, colors, signed, unseen}: opacity and threshold; base64 RGB tables of one side and of both; see
//               render.py
// props.value   {picked: the pick of the cell clicked last}. Titles are set as text, never as HTML.

const tables = { one: bytes(fixed.colors), both: bytes(fixed.signed) };
const tableOf = (grid) => (grid.signed ? tables.both : tables.one);
const make = (tag, name, text = "") => Object.assign(document.createElement(tag), { className: name, textContent: text });
const WIDTH = 144;
let drawing = 0;

function button(cell, photo, about) {
  const made = make("button", cell.own ? "own" : ""), canvas = make("canvas"), { signed } = props.grid;
  made.type = "button";
  const shows = fillIn("[[say grid.show]]", { about });
  made.title = shows;
  made.setAttribute("aria-label", [shows, cell.size, ...cell.lines].join(", "));
  const cells = Float32Array.from(new Int8Array(bytes(cell.values).buffer), (value) => value / 127).map((value) => signed ? value : Math.max(value, 0));
  const values = spread(cells, cell, props.grid.photo, photo.width, photo.height);
  put(canvas, compose(photo, values, "overlay", { ...fixed.look, signed }, tableOf(props.grid), fixed.unseen));
  made.append(canvas, make("span", "size", cell.own && props.grid.scale ? fillIn("[[say grid.own_scale]]", { size: cell.size }) : cell.size));
  for (const line of cell.lines) made.append(make("span", line === cell.warn ? "line warn" : "line", line));
  if (!cell.pick) Object.assign(made, { disabled: true, title: about });
  made.addEventListener("click", () => {
    for (const other of element.querySelectorAll("button")) other.removeAttribute("aria-current");
    made.setAttribute("aria-current", "true");
    props.value = { picked: cell.pick };
    trigger("select");
  });
  return made;
}

// the head of a row or a column: of a name that no line holds the middle is left out, and shown where it is pointed at
const LONGEST = 28, TAIL = 11;
function head(title, scope) {
  const runs = new RegExp(`\\S{${LONGEST + 1},}`, "g");
  const short = title.replace(runs, (run) => `${run.slice(0, LONGEST - TAIL - 1)}…${run.slice(-TAIL)}`);
  return Object.assign(make("th", "", short), { scope, title: short === title ? "" : title });
}

// a single row is told apart by the titles on its maps, and takes as many lines as it needs
function strip(grid, photo) {
  return grid.cells[0].map((cell, j) => {
    const title = grid.columns[j];
    if (cell.problem) return make("p", "problem", `${title}: ${cell.problem}`);
    const made = button(cell, photo, `${grid.rows[0]}, ${title}`);
    made.prepend(make("span", "title", title));
    return made;
  });
}

function filled(grid, photo) {
  const rows = grid.rows.map((title, i) => {
    const line = make("tr");
    line.append(head(title, "row"), ...grid.cells[i].map((cell, j) => {
      const place = make("td");
      place.append(cell.problem ? make("p", "problem", cell.problem) : button(cell, photo, `${title}, ${grid.columns[j]}`));
      return place;
    }));
    return line;
  });
  const heads = make("tr");
  heads.append(make("td"), ...grid.columns.map((title) => head(title, "col")));
  return [heads, ...rows];
}

function draw() {
  const grid = props.grid, number = ++drawing, whole = element.querySelector(".whole");
  whole.hidden = !grid?.cells;
  if (whole.hidden) return;
  const image = new Image();
  image.onload = () => {
    // another grid may have come while this photograph was decoded
    if (number !== drawing) return;
    const height = Math.max(1, Math.round((WIDTH * grid.photo.height) / grid.photo.width));
    const context = new OffscreenCanvas(WIDTH, height).getContext("2d");
    context.drawImage(image, 0, 0, WIDTH, height);
    const photo = context.getImageData(0, 0, WIDTH, height), single = grid.rows.length === 1;
    element.querySelector(".strip").replaceChildren(...(single ? strip(grid, photo) : []));
    element.querySelector("table").replaceChildren(...(single ? [] : filled(grid, photo)));
    element.querySelector("table").hidden = single;
    element.querySelector("table").style.setProperty("--columns", grid.columns.length);
    element.querySelector("table").classList.toggle("few", grid.columns.length < 3);
    element.querySelector(".legend").hidden = !grid.scale;
    const colors = [0, 64, 128, 192, 255].map((level) => `rgb(${tableOf(grid).slice(level * 3, level * 3 + 3).join()})`);
    element.querySelector(".ramp").style.background = `linear-gradient(90deg, ${colors.join()})`;
    const top = grid.scale >= 1000 ? Math.round(grid.scale) : Number(grid.scale.toPrecision(3));
    element.querySelector(".low").textContent = grid.signed ? `−${top}` : "0";
    element.querySelector(".high").textContent = fillIn("[[say grid.of_the_logit]]", { top: `${grid.signed ? "+" : ""}${top}` });
    element.dataset.drawn = `${number}`;
  };
  image.src = grid.photo.url;
}
watch("grid", draw);
draw();
