// Example photographs as buttons; a click hands on the number of the one chosen.
//
// props.value  [{title, url, number}]

function draw() {
  element.querySelector(".row").replaceChildren(
    ...props.value.map(({ title, url, number }) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", title });
      // the name stands below: said twice, it would be read twice
      button.append(Object.assign(new Image(), { src: url, alt: "" }), Object.assign(document.createElement("span"), { textContent: title }));
      button.addEventListener("click", () => trigger("select", { index: number }));
      return button;
    }),
  );
}
watch("value", draw);
draw();
