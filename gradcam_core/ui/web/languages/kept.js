// Once, as the page begins: shows what the page before it showed in another language, of what no address holds.
// TITLES are those of the tabs, IDS those of the parts that are set anew; see show_as_kept.
() => {
  const { tab, set = {}, open = [] } = window.camKept, as = { __type__: "update" };
  window.camSet = { ...set };
  for (const id of open) document.querySelector(`#${CSS.escape(id)} > .label-wrap:not(.open)`)?.click();
  // files to fetch are hidden as long as there are none
  const shown = (value) => (value == null ? { ...as, value } : { ...as, value, visible: true });
  return [TITLES[tab] ? { ...as, selected: TITLES[tab] } : as, ...IDS.map((id) => (id in set ? shown(set[id]) : as))];
}
