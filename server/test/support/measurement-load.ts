import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type ApiClient, allPages, type Json } from '../../src/demo/api-client.ts';
import { newId } from '../../src/kernel/ids.ts';

/** Measurements that are stored, of each request; one more is refused by enrichment. */
export const STORED_PER_BODY = 25;

/** Bodies by what was said to them. `wrong` is every answer that is neither 200 nor 5xx. */
export type Tally = {
  readonly accepted: string[];
  readonly refused: string[];
  readonly unanswered: string[];
  readonly wrong: string[];
};

export function emptyTally(): Tally {
  return { accepted: [], refused: [], unanswered: [], wrong: [] };
}

/** The meter of the load. */
export async function loadMeter(client: ApiClient): Promise<unknown> {
  const meter = await client.request('POST', '/meters', {
    name: 'Calls',
    code: 'calls',
    dataFields: [
      { category: 'MEASURE', code: 'qty', name: 'Quantity', unit: 'call' },
      { category: 'METADATA', code: 'id', name: 'Id' },
    ],
    derivedFields: [],
  });
  return meter['id'];
}

let serial = 0;

/** A request with uids of its own; they also stand in a field, so that they can be counted. */
export function freshBody(): string {
  serial += 1;
  const uids = Array.from({ length: STORED_PER_BODY }, (_, index) => `${serial} ${index}`);
  const stored = uids.map((uid, index) => ({
    ...{ uid, meter: 'calls', account: `account ${serial % 7}`, metadata: { id: uid } },
    // Some years, which ClickHouse stores apart.
    ...{ ts: `${2020 + (index % 4)}-03-05T10:00:00Z`, measure: { qty: 1 } },
  }));
  const refused = { uid: `${serial} refused`, meter: 'none', account: 'account', ts: '2024-03-05T10:00:00Z' };
  return JSON.stringify({ measurements: [...stored, refused] });
}

const CLIENTS = 4;
const ANSWER_TIMEOUT_MS = 60_000;
const REFUSED_PAUSE_MS = 50;

/**
 * Several senders that submit fresh measurements until they are stopped and note each answer. With several
 * servers each body goes to all of them at once, and counts as accepted when one of them accepted it.
 */
export function startLoad(servers: readonly ApiClient[], tally: Tally): { stop(): Promise<void> } {
  let stopped = false;
  const senders = Array.from({ length: CLIENTS }, async () => {
    while (!stopped) {
      const body = freshBody();
      const statuses = await Promise.all(servers.map((server) => statusOf(server, body)));
      const pile = pileOf(statuses);
      tally[pile].push(body);
      if (pile !== 'accepted') await sleep(REFUSED_PAUSE_MS);
    }
  });
  return {
    async stop() {
      stopped = true;
      await Promise.all(senders);
    },
  };
}

