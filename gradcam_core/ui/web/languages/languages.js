// A link for each language; it takes the question along that is on the page, as far as a link can, and leaves the
// photograph and the model in this tab for the page that comes.
//
// props.value    [{key, name}]
// props.english  [[gradio's words in English, those in the page's language]]

const here = "[[say page.language_key]]";

element.querySelector("nav").replaceChildren(
  ...props.value.map(({ key, name }) => {
    const link = Object.assign(document.createElement("a"), { textContent: name, lang: key, hreflang: key, href: `?lang=${key}` });
    if (key === here) link.setAttribute("aria-current", "true");
    return link;
  }),
);
element.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  location.search = window.camKeep(link.lang);
});

// what gradio's scripts say in English whatever the language, in labels and on buttons; what looks like it in a part of
// our own may be a class, or what somebody has typed
const OURS = new Map(props.english.filter(([theirs, ours]) => theirs !== ours));
const SAYING = ["aria-label", "title"];
const isGradios = (node) => !(node.closest ? node : node.parentElement)?.closest(".html-container");
function sayInOurs(node) {
  if (node.nodeType === Node.TEXT_NODE) {
    const ours = OURS.get(node.data.trim());
    if (ours && isGradios(node)) node.data = ours;
    return;
  }
  for (const name of SAYING) {
    const ours = OURS.get(node.getAttribute?.(name));
    if (ours && isGradios(node)) node.setAttribute(name, ours);
  }
}
function sayAllInOurs(root) {
  sayInOurs(root);
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) sayInOurs(walker.currentNode);
}
if (OURS.size) {
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "childList") addedNodes.forEach(sayAllInOurs);
      else sayInOurs(target);
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: SAYING });
  sayAllInOurs(document.body);
}
