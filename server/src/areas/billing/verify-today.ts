import { createHash } from 'node:crypto';
import type { Context } from '../../context.ts';
import type { UsageAnswer, UsageQuery } from '../../engine/metering/usage-query.ts';
import { writeExact } from '../../kernel/exact-json.ts';
import { aggregateUsage } from '../usage/index.ts';
import { factParts, type KeptFacts } from './bill-fact-parts.ts';
import type { BillManifest } from './bill-manifest.ts';
import { loadBillFacts } from './load-bill-facts.ts';
import { loadOrganization } from './load-organization.ts';

/** One question about measurements, as it was answered then and would be today. */
export type AnsweredQuestion = {
  readonly query: UsageQuery;
  readonly digest: string;
  readonly digestToday: string;
};

export type Today = {
  /** Whether configuration, catalog, account and attachments are what they were. */
  readonly catalogSame: boolean;
  readonly accountSame: boolean;
  readonly questions: readonly AnsweredQuestion[];
};

type Kept = KeptFacts & { readonly manifest: BillManifest };

/** Asks today's stores what the calculation was told then. */
export async function today(
  ctx: Context,
  orgId: string,
  { kept, queries }: { readonly kept: Kept; readonly queries: readonly UsageQuery[] },
): Promise<Today> {
  const { facts, answers, manifest } = kept;
  const unitId = facts.accounts.find((account) => account.parentAccountId === null)?.id ?? '';
  const [unit] = await loadBillFacts(ctx.db, {
    organization: await loadOrganization(ctx.db, orgId),
    unitIds: [unitId],
    target: facts.target,
    now: facts.target.now,
    lockBalances: false,
  });
  const parts = unit ? factParts({ facts: unit.facts, answers: new Map() }, new Map()) : null;
  const answersToday = await aggregateUsage(ctx, orgId, queries);
  return {
    catalogSame: parts?.catalog.digest === manifest.catalogDigest,
    accountSame: parts?.unit.digest === manifest.unitDigest,
    questions: queries.map((query) => ({
      query,
      digest: answerDigest(answers.get(query.key)),
      digestToday: answerDigest(answersToday.get(query.key)),
    })),
  };
}

/** Names an answer whatever the order of its segments. */
export function answerDigest(answer: UsageAnswer = []): string {
  const entries = answer.map(({ segment, value }) => writeExact([segment, value])).sort();
  return createHash('sha256').update(entries.join()).digest('base64url');
}
