/** The rules that make lines, in words, by the number that a line's reason names. */
const RULES: Readonly<Record<string, string>> = {
  '30 §7':
    'What was measured in the window is divided, rounded to units and priced by the bands of the pricing.',
  '30 §10': 'A credit priced like usage, at most what the lines that it applies to come to.',
  '30 §12':
    'What is missing to the minimum spend, or the minimum itself in advance and what is given back of it.',
  '30 §13': 'A fixed charge for the period, in proportion to the days when only a part of it is served.',
  '30 §15':
    'Counter units at the end of the day before, or their change within the period, priced by the bands.',
  '40 §12': 'A credit or a debit that somebody put on the bill.',
  '50 §4': 'An instalment of a prepayment.',
  '50 §8': 'A charge that somebody or a schedule made for the account.',
  '50 §6': 'What a prepayment or a balance paid of the lines of this bill.',
  '50 §6.7': 'Usage beyond what prepayments and balances paid for, at overage prices or with the surcharge.',
};

/** The rule of a line as the API shows it; an unknown one says at least what kind of line it is. */
export function ruleInWords(
  rule: string,
  lineItemType: string,
): { readonly id: string; readonly text: string } {
  const [section = rule] = rule.split('.');
  const text = RULES[rule] ?? RULES[section] ?? `A ${lineItemType} line by rule ${rule}.`;
  return { id: rule, text };
}
