// What imputes and forecasts: similar segments of the recording, or a model that knows the kinds of the signals.

import { get } from "./api.js";
import { h, kindWord, select } from "./dom.js";

const ANY = "similar segments";

export class Method {
  /** @param {any} info of the recording */
  constructor(info) {
    this.info = info;
    /** @type {any[]} */ this.models = [];
    /** @type {string[]} */ this.kinds = [];
    /** What the user chose last; null: nothing yet. @type {string | null} */ this.wanted = null;
    this.select = select({ "data-field": "model", onchange: () => { this.wanted = this.select.value; this.show(this.kinds); } }, [["", ANY]]);
    this.note = h("p", { class: "note", role: "status", hidden: true });
    get("models").then((models) => {
      this.models = models.filter((/** @type {any} */ model) => model.kind === "gap");
      this.show(this.kinds);
    });
  }

  get value() { return this.select.value; }

  /** Offer what imputes signals with these names. @param {string[]} leads */
  showLeads(leads) {
    this.show([...new Set(this.info.leads.filter((/** @type {any} */ lead) => leads.includes(lead.name)).map((/** @type {any} */ lead) => lead.kind))]);
  }

  /**
   * Offer what imputes signals of these kinds. What the user chose is chosen again once it can be; before, it is the
   * model that imputes these and fewest others.
   * @param {string[]} kinds
   */
  show(kinds) {
    this.kinds = kinds;
    const usable = this.models.filter((model) => kinds.every((kind) => model.kinds.includes(kind)));
    const options = this.models.map((model) => h("option", { value: model.name, disabled: !usable.includes(model) }, `${model.name}: ${model.kinds.map(kindWord).join(", ")}`));
    this.select.replaceChildren(this.select.options[0], ...options);
    const names = usable.toSorted((one, other) => one.kinds.length - other.kinds.length).map((model) => model.name);
    const wanted = this.wanted ?? names[0] ?? "";
    this.select.value = names.includes(wanted) ? wanted : "";
    const words = this.explain(names);
    this.note.replaceChildren(...words);
    this.note.hidden = !words.length;
  }

  /** Why another method is used than the one that was chosen, or no model can be. @param {string[]} usable names of models */
  explain(usable) {
    if (this.wanted && this.wanted !== this.value) return [`${this.wanted} does not impute ${this.kinds.map(kindWord).join(" and ")}; ${[...usable, ANY].join(" and ")} do.`];
    const others = this.kinds.filter((kind) => !this.models.some((model) => model.kinds.includes(kind)));
    if (!others.length) return [];
    return [`No model of this studio imputes ${others.map(kindWord).join(" or ")}; ${ANY} do. A model that does is added by `, h("code", {}, "diffecg studio --model"), "."];
  }
}
