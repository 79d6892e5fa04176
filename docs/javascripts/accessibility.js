// Names what the theme leaves without one: the dialog of the search, and the buttons of each block of code.
function nameParts() {
  document.querySelectorAll(".md-search[role=dialog]").forEach((dialog) => dialog.setAttribute("aria-label", "Search"));
  document.querySelectorAll(".md-code__nav").forEach((buttons) => buttons.setAttribute("role", "presentation"));
}

// Lets the keyboard scroll code and tables that are wider than the page; the theme does so for code, but not on touch screens.
function focusScrollable() {
  const parts = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".md-typeset pre > code, .md-typeset__scrollwrap"));
  parts.forEach((part) => {
    if (part.scrollWidth > part.clientWidth && part.tabIndex < 0) part.tabIndex = 0;
  });
}

function improve() {
  nameParts();
  focusScrollable();
}

improve();
addEventListener("resize", focusScrollable);
new MutationObserver(improve).observe(document.body, { childList: true, subtree: true, attributeFilter: ["tabindex"] });
