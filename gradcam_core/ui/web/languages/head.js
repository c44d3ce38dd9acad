// what the page before this one has left for it at the same address, as camKeep in page.js does; nothing where a browser
// lets no page keep anything
window.camKept = {};
try {
  const kept = JSON.parse(sessionStorage.getItem("camKept"));
  sessionStorage.removeItem("camKept");
  if (kept?.address === location.search) window.camKept = kept;
} catch {}
// in front of gradio's own scripts, which ask the browser for its language
{% if config.get("language") %}
for (const [name, value] of [["language", {{ config["language"] | toorjson }}], ["languages", [{{ config["language"] | toorjson }}]]]) {
  Object.defineProperty(navigator, name, { get: () => value });
}
{% endif %}
