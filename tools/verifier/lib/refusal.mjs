/** Why something is not accepted: where it stands, what is wrong, and the code of SPEC "Rejection codes" where there is one. */
export class Refusal extends Error {
  constructor(where, what, code = null) {
    super(where ? `${where}: ${what}` : what);
    this.name = 'Refusal';
    this.where = where;
    this.what = what;
    this.code = code;
  }

  /** The same refusal, seen from one level further out. */
  within(place) {
    const outer = new Refusal(this.where ? `${place}, ${this.where}` : place, this.what, this.code);
    return Object.assign(outer, { rule: this.rule, field: this.field, offset: this.offset });
  }
}

/** Throws unless a condition holds. `what` may be a function, so that no sentence is built for nothing. */
export function require(condition, where, what, code) {
  if (!condition) throw new Refusal(where, typeof what === 'function' ? what() : what, code);
}

/** Runs a step; a refusal in it names the place. */
export function at(place, step) {
  try {
    return step();
  } catch (e) {
    throw e instanceof Refusal ? e.within(place) : e;
  }
}
