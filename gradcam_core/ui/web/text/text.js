// The sentence, each word or character shaded by its value, and the strongest words as bars.
//
// props.value  {score, language, words, characters, unread, chart, link, no_link}: words and characters are lists of [text, value],
//              value null for the gaps between them; chart is a list of {text, value}. Without characters there is
//              nothing to choose between, and without a chart no heading of one. `link` is what an address asks for to
//              show it again, empty where there is none, and then `no_link` says why;
//              ../link.js, which stands in front, copies it. All text is set as text, never as HTML.
// props.colors base64 of 256 RGB triples from against to for.
//
// Beside the colour every piece carries its number and a line as thick as its value: solid for, dashed against.

const UNITS = { words: "[[say shaded.words]]", characters: "[[say shaded.characters]]" };
// radio buttons of one name exclude each other over the whole page
const group = `shade-${Math.random().toString(36).slice(2)}`;
const table = Uint8Array.from(atob(props.colors), (char) => char.charCodeAt(0));
let unit = "words";

const make = (tag, name, text = "") => Object.assign(document.createElement(tag), { className: name, textContent: text });
const signed = (value) => (value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value).toFixed(2);
const most = (values) => Math.max(...values.map(Math.abs), 0) || 1;

function color(share) {
  const at = 3 * Math.round((share + 1) / 2 * 255);
  return [...table.slice(at, at + 3)];
}

function ink([red, green, blue]) {
  const [r, g, b] = [red, green, blue].map((part) => ((part / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff";
}

function piece(text, value, top) {
  const span = make("span", "piece"), mark = make("span", "mark"), share = value / top, shade = color(share);
  span.style.background = `rgb(${shade})`;
  // the page sets the colour of every element in text, so it has to be told again in the style sheet
  span.style.setProperty("--ink", ink(shade));
  mark.style.borderTopWidth = `${Math.round(4 * Math.abs(share))}px`;
  mark.style.borderTopStyle = value < 0 ? "dashed" : "solid";
  span.title = `${text.trim()}: ${signed(value)}`;
  span.append(make("span", "text", text), mark, make("span", "number", signed(value)));
  return span;
}

function bar({ text, value }, top) {
  const item = make("li", ""), track = make("span", "track"), fill = make("span", value < 0 ? "fill against" : "fill");
  fill.style.width = `${Math.abs(value) / top * 100}%`;
  const side = `rgb(${color(Math.sign(value))})`;
  if (value < 0) fill.style.setProperty("--side", side);
  else fill.style.background = side;
  track.append(fill);
  item.append(make("span", "name", text), track, make("span", "number", signed(value)));
  return item;
}

function choices() {
  return Object.entries(UNITS).map(([key, title]) => {
    const label = make("label", ""), input = make("input", "");
    Object.assign(input, { type: "radio", name: group, value: key, checked: key === unit });
    label.append(input, title);
    return label;
  });
}

function draw() {
  const answer = props.value || {}, chart = answer.chart || [], several = Boolean(answer.characters?.length);
  const shade = several ? unit : "words", pieces = answer[shade] || [];
  const top = most(pieces.map(([, value]) => value ?? 0)), shaded = element.querySelector(".shaded");
  if (!element.querySelector(".unit input")) element.querySelector(".unit").replaceChildren(...choices());
  element.querySelector(".unit").hidden = !several;
  element.querySelector("h2").hidden = !chart.length;
  shaded.lang = answer.language || "";
  shaded.classList.toggle("chars", shade === "characters");
  shaded.replaceChildren(...pieces.map(([text, value]) => value === null ? text : piece(text, value, top)));
  if (answer.unread) shaded.append(Object.assign(make("span", "unread", answer.unread), { title: "[[say shaded.not_read]]" }));
  element.querySelector(".key").textContent = !answer.score ? "" :
    fillIn("[[say shaded.above]]", { score: answer.score }) +
    (answer.unread ? " [[say shaded.striped]]" : "");
  element.querySelector(".share").hidden = !answer.link && !answer.no_link;
  element.querySelector(".copy-link").hidden = !answer.link;
  if (answer.link) shaded.dataset.link = link();
  else delete shaded.dataset.link;
  element.querySelector(".copied").textContent = answer.no_link ?? "";
  element.querySelector(".link").hidden = true;
  const longest = most(chart.map(({ value }) => value));
  element.querySelector(".chart").replaceChildren(...chart.map((word) => bar(word, longest)));
}

function link() {
  const query = new URLSearchParams(props.value.link), lang = new URLSearchParams(location.search).get("lang");
  if (lang) query.set("lang", lang);
  return query;
}
offerLink(() => props.value?.link && { query: link() });

element.addEventListener("change", (event) => {
  if (event.target.name !== group) return;
  unit = event.target.value;
  draw();
});
watch("value", draw);
draw();
