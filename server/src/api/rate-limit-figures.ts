import { isDecimal } from '../kernel/decimal.ts';
import type { JsonValue } from '../kernel/json.ts';
import { StartError } from '../kernel/start-error.ts';

/** What one API bears; 0 stands for no limit. */
export type Figures = {
  /** Requests of one source address in any five minutes. */
  readonly perIp: number;
  /** Requests of one organization in a second, from all addresses. */
  readonly perOrg: number;
  /** How many requests can be saved up; without it, `perOrg` is a fixed count per clock second. */
  readonly burst: number;
};

export type LimitedApi = 'config' | 'ingest' | 'dataexplorer' | 'usageQuery';
export type RateLimitFigures = { readonly [api in LimitedApi]: Figures };

/** The table of spec 10 §10. */
const PUBLISHED: RateLimitFigures = {
  config: { perIp: 20_000, perOrg: 50, burst: 0 },
  ingest: { perIp: 5_000, perOrg: 50, burst: 0 },
  dataexplorer: { perIp: 0, perOrg: 1, burst: 10 },
  usageQuery: { perIp: 0, perOrg: 2, burst: 20 },
};

const APIS = Object.keys(PUBLISHED) as LimitedApi[];
const PARTS = ['perIp', 'perOrg', 'burst'] as const;
const UNLIMITED: Figures = { perIp: 0, perOrg: 0, burst: 0 };
const MAX_FIGURE = 1_000_000_000;

type Setting = 'off' | 'published' | { readonly [key: string]: JsonValue };

/**
 * The figures that METERBOOK_RATE_LIMITS asks for, null when nothing is limited. Own figures are an object
 * such as `{"config":{"perIp":1000,"perOrg":100,"burst":300},"ingest":0}`: what it leaves out keeps the
 * published figure, a plain number is `perOrg` without burst, and 0 turns that API's limits off. Throws
 * `StartError` for anything else.
 */
export function rateLimitFigures(setting: Setting): RateLimitFigures | null {
  if (setting === 'off') return null;
  if (setting === 'published') return PUBLISHED;
  const unknown = Object.keys(setting).find((name) => !(APIS as string[]).includes(name));
  if (unknown !== undefined) throw refused(`has "${unknown}" beside ${APIS.join(', ')}`);
  const entries = APIS.map((api) => [api, figuresOf(api, setting[api])] as const);
  return Object.fromEntries(entries) as RateLimitFigures;
}

function figuresOf(api: LimitedApi, own: JsonValue | undefined): Figures {
  if (own === undefined) return PUBLISHED[api];
  if (isDecimal(own)) {
    const perOrg = figureOf(api, own);
    return perOrg === 0 ? UNLIMITED : { ...PUBLISHED[api], perOrg, burst: 0 };
  }
  if (typeof own !== 'object' || own === null || Array.isArray(own)) {
    throw refused(`must have a number or an object for ${api}`);
  }
  const given = own as { readonly [part: string]: JsonValue };
  const unknown = Object.keys(given).find((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown !== undefined) throw refused(`has "${unknown}" for ${api} beside ${PARTS.join(', ')}`);
  const figures = Object.entries(given).map(([part, value]) => [part, figureOf(`${api}.${part}`, value)]);
  return { ...PUBLISHED[api], ...Object.fromEntries(figures) };
}

function figureOf(place: string, value: JsonValue): number {
  if (isDecimal(value) && value.isInteger() && value.gte(0) && value.lte(MAX_FIGURE)) return value.toNumber();
  throw refused(`must have a whole number of 0 or more for ${place}`);
}

function refused(reason: string): StartError {
  return new StartError(`METERBOOK_RATE_LIMITS ${reason}`);
}
