// The service's own description, to be read by people.

import { h } from "./dom.js";

/** @param {any} schema @returns {string} */
function words(schema) {
  if (schema.anyOf) return schema.anyOf.map(words).filter((/** @type {string} */ word) => word !== "null").join(" or ");
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.join(", ");
  if (schema.type === "array") return schema.items ? `list of ${words(schema.items)}` : "list";
  return schema.format ?? schema.type ?? "";
}

/** @param {string[][]} rows @param {string} operation */
function table(rows, operation) {
  const head = ["field", "kind", "unless given", "what it is"].map((name) => h("th", { scope: "col" }, name));
  const lines = rows.map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, cell))));
  return h("div", { class: "wide-table", tabindex: 0, role: "region", "aria-label": `Fields of ${operation}` }, h("table", {}, h("tr", {}, ...head), ...lines));
}

/** @param {any} schema @param {boolean} isNeeded */
const usual = (schema, isNeeded) => (isNeeded ? "needed" : schema.default == null ? "" : JSON.stringify(schema.default));

/** @param {any} schema @param {any} schemas */
const resolved = (schema, schemas) => (schema?.$ref ? schemas[schema.$ref.split("/").pop()] : schema);

/** @param {any} schema @param {any} schemas @returns {string[][]} */
function properties(schema, schemas, prefix = "") {
  return Object.entries(schema?.properties ?? {}).flatMap(([name, one]) => (one.$ref
    ? properties(resolved(one, schemas), schemas, `${prefix}${name}.`)
    : [[prefix + name, words(one), usual(one, schema.required?.includes(name)), one.description ?? ""]]));
}

/** @param {any} operation @param {any} schemas */
function fields(operation, schemas) {
  const rows = (operation.parameters ?? []).map((/** @type {any} */ one) => [one.name, words(one.schema), usual(one.schema, one.required), one.description ?? ""]);
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  return [...rows, ...properties(resolved(body, schemas), schemas)];
}

const described = await (await fetch("openapi.json")).json();
document.getElementById("about")?.append(described.info.description);
for (const [path, methods] of Object.entries(described.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const name = `${method.toUpperCase()} ${path}`, rows = fields(operation, described.components.schemas);
    document.getElementById("operations")?.append(h("h2", {}, h("code", {}, name)), h("p", {}, operation.description ?? operation.summary), ...(rows.length ? [table(rows, name)] : []));
  }
}
document.body.dataset.ready = "yes";
