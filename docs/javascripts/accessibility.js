// Names what the theme leaves without one: the dialog of the search, and the buttons of each block of code.
function nameParts() {
  document.querySelectorAll(".md-search[role=dialog]").forEach((dialog) => dialog.setAttribute("aria-label", "Search"));
  document.querySelectorAll(".md-code__nav").forEach((buttons) => buttons.setAttribute("role", "presentation"));
}

nameParts();
new MutationObserver(nameParts).observe(document.body, { childList: true, subtree: true });
