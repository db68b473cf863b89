import { Temporal } from '../../src/kernel/time.ts';
import { gridDate, isLater, nextCell } from './calendar.ts';
import { type Chance, chanceOf } from './chance.ts';
import { rowsOf, storyOf } from './given.ts';
import { membersOf } from './member.ts';
import type { Organization } from './organization.ts';
import { creditLines } from './random-credit.ts';
import { amount, groupLines, METRICS, metricLines, type PlanChoice, planLines } from './random-plans.ts';
import { organizationOf } from './read-organization.ts';

/** What kinds of things a random organization has. */
export type Kinds = {
  readonly credit: boolean;
  readonly hierarchy: boolean;
  /** Whether things change before the last job is run again. */
  readonly changes?: boolean;
  /** Whether bills go on by another calendar after a change of epoch or frequency. */
  readonly switches?: boolean;
};

/** A whole organization with its usage and its bill jobs, as text; the same text for the same seed. */
export function randomOrganization(
  seed: number,
  { credit, hierarchy, changes = false, switches = false }: Kinds,
): string {
  const chance = chanceOf(seed);
  const plans = planChoices(chance, credit);
  const lines = [
    orgLine(chance, credit),
    ...currencyLines(chance),
    'product core',
    'product extra',
    ...accountLines(chance, hierarchy),
    ...metricLines(),
    'counter seats unit=seat',
    ...plans.flatMap((plan) => planLines(chance, plan)).filter((line) => !hierarchy || isForBlocks(line)),
    ...groupLines(chance).filter((line) => !hierarchy || isForBlocks(line)),
    ...contractLines(chance, credit),
    ...attachLines(chance, plans, hierarchy),
    ...adjustmentLines(chance),
    ...useLines(chance, hierarchy),
    ...(credit ? creditLines(chance, plans, hierarchy) : []),
  ];
  const jobs = jobLines(chance, lines);
  const story = [...lines, ...jobs, ...(changes ? changeLines(chance, jobs) : [])];
  return (switches ? switched(chance, story, jobs) : story).join('\n');
}

/** In a block of accounts credits and averages have no share that the specification describes. */
function isForBlocks(line: string): boolean {
  return !/type=\w+_CREDIT|metric=(?:mean|gauge)|overage=/.test(line);
}

function orgLine(chance: Chance, credit: boolean): string {
  const zone = chance.pick(['UTC', 'Europe/London', 'America/New_York', 'Asia/Kolkata']);
  const month = chance.pick(['2022-01-01', '2022-01-01', '2022-01-31', '2021-12-15']);
  const advance = ['standing', 'minimum', 'fee'].map((name) => `${name}.advance=${chance.oneIn(2)}`);
  const consolidate = credit || chance.oneIn(2);
  const order = chance.pick(['PREPAYMENT,BALANCE', 'BALANCE,PREPAYMENT', 'BALANCE', 'PREPAYMENT']);
  return `org timezone=${zone} month=${month} ${advance.join(' ')} consolidate=${consolidate} order=${order}`;
}

function currencyLines(chance: Chance): readonly string[] {
  const rounding = chance.pick(['HALF_UP', 'HALF_EVEN', 'DOWN', 'UP', 'FLOOR', 'CEILING', 'HALF_DOWN']);
  return [
    `currency USD places=2 rounding=${chance.pick(['HALF_UP', 'HALF_UP', rounding])}`,
    `currency EUR places=${chance.pick([2, 2, 3])} rounding=${rounding}`,
    'currency JPY places=0 rounding=HALF_UP',
    'rate EUR>USD by=1.0837',
    'rate JPY>USD by=0.0067',
  ];
}

function accountLines(chance: Chance, hierarchy: boolean): readonly string[] {
  const epoch = chance.oneIn(4) ? ` epoch=2024-0${chance.int(1, 3)}-${chance.pick(['10', '28', '31'])}` : '';
  const first = `account acme${epoch.replace('02-31', '02-29')}`;
  if (hierarchy) return [first, 'account kid1 parent=acme', 'account kid2 parent=acme', 'account lone'];
  return [first, 'account lone'];
}

