// The service's own description, to be read by people.

import { get } from "./api.js";

const make = (tag, text = "", attributes = {}) => Object.assign(document.createElement(tag), { textContent: text, ...attributes });

function words(schema) {
  if (schema.anyOf) return schema.anyOf.map(words).filter((word) => word !== "null").join(" or ");
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.join(", ");
  if (schema.type === "array") return schema.items ? `list of ${words(schema.items)}` : "list";
  return schema.format ?? schema.type ?? "";
}

function table(rows) {
  const made = document.createElement("table"), head = document.createElement("tr");
  for (const name of ["field", "kind", "unless given", "what it is"]) head.append(make("th", name, { scope: "col" }));
  made.append(head);
  for (const row of rows) {
    const line = document.createElement("tr");
    for (const cell of row) line.append(make("td", cell));
    made.append(line);
  }
  const box = make("div", "", { className: "wide-table", tabIndex: 0 });
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "Fields");
  box.append(made);
  return box;
}

const usual = (schema, needed) => (needed ? "needed" : schema.default === undefined || schema.default === null ? "" : JSON.stringify(schema.default));

function properties(schema, schemas, prefix = "") {
  return Object.entries(schema?.properties ?? {}).flatMap(([name, one]) => (one.$ref
    ? properties(resolved(one, schemas), schemas, `${prefix}${name}.`)
    : [[prefix + name, words(one), usual(one, schema.required?.includes(name)), one.description ?? ""]]));
}

const resolved = (schema, schemas) => (schema?.$ref ? schemas[schema.$ref.split("/").pop()] : schema);

function fields(operation, schemas) {
  const rows = (operation.parameters ?? []).map((one) => [one.name, words(one.schema), usual(one.schema, one.required), one.description ?? ""]);
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  return [...rows, ...properties(resolved(body, schemas), schemas)];
}

const described = await get("openapi.json");
document.getElementById("about").textContent = described.info.description;
const place = document.getElementById("operations");
for (const [path, methods] of Object.entries(described.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const title = make("h2");
    title.append(make("code", `${method.toUpperCase()} ${path}`));
    place.append(title, make("p", operation.description ?? operation.summary));
    const rows = fields(operation, described.components.schemas);
    if (rows.length) place.append(table(rows));
  }
}
document.body.dataset.ready = "yes";
