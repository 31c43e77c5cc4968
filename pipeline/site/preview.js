// The preview's own part of the page: light or dark, as Quarto's toggle does it, and tabs.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const wear = (on) => {
    document.body.classList.toggle("quarto-dark", on);
    document.body.classList.toggle("quarto-light", !on);
  };
  let kept = null;
  try { kept = localStorage.getItem("surbani-scheme"); } catch { /* a page on a disk may have no storage */ }
  wear(kept ? kept === "dark" : dark.matches);

  const choose = (tab) => {
    for (const other of tab.parentElement.children) {
      const on = other === tab;
      other.setAttribute("aria-selected", on);
      other.tabIndex = on ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !on;
    }
  };

  addEventListener("DOMContentLoaded", () => {
    document.getElementById("scheme").addEventListener("click", () => {
      const on = !document.body.classList.contains("quarto-dark");
      wear(on);
      try { localStorage.setItem("surbani-scheme", on ? "dark" : "light"); } catch { /* then until the next page */ }
    });
    for (const list of document.querySelectorAll(".tab-list")) {
      choose(list.children[0]);
      list.addEventListener("click", (event) => {
        if (event.target.role === "tab") choose(event.target);
      });
      list.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const tabs = [...list.children];
        const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
        choose(next);
        next.focus();
      });
    }
  });
})();
