/* Comfort only: the page is whole without it. Nothing is fetched, nothing is kept. */
"use strict";
(() => {
  const filter = document.getElementById("filter");
  if (filter) {
    const sections = [...document.querySelectorAll("section.incident")];
    const told = document.querySelector(".filter output");
    filter.closest("p").hidden = sections.length < 4;
    filter.addEventListener("input", () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const section of sections) {
        const hit = words.every((word) => section.dataset.text.includes(word));
        section.hidden = !hit;
        document.querySelector(`[data-row="${section.id}"]`).hidden = !hit;
        shown += hit;
      }
      told.textContent = words.length ? `${shown} of ${sections.length} incidents` : "";
    });
  }

  const readout = document.querySelector(".readout");
  if (readout) {
    readout.hidden = false;
    for (const chart of document.querySelectorAll(".chart")) {
      chart.addEventListener("pointermove", (event) => {
        const title = event.target.querySelector?.(":scope > title");
        readout.textContent = event.target.classList.contains("hit") && title ? title.textContent : "";
      });
      chart.addEventListener("pointerleave", () => { readout.textContent = ""; });
    }
  }

  const copy = (text, button) => {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy"); // works in a local file, where the newer interface does not
    field.remove();
    button.focus();
    button.textContent = done ? "Copied" : "Not copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  for (const place of document.querySelectorAll(".command")) {
    const button = document.createElement("button");
    const text = place.querySelector("code").textContent;
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${text}`);
    button.addEventListener("click", () => copy(text, button));
    place.append(button);
  }
})();
