// A menu that can be searched opens with its text selected, so that typing replaces it. Within the click that opens it:
// a moment later, on a slow machine, it would take away what has been typed since.
() => {
  let opened = null;
  document.addEventListener("focusin", (event) => {
    window.camTyped = "";
    opened = event.target.matches("input[role='listbox'], input[role='combobox']") ? event.target : null;
  });
  document.addEventListener("input", (event) => { if (event.isTrusted) window.camTyped = event.target.value; });
  document.addEventListener("click", (event) => {
    if (event.target === opened) opened.select();
    opened = null;
  });
  // what the page shows, for the page that comes in its place: what is asked on the tab that is seen as its address, and
  // what no address holds, or not this one, in this browser tab. Stage and text say themselves what an address asks for;
  // without an answer, it is what was asked for
  window.camKeep = (language) => {
    const question = document.querySelector("#stage [data-link]")?.dataset.link ?? window.camKept.question ?? location.search;
    const seen = [...document.querySelectorAll("[data-link]")].find((one) => one.offsetParent);
    const query = new URLSearchParams(seen?.dataset.link ?? question), asked = new URLSearchParams(location.search);
    for (const [name, value] of [["__theme", asked.get("__theme")], ["lang", language]]) if (value) query.set(name, value);
    const tabs = [...document.querySelectorAll(".tab-container[role=tablist] [role=tab]")];
    const folds = [...document.querySelectorAll("[id] > .label-wrap.open")];
    const kept = {
      address: `?${query}`, question, text: window.camText, photograph: window.camPhotograph, model: window.camModel,
      tab: tabs.findIndex((tab) => tab.ariaSelected === "true"), set: window.camSet,
      models: [window.camModel, window.camSet?.["folder-model"]], open: folds.map((fold) => fold.parentElement.id),
      brushed: window.camBrushed?.(),
    };
    try { sessionStorage.setItem("camKept", JSON.stringify(kept)); } catch {}
    return `?${query}`;
  };
  // gradio's scripts copy the list of a thousand classes with every message, each name by a call of this function, which
  // takes its time; what is no object is a copy of itself
  const copyOf = window.structuredClone;
  window.structuredClone = (value, ...options) =>
    value === Object(value) || typeof value === "symbol" ? copyOf(value, ...options) : value;
  // what cannot be asked is said at once, in the page's language; the pictures stay
  const fetched = window.fetch;
  const banner = Object.assign(document.createElement("p"), { id: "offline", hidden: true, textContent: "[[say page.offline]]" });
  banner.setAttribute("role", "alert");
  document.body.append(banner);
  // what is under way when the page is left breaks off as if the server were gone
  let leaving = false;
  addEventListener("beforeunload", () => {
    leaving = true;
    setTimeout(() => { leaving = false; }, 5000);
  });
  let asking = null;
  const reached = (is) => {
    if (leaving && !is) return;
    // gradio loads the page anew once the server is there again
    if (!is && banner.hidden) history.replaceState(history.state, "", window.camKeep());
    banner.hidden = is;
    if (is) asking = clearInterval(asking);
    else asking ??= setInterval(() => fetched(location.pathname, { method: "HEAD" }).then(() => reached(true), () => {}), 2000);
  };
  window.fetch = async (...asked) => {
    try {
      const answer = await fetched(...asked);
      reached(true);
      return answer;
    } catch (error) {
      if (error.name !== "AbortError") reached(false);
      throw error;
    }
  };
  // what gradio's own script says in English, whatever the page's language
  const inOurWords = [
    [/^(Error|Connection Lost)$/, "[[say page.error]]"],
    [/^Connection to the server was lost.*$/, "[[say page.offline]]"],
    [/^Invalid file types?: (?<files>.*)\. Only (?<kinds>.*) allowed\.$/, "[[say page.kinds]]"],
  ];
  new MutationObserver(() => {
    const notices = document.querySelector(".toast-wrap");
    if (!notices?.childElementCount) return;
    const texts = document.createTreeWalker(notices, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const said = texts.currentNode.data.trim();
      for (const [theirs, ours] of inOurWords) {
        const found = theirs.exec(said);
        const words = found && ours.replace(/\{(\w+)\}/g, (_, name) => found.groups[name]);
        if (found && words !== said) texts.currentNode.data = words;
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
  // a number and its unit stay on one line, in all that is said. Its words keep their plain spaces: they are found, read
  // out and copied as the API says them. Labels and menus are gradio's own, which changes their texts itself
  const BOUND = /(?:[<>] )?\d[\d.,]* (?:%|MB|px)|\d+ × \d+/;
  const bind = (text) => {
    if (!text.parentElement?.closest(".html-container") || text.parentElement.closest("cam-bound, textarea")) return;
    for (let found; (found = BOUND.exec(text.data)); ) {
      const number = text.splitText(found.index), bound = document.createElement("cam-bound");
      text = number.splitText(found[0].length);
      number.replaceWith(bound);
      bound.append(number);
    }
  };
  const bindAll = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return bind(node);
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT), texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    texts.forEach(bind);
  };
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "characterData") bind(target);
      else addedNodes.forEach(bindAll);
    }
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
  bindAll(document.body);
  addEventListener("offline", () => reached(false));
  addEventListener("online", () => reached(true));
}
