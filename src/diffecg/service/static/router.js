// Addresses: which view is shown, and how; going back and forth works as on any page.

/** @type {() => void} */
let onChange = () => {};

/** @param {() => void} listener called when another view is to be shown */
export function listenForAddresses(listener) {
  onChange = listener;
  addEventListener("popstate", () => onChange());
  document.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest?.("a[href^='/']");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download") || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (!isView(link.pathname)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}

/** @param {string} path */
const isView = (path) => path === "/" || /^\/(r\/[^/]+|compose|beats|report)$/.test(path);

/** @param {string} address */
export function navigate(address) {
  history.pushState(null, "", address);
  onChange();
}

/** Keep the state of a view in its address. @param {Record<string, string | number | null | undefined>} values */
export function remember(values) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value == null || value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, String(value));
  }
  if (url.href !== location.href) history.replaceState(null, "", url);
}

/** @param {string} name */
export const recalled = (name) => new URL(location.href).searchParams.get(name);
