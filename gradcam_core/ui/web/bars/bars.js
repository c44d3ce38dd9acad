// The most probable classes as bars; a click on one asks for its explanation.
//
// props.value  {rows: [{index, label, percent, share, chosen}], picked: the index clicked last}; where a stage tells
//              what it shows, as cam-shown, its rows and its class count.
// Labels are set as text, never as HTML.

const make = (tag, name, text) => Object.assign(document.createElement(tag), { className: name, textContent: text });

// the rows, and the class whose map the stage of the same tab shows, where there is one
let rows = props.value?.rows ?? [], target = null;

function row({ index, label, percent, share, chosen }) {
  const button = make("button", "", "");
  button.type = "button";
  button.title = fillIn("[[say bars.explain]]", { label });
  button.dataset.index = index;
  button.setAttribute("aria-pressed", target === null ? chosen : index === target);
  const line = make("span", "line", ""), track = make("span", "track", ""), fill = make("span", "fill", "");
  line.append(make("span", "name", label), make("span", "share", percent));
  fill.style.width = `${share * 100}%`;
  track.append(fill);
  button.append(line, track);
  const item = make("li", "", "");
  item.append(button);
  return item;
}

function draw() {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.index : null;
  element.querySelector("ol").replaceChildren(...rows.map(row));
  if (focused) element.querySelector(`[data-index="${focused}"]`)?.focus();
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const picked = Number(button.dataset.index);
  const ask = () => {
    props.value = { ...props.value, picked };
    trigger("select");
  };
  // what the stage has already is painted before the server is asked, for that takes the browser a while
  const isThere = !tell("cam-pick", picked);
  if (isThere) afterPaint(ask);
  else ask();
});
hear("cam-shown", (shown) => {
  // another class of the same photograph changes the mark alone
  rows = shown.bars?.rows ?? rows;
  target = shown.target;
  draw();
});
watch("value", () => {
  if (target !== null) return;
  rows = props.value?.rows ?? [];
  draw();
});
draw();
