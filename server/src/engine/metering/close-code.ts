// Spec 20 §7.7: when two account codes match closely.

/**
 * The form in which closely matching account codes are equal: trimmed and with letter case folded (`Straße`
 * and `STRASSE` fold alike). Every character is folded by itself, so that the final sigma equals the
 * others.
 */
export function closeCode(code: string): string {
  return Array.from(code.trim(), (character) => character.toUpperCase().toLowerCase()).join('');
}