/** The status of the answer; 0 when there was none. */
async function statusOf({ access, authorization }: ApiClient, body: string): Promise<number> {
  try {
    const answer = await fetch(`${access.baseUrl}/organizations/${access.orgId}/measurements`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    await answer.text();
    return answer.status;
  } catch {
    return 0;
  }
}

function pileOf(statuses: readonly number[]): keyof Tally {
  if (statuses.some((status) => status > 0 && status < 500 && status !== 200)) return 'wrong';
  if (statuses.includes(200)) return 'accepted';
  return statuses.includes(0) ? 'unanswered' : 'refused';
}

export type Counted = { readonly count: number; readonly unique: number };

/** How many measurements of the load are stored, and how many different ones. */
export async function counted(client: ApiClient, meterId: unknown): Promise<Counted> {
  const of = (fieldCode: string, fieldType: string, name: string) => ({
    ...{ meterId, fieldCode, fieldType, function: name },
  });
  const answer = await client.request('POST', '/usage/query', {
    startDate: '2020-01-01T00:00:00Z',
    endDate: '2030-01-01T00:00:00Z',
    aggregations: [of('qty', 'MEASURE', 'COUNT'), of('id', 'DIMENSION', 'UNIQUE')],
  });
  const [row = {}] = answer['data'] as Json[];
  const numberAt = (name: string) => Number.parseInt(String(row[name]), 10);
  return { count: numberAt('calls.qty.COUNT'), unique: numberAt('calls.id.UNIQUE') };
}

const PATIENCE = { timeout: 60_000, interval: 100 };

/**
 * Waits until all that was accepted is stored; then nothing is stored twice, and nothing that was not sent.
 */
export async function expectStoredOnce(client: ApiClient, meterId: unknown, tally: Tally): Promise<void> {
  expect(tally.wrong, 'answers that are neither 200 nor 5xx').toEqual([]);
  const minimum = tally.accepted.length * STORED_PER_BODY;
  const missing = async () => {
    try {
      const { count } = await counted(client, meterId);
      return count < minimum ? `${minimum - count} of ${minimum}` : 'nothing';
    } catch (error) {
      return String(error);
    }
  };
  await expect.poll(missing, PATIENCE).toBe('nothing');
  const { count, unique } = await counted(client, meterId);
  expect(unique, 'no uid twice').toBe(count);
  const unsure = tally.refused.length + tally.unanswered.length;
  expect(count, 'nothing that was never sent').toBeLessThanOrEqual(minimum + unsure * STORED_PER_BODY);
}

/** Sent again, what was refused or had no answer is stored at last, and the rest changes nothing. */
export async function expectSameWhenSentAgain(
  client: ApiClient,
  meterId: unknown,
  tally: Tally,
): Promise<void> {
  const bodies = [...tally.accepted, ...tally.refused, ...tally.unanswered];
  const all = bodies.length * STORED_PER_BODY;
  const rest = [...bodies];
  const send = async () => {
    for (let body = rest.pop(); body !== undefined; body = rest.pop())
      await client.send('/measurements', body);
  };
  await Promise.all(Array.from({ length: CLIENTS }, send));
  await settled(client);
  await expect.poll(() => counted(client, meterId), PATIENCE).toEqual({ count: all, unique: all });
}

/** Sends a measurement of an earlier time and waits for it: what was accepted before is dealt with then. */
export async function settled(client: ApiClient): Promise<void> {
  const uid = newId();
  const last = { uid, meter: 'calls', account: 'last', ts: '2019-01-01T00:00:00Z' };
  const fields = { measure: { qty: 1 }, metadata: { id: uid } };
  await client.request('POST', '/measurements', { measurements: [{ ...last, ...fields }] });
  const query = { startDate: '2019-01-01T00:00:00Z', endDate: '2019-01-02T00:00:00Z' };
  const found = async () => (await client.request('POST', '/usage/query', query))['data'] as Json[];
  await expect.poll(async () => (await found()).map((row) => row['uid']), PATIENCE).toContain(uid);
}

/** Each accepted body raises one event for its refused measurement, and nothing else is refused. */
export async function expectOneEventEach(client: ApiClient, tally: Tally): Promise<void> {
  const wanted = tally.accepted.map((body) => `UndefinedMeter ${JSON.parse(body).measurements.at(-1).uid}`);
  const wrong = async () => {
    const counts = await refusals(client);
    const others = [...counts.keys()].filter((refusal) => !refusal.startsWith('UndefinedMeter'));
    return [...others, ...wanted.filter((refusal) => counts.get(refusal) !== 1)];
  };
  await expect.poll(wrong, { timeout: 60_000, interval: 500 }).toEqual([]);
}

async function refusals(client: ApiClient): Promise<Map<string, number>> {
  const events = await allPages(client, '/events?eventName=ingest.validation.failure&pageSize=100');
  const counts = new Map<string, number>();
  for (const event of events) {
    const { eventData } = event['m3terEvent'] as { readonly eventData: Json };
    const refusal = `${eventData['type']} ${eventData['uid']}`;
    counts.set(refusal, (counts.get(refusal) ?? 0) + 1);
  }
  return counts;
}
