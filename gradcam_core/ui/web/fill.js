// Stands in front of the script of each component: words with their {places} filled, and what waits for the next frame.
const fillIn = (words, values) => words.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
const afterPaint = (act) => requestAnimationFrame(() => setTimeout(act));
