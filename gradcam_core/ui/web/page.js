// A menu that can be searched opens with its text selected, so that typing replaces it. Within the click that opens it:
// a moment later, on a slow machine, it would take away what has been typed since.
() => {
  let opened = null;
  document.addEventListener("focusin", (event) => {
    opened = event.target.matches("input[role='listbox'], input[role='combobox']") ? event.target : null;
  });
  document.addEventListener("click", (event) => {
    if (event.target === opened) opened.select();
    opened = null;
  });
}
