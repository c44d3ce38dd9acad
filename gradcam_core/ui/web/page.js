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
  // what cannot be asked is said at once, in the page's language; the pictures stay
  const fetched = window.fetch;
  const banner = Object.assign(document.createElement("p"), { id: "offline", hidden: true, textContent: "[[say page.offline]]" });
  banner.setAttribute("role", "alert");
  document.body.append(banner);
  let asking = null;
  const reached = (is) => {
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
  addEventListener("offline", () => reached(false));
  addEventListener("online", () => reached(true));
}
