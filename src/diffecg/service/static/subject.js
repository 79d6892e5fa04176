// Subject: statements, age and sex of a composed recording, for models that are conditioned on them.

import { field, h, number, select } from "./dom.js";
import { recalled } from "./router.js";

/** Classes of beats, which the rhythm states. */
const BEATS = ["N", "S", "V", "F", "Q"];

/** Statements of a text such as "MI, left bundle branch block". @param {string} text */
export const parseStatements = (text) => text.split(/[,;+]+/).map((part) => part.trim()).filter(Boolean);

export class SubjectFields {
  constructor() {
    this.statement = h("input", { "data-field": "statement label", spellcheck: "false", autocomplete: "off", maxlength: 500, placeholder: "such as MI, CLBBB", value: recalled("statements") ?? "" });
    this.list = select({ "aria-label": "Add a statement", class: "narrow", oninput: () => this.add() }, [["", "add …"]]);
    this.age = number({ "data-field": "age", min: 0, max: 120, placeholder: "any", value: recalled("age") ?? "" });
    this.sex = select({ "data-field": "sex", value: recalled("sex") ?? "" }, [["", "any"], ["female", "female"], ["male", "male"]]);
    this.element = h("div", { class: "fields inline", role: "group", "aria-label": "Subject", hidden: true },
      field("Statements", this.statement), this.list, field("Age", this.age, "years"), field("Sex", this.sex));
  }

  /** Show the fields that suit the models that may be used. @param {any[]} models */
  show(models) {
    const model = models.find((one) => one.several_labels);
    this.element.hidden = !model;
    if (!model || this.list.options.length > 1) return;
    const labels = model.labels.filter((/** @type {string} */ label) => !BEATS.includes(label));
    this.list.append(...labels.map((/** @type {string} */ label) => h("option", { value: label }, model.meanings[label] ? `${label}: ${model.meanings[label]}` : label)));
  }

  add() {
    const statements = parseStatements(this.statement.value);
    this.statement.value = [...new Set([...statements, this.list.value])].filter(Boolean).join(", ");
    this.list.value = "";
  }

  /** What is known of the subject, for a request; null: nothing. */
  get value() {
    const statement = parseStatements(this.statement.value), age = this.age.value, sex = this.sex.value;
    if (this.element.hidden || !(statement.length || age || sex)) return null;
    return { statement, ...(age && { age: Number(age) }), ...(sex && { sex }) };
  }

  /** What the address keeps. */
  get state() {
    return { statements: this.statement.value, age: this.age.value, sex: this.sex.value };
  }
}
