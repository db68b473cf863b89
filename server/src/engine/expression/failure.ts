// Spec 20 §5.6: how parsing and evaluation stop inside this folder. Callers outside get error values.

/** The text is no calculation. */
export class SyntaxFailureError extends Error {
  readonly position: number;

  constructor(position: number, what: string) {
    super(what);
    this.name = 'SyntaxFailureError';
    this.position = position;
  }
}

/** A value on which an operation cannot work. */
export class EvaluationFailureError extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'EvaluationFailureError';
  }
}

export function failEvaluation(what: string): never {
  throw new EvaluationFailureError(what);
}
