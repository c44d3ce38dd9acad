// Stands in front of the script of each component: words with their {places} filled, what waits for the next
// frame, and what one component of a tab tells the others of it; `tell` returns false where one has prevented the rest.
const fillIn = (words, values) => words.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
const afterPaint = (act) => requestAnimationFrame(() => setTimeout(act));
const tell = (name, detail) => element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, cancelable: true }));
const hear = (name, act) => document.addEventListener(name, (event) => {
  if (element.isConnected && event.target.closest("[role=tabpanel]")?.contains(element)) act(event.detail, event);
});
