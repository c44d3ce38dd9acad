// A link for each language; it takes the question along that is on the page, as far as a link can, and leaves the
// photograph and the model in this tab for the page that comes.
//
// props.value  [{key, name}]

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