function planChoices(chance: Chance, credit: boolean): readonly PlanChoice[] {
  const currency = () => chance.pick(['USD', 'USD', 'EUR', credit ? 'USD' : 'JPY']);
  const every = () => chance.pick(['MONTHLY', 'MONTHLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'ANNUALLY']);
  return [
    { id: 'pro', product: 'core', currency: currency(), every: every() },
    { id: 'plus', product: 'extra', currency: currency(), every: every() },
    { id: 'next', product: 'core', currency: currency(), every: 'MONTHLY' },
  ];
}

/** One contract: with credit without a key, since two bills of a day would share one credit in some order. */
function contractLines(chance: Chance, credit: boolean): readonly string[] {
  const key = credit || chance.oneIn(2) ? '' : ` key=k exclusive=${chance.oneIn(2)}`;
  return [`contract deal account=acme from=2024-01-20 to=2024-05-20 limits=${chance.oneIn(2)}${key}`];
}

/** Late usage and another price before the last job is run once more. */
function changeLines(chance: Chance, jobs: readonly string[]): readonly string[] {
  const plan = chance.pick(['pro', 'plus']);
  const late = useLines(chance, false).slice(0, 5);
  const terms = `standing=${amount(chance, 80)} minimum=${amount(chance, 150)}`;
  return [...late, `change plan:${plan} ${terms}`, ...jobs.slice(-1)];
}

/** Tiers that span a plan would go by the periods of both calendars. */
function switched(chance: Chance, story: readonly string[], jobs: readonly string[]): readonly string[] {
  const lines = story.map((line) => line.replace(' span=true', ''));
  const every = chance.pick(['WEEKLY interval=2', 'MONTHLY interval=1', 'MONTHLY interval=3']);
  const epoch = `2024-0${chance.int(2, 5)}-${chance.pick(['05', '20', '29'])}`;
  const plan = chance.pick(['pro', 'plus', 'left', 'right']);
  const attachment = chance.pick(['first', 'lone-one']);
  const changes = [`change plan:${plan} every=${every}`, `change attach:${attachment} epoch=${epoch}`];
  const change = chance.pick(changes);
  const last = jobs.at(-1) ?? '';
  const rows = storyOf([...lines, change, last].join('\n')).at(-1)?.rows ?? [];
  const later = [...billDates(organizationOf(rows))]
    .map((date) => `bill ${date}`)
    .filter((job) => job > last)
    .sort();
  return [...lines, change, ...later.slice(0, 3)];
}

const START_DAYS = ['01', '01', '11', '15', '31'];

function attachLines(chance: Chance, plans: readonly PlanChoice[], hierarchy: boolean): readonly string[] {
  const start = () => `2024-01-${chance.pick(START_DAYS)}`;
  const mode = () => chance.pick(['PARENT_BREAKDOWN', 'PARENT_SUMMARY', 'CHILD']);
  const epoch = chance.oneIn(4) ? ` epoch=2024-0${chance.int(2, 3)}-${chance.pick(['05', '20', '29'])}` : '';
  const change = `2024-0${chance.int(2, 4)}-${chance.pick(['12', '01', '20T12:00'])}`;
  const isReplaced = chance.oneIn(3);
  const contract = chance.oneIn(3) ? ' contract=deal' : '';
  const of = plans[0]?.id ?? 'pro';
  const lines = [
    `attach first account=acme plan=${of} from=${start()}${epoch}${isReplaced ? ` to=${change}` : ''}`,
    ...(isReplaced ? [`attach second account=acme plan=next from=${change}`] : []),
    ...(chance.oneIn(2) ? [`attach third account=acme plan=plus from=${start()}${contract}`] : []),
    `attach lone-one account=lone ${chance.pick(['plan=pro', 'plan=plus', 'group=bundle'])} from=${start()}`,
  ];
  if (!hierarchy) return lines;
  const until = chance.oneIn(2)
    ? ` to=2024-0${chance.int(2, 4)}-${chance.pick(['01', '17', '20T12:00'])}`
    : '';
  const ofKid = chance.oneIn(2) ? [`attach kid-one account=kid1 plan=plus from=${start()}${until}`] : [];
  return [...lines, ...ofKid].map((line) => `${line} mode=${mode()}`);
}

function adjustmentLines(chance: Chance): readonly string[] {
  const days = new Set(Array.from({ length: chance.int(0, 6) }, () => randomDay(chance)));
  return [...days].map((day) => `adjust ${day} account=acme counter=seats value=${chance.int(0, 40)}`);
}

function randomDay(chance: Chance): string {
  const month = chance.int(1, 6);
  const day = chance.pick([1, 2, 10, 11, 15, 20, 28]);
  return `2024-0${month}-${String(day).padStart(2, '0')}`;
}

function useLines(chance: Chance, hierarchy: boolean): readonly string[] {
  const accounts = hierarchy ? ['acme', 'kid1', 'kid2', 'lone'] : ['acme', 'lone'];
  return Array.from({ length: chance.int(20, 60) }, () => {
    const metric = chance.oneIn(4) ? 'traffic' : chance.pick(METRICS);
    const time = chance.pick(['', '', 'T00:00', 'T09:15', 'T23:59:59']);
    const most = chance.pick([0, 120, 120, 120, 120, 120]);
    const value = chance.oneIn(5) ? amount(chance, 200) : String(chance.int(0, most));
    const where = metric === 'traffic' ? whereText(chance) : '';
    const account = chance.pick(accounts);
    return `use ${randomDay(chance)}${time} account=${account} metric=${metric} value=${value}${where}`;
  });
}

function whereText(chance: Chance): string {
  return ` region=${chance.pick(['eu', 'us'])} tier=${chance.pick(['gold', 'tin'])}`;
}

/** Jobs for the bill dates of all plans from the first on, at most nine. */
function jobLines(chance: Chance, lines: readonly string[]): readonly string[] {
  const organization = organizationOf(rowsOf(lines.join('\n')));
  const dates = [...billDates(organization)].sort();
  const last = chance.int(3, 9);
  return dates.slice(0, last).map((date) => `bill ${date}`);
}

function billDates(organization: Organization): ReadonlySet<string> {
  const accounts = organization.accounts.map((account) => account.id);
  const until = Temporal.PlainDate.from('2024-07-15');
  const dates = new Set<string>();
  for (const { grid, attachment } of membersOf(organization, accounts)) {
    const started = attachment.from.toZonedDateTimeISO(organization.zone).toPlainDate();
    let k = Math.max(0, nextCell(grid, started.subtract({ days: 1 })));
    for (let date = gridDate(grid, k); !isLater(date, until); date = gridDate(grid, k)) {
      dates.add(date.toString());
      k += 1;
    }
  }
  return dates;
}
