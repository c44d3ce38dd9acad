// The report of an audit in a frame of its own, which cannot reach the page: it tells how high it is and what is asked
// for there.
//
// props.value  {report: the file, number: tells one from the next} or null

let frame = null;

async function draw() {
  frame?.remove();
  frame = null;
  const report = props.value?.report;
  if (!report) return;
  const answer = await fetch(report.url);
  if (!answer.ok || props.value?.report !== report) return;
  const theme = document.querySelector(".dark") ? "dark" : "light";
  frame = document.createElement("iframe");
  frame.title = "[[say audit.tab_frame]]";
  // or the browser puts a ground of its own behind it
  frame.style.colorScheme = theme;
  // scripts of its own and nothing of this page
  frame.setAttribute("sandbox", "allow-scripts");
  frame.srcdoc = (await answer.text()).replace("<html ", `<html data-theme="${theme}" `);
  element.replaceChildren(frame);
}

function told(event) {
  if (!element.isConnected) removeEventListener("message", told);
  if (!frame || event.source !== frame.contentWindow || typeof event.data !== "object") return;
  const { height, at, open } = event.data;
  if (height > 0) frame.style.height = `${height}px`;
  if (at >= 0) scrollTo({ top: frame.getBoundingClientRect().top + scrollY + at, behavior: "smooth" });
  if (typeof open === "string") trigger("select", { open });
}

addEventListener("message", told);
watch("value", draw);
draw();
