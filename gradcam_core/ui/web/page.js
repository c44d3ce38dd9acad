// A menu that can be searched opens with its text selected, so that typing replaces it.
() => {
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("input[role='listbox'], input[role='combobox']")) setTimeout(() => event.target.select());
  });
}
