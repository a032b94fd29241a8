"use strict";
// Tables are sorted by the heading that is clicked, and filtered by the search text.
for (const table of document.querySelectorAll("table.lively")) {
  const body = table.tBodies[0];
  const text = (row, at) => row.cells[at].textContent.trim();
  const number = (shown) => parseFloat(shown.replace(/,/g, "").replace("−", "-"));
  const compare = (a, b) => {
    const [x, y] = [number(a), number(b)];
    if (Number.isNaN(x) && Number.isNaN(y)) return a.localeCompare(b, "vi");
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return x - y;
  };
  table.tHead.querySelectorAll("button").forEach((button) => {
    button.addEventListener("click", () => {
      const heading = button.closest("th");
      const down = heading.ariaSort === "ascending";
      table.tHead.querySelectorAll("th").forEach((other) => { other.ariaSort = null; });
      heading.ariaSort = down ? "descending" : "ascending";
      const rows = [...body.rows].sort((a, b) =>
        compare(text(a, heading.cellIndex), text(b, heading.cellIndex)));
      body.append(...(down ? rows.reverse() : rows));
    });
  });
  const search = table.closest(".scroll").previousElementSibling;
  if (search && search.matches("input")) {
    search.addEventListener("input", () => {
      const sought = search.value.toLocaleLowerCase("vi");
      for (const row of body.rows) {
        row.hidden = !row.textContent.toLocaleLowerCase("vi").includes(sought);
      }
    });
  }
}
