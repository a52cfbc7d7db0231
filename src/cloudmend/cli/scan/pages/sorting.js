// Sorts a table by the column whose button is pressed; aria-sort says so to who cannot see it.
"use strict";

function value(row, column) {
  const cell = row.cells[column];
  return cell.dataset.sort ?? cell.textContent.trim();
}

function compare(one, other) {
  const difference = Number(one) - Number(other);
  return Number.isNaN(difference) ? one.localeCompare(other) : difference;
}

function sort(heading) {
  const table = heading.closest("table");
  const direction = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  const sign = direction === "ascending" ? 1 : -1;
  for (const other of table.tHead.querySelectorAll("th")) {
    other.removeAttribute("aria-sort");
  }
  heading.setAttribute("aria-sort", direction);
  const body = table.tBodies[0];
  const column = heading.cellIndex;
  const rows = Array.from(body.rows);
  rows.sort((one, other) => sign * compare(value(one, column), value(other, column)));
  body.append(...rows);
}

for (const button of document.querySelectorAll("thead button")) {
  button.addEventListener("click", () => sort(button.closest("th")));
}
