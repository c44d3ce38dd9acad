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
  // the stage says what is on the page now; without an answer, what the address asked for
  const query = new URLSearchParams(document.querySelector("#stage [data-link]")?.dataset.link ?? location.search);
  const theme = new URLSearchParams(location.search).get("__theme");
  if (theme) query.set("__theme", theme);
  query.set("lang", link.lang);
  if (window.camModel) sessionStorage.setItem("camModel", window.camModel);
  if (window.camPhotograph) sessionStorage.setItem("camPhotograph", JSON.stringify(window.camPhotograph));
  location.search = query;
});
