// Copies a link. Stands in front of the script of a component with the parts .copy-link, .copied and .link.
//
// made()  {query, but}: what the link asks for, and in words what does not travel with it; nothing where there is none

function offerLink(made) {
  const [button, copied, field] = [".copy-link", ".copied", ".link"].map((part) => element.querySelector(part));
  button.addEventListener("click", async () => {
    const found = made();
    if (!found) return;
    field.value = `${location.origin}${location.pathname}?${found.query}`;
    const but = found.but ? ` ${found.but}` : "";
    try {
      await navigator.clipboard.writeText(field.value);
      copied.textContent = `[[say stage.copied]]${but}`;
    } catch {
      // only pages of this machine and over https may write there
      field.hidden = false;
      field.select();
      copied.textContent = `[[say stage.copy_here]]${but}`;
    }
  });
}
