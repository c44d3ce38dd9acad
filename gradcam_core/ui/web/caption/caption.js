// A caption in large words, each a button that asks where that word came from.
//
// props.value  {all, whole, words: [{text, below, known, chosen}], others: [captions], word, caption}: `word` is the
//              place that was pressed last, or `all`; `caption` another caption that was pressed last.
// All text is set as text, never as HTML.

const make = (tag, name, text) => Object.assign(document.createElement(tag), { className: name, textContent: text });

function button(name, text, below, pressed, title) {
  const made = make("button", name, "");
  made.type = "button";
  made.title = title;
  made.setAttribute("aria-pressed", pressed);
  made.append(make("span", "text", text), make("span", "below", below));
  return made;
}

function pick(change) {
  props.value = { ...props.value, word: undefined, caption: undefined, ...change };
  trigger("select");
}

function draw() {
  const shown = props.value || {}, words = shown.words || [];
  const focused = [...element.querySelectorAll("button")].indexOf(document.activeElement);
  const whole = button("whole", "[[say caption.all]]", "", shown.whole, "[[say caption.explain_all]]");
  whole.addEventListener("click", () => pick({ word: shown.all }));
  const made = words.map(({ text, below, known, chosen }, place) => {
    const title = fillIn(known ? "[[say caption.explain]]" : "[[say caption.explain_unseen]]", { text });
    const one = button(known ? "word" : "word unknown", text, below, chosen, title);
    one.addEventListener("click", () => pick({ word: String(place) }));
    return one;
  });
  element.querySelector(".words").replaceChildren(...(words.length ? [...made, whole] : []));
  const others = (shown.others || []).map((caption) => {
    const one = button("other", caption, "", false, "[[say caption.take]]");
    one.addEventListener("click", () => pick({ word: shown.all, caption }));
    return one;
  });
  element.querySelector(".others").replaceChildren(...(others.length ? ["[[say caption.others]] ", ...others] : []));
  if (focused >= 0) element.querySelectorAll("button")[focused]?.focus();
}

watch("value", draw);
draw();
