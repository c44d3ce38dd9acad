// in front of gradio's own scripts, which ask the browser for its language
{% if config.get("language") %}
for (const [name, value] of [["language", {{ config["language"] | toorjson }}], ["languages", [{{ config["language"] | toorjson }}]]]) {
  Object.defineProperty(navigator, name, { get: () => value });
}
{% endif %}
