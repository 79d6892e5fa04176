// Marked intervals and ticks of a recording, with undo and redo; they outlast a visit of another recording and a reload.

/** @typedef {{lead: string, start_s: number, stop_s: number, ticked: boolean}} Mark */
/** @typedef {{marked: Mark[], ticks: Record<string, boolean>}} State marked intervals, and the ticks of faults that the user changed */

const MOST_STATES = 200;
/** @type {Map<string, Marks>} */
const known = new Map();

/** @param {string} id of a recording */
export function marksOf(id) {
  const marks = known.get(id) ?? new Marks(id);
  known.set(id, marks);
  return marks;
}

export class Marks {
  /** @param {string} id of a recording */
  constructor(id) {
    this.key = `diffecg-marks-${id}`;
    const stored = sessionStorage.getItem(this.key);
    /** @type {State[]} */
    this.states = [{ marked: [], ticks: {} }, ...(stored ? [JSON.parse(stored)] : [])];
    this.position = this.states.length - 1;
  }

  get now() { return this.states[this.position]; }
  get hasPast() { return this.position > 0; }
  get hasFuture() { return this.position < this.states.length - 1; }

  /** @param {State} state that follows the present one */
  change(state) {
    this.states = [...this.states.slice(0, this.position + 1), state].slice(-MOST_STATES);
    this.move(this.states.length - 1 - this.position);
  }

  /** @param {number} steps back if negative */
  move(steps) {
    this.position += steps;
    sessionStorage.setItem(this.key, JSON.stringify(this.now));
  }
}
