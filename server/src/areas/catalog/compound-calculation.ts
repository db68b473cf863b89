import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import { checkExpression } from '../../engine/expression/check.ts';
import { parseExpression } from '../../engine/expression/parse.ts';
import type { Expression, ExpressionError } from '../../engine/expression/syntax.ts';
import { aggregationCodesOf, compoundScope } from '../../engine/metering/compound-names.ts';
import { type ApiError, refusal } from '../../kernel/errors.ts';
import { customFieldDefaults } from '../organization/index.ts';

/** Codes of the aggregations that a calculation names. Throws VALIDATION_FAILED when it cannot be read. */
export function namedAggregations(calculation: string): string[] {
  return [...aggregationCodesOf(parsed(calculation))];
}

type StoredCompound = { readonly calculation: string; readonly aggregationCodes: readonly string[] | null };

/**
 * Refuses a calculation that names an aggregation or custom field that does not exist (spec 20 §5.5, §5.6).
 */
export async function refuseUnknownNames(scope: CheckScope, compound: StoredCompound): Promise<void> {
  const codes = [...(compound.aggregationCodes ?? [])];
  // Locked, so that none of them can be deleted or renamed before this is committed.
  const { rows } = await sql<{ code: string }>`select code from aggregation
    where org_id = ${scope.orgId} and code = any(${codes}::text[]) order by id for share`.execute(scope.tx);
  const names = compoundScope(
    new Set(rows.map(({ code }) => code)),
    await customFieldDefaults(scope.tx, scope.orgId),
  );
  const error = checkExpression(parsed(compound.calculation), names);
  if (error) throw refusedCalculation(error);
}

function parsed(calculation: string): Expression {
  const result = parseExpression(calculation);
  if (result.kind === 'error') throw refusedCalculation(result);
  return result.root;
}

function refusedCalculation({ message }: ExpressionError): ApiError {
  return refusal('VALIDATION_FAILED', 'calculation', `is not valid: ${message}`);
}
