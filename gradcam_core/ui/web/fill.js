// Stands in front of the script of each component: words with their {places} filled.
const fillIn = (words, values) => words.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
