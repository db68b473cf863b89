// Spec 40 §7.5: the version of the calculation, kept with every bill.

/** Raised whenever the same facts can give another bill than before: then `verify` says who calculated. */
export const ENGINE_VERSION = '3';
