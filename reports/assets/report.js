// Sorts tables by a column and plays the linked previews in the page. Without this script the page still reads well.
(() => {
  const value = (row, column) => {
    const key = row.children[column].dataset.sort;
    return key === undefined ? (row.children[column].textContent.trim() || null) : key;
  };

  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? String(a).localeCompare(String(b)) : x - y;
  };

  const sort = (table, head, column) => {
    const body = table.tBodies[0];
    const first = body.rows[0]?.children[column].dataset.sort;
    const numbers = first !== undefined && first !== "" && !Number.isNaN(Number(first));
    const before = head.getAttribute("aria-sort");
    const down = before ? before === "ascending" : numbers; // the highest number first
    for (const cell of table.tHead.rows[0].children) cell.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const known = (row) => row.children[column].textContent.trim() !== "–";
    const rows = [...body.rows].sort((a, b) => {
      if (known(a) !== known(b)) return known(a) ? -1 : 1; // undefined values stay at the end
      return (down ? -1 : 1) * compare(value(a, column), value(b, column));
    });
    body.append(...rows);
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].children].forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, head, column));
      head.append(button);
    });
  }

  const audio = new Audio();
  let playing = null;
  const stopped = () => {
    playing?.classList.remove("playing");
    playing = null;
  };
  audio.addEventListener("ended", stopped);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.play");
    if (!link) return;
    event.preventDefault();
    const same = link === playing;
    audio.pause();
    stopped();
    if (same) return;
    audio.src = link.href;
    audio.play().then(() => {
      playing = link;
      link.classList.add("playing");
    }, () => { location.href = link.href; });
  });
})();
