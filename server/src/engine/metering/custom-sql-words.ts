// Spec 20 §11.6: what a custom SQL query may be made of.

/** Words of the language itself, written out as they are. */
export const SQL_KEYWORDS: ReadonlySet<string> = words(`
  select distinct from where group by having order asc desc limit offset with as and or not in is null
  between like ilike case when then else end union all join inner left right full outer cross on using over
  partition rows range unbounded preceding following current row interval cast true false nulls exists
  filter`);

/** What begins something other than a plain query; as names they have to be quoted. */
export const FORBIDDEN_WORDS: ReadonlySet<string> = words(`
  into outfile format settings insert update delete create alter drop truncate rename attach detach grant
  revoke set use show describe explain optimize system kill exchange recursive prewhere final sample array
  global any
  asof semi anti window qualify except intersect view table database dictionary function`);

/** Units behind an interval's number, and in `extract`. */
export const INTERVAL_UNITS: ReadonlySet<string> = words('second minute hour day week month quarter year');

/** Types of `cast` and `::`. */
export const SQL_TYPES: ReadonlyMap<string, string> = named(`
  Int8 Int16 Int32 Int64 Int128 Int256 UInt8 UInt16 UInt32 UInt64 Decimal Numeric Integer BigInt String Text
  VarChar Date DateTime DateTime64 Timestamp Boolean`);

/**
 * Types where no size follows: ClickHouse takes a decimal without one as 10 digits and no places, an integer
 * as one of 32 bits that begins again when it is full, and a timestamp as whole seconds in the zone of its
 * server. A field has 34 places.
 */
export const BARE_SQL_TYPES: ReadonlyMap<string, string> = new Map([
  ['decimal', 'Decimal(76, 34)'],
  ['numeric', 'Decimal(76, 34)'],
  ['integer', 'Int64'],
  ['timestamp', "DateTime64(3, 'UTC')"],
]);

/**
 * Functions by their name in lower case. None reads or writes anything but its arguments, waits, or answers
 * differently the next time; none turns an exact number into a float, as `custom-sql-calls.ts` writes them.
 */
export const SQL_FUNCTIONS: ReadonlyMap<string, string> = named(`
  count sum min max avg uniqExact argMin argMax countIf sumIf minIf maxIf groupBitAnd groupBitOr
  quantileExact quantileExactLow quantileExactHigh first_value last_value row_number rank dense_rank ntile
  lagInFrame leadInFrame lag lead nth_value
  abs sign sqrt power floor ceil ceiling round trunc mod intDiv greatest least coalesce ifNull nullIf if
  multiIf multiplyDecimal divideDecimal
  length char_length lower upper trim ltrim rtrim substring concat position replace startsWith endsWith
  left right
  date_trunc date_diff dateDiff toDate toDateTime toYear toQuarter toMonth toWeek toDayOfYear toDayOfMonth
  toDayOfWeek toHour toMinute toSecond toStartOfYear toStartOfQuarter toStartOfMonth toStartOfDay
  toStartOfHour toStartOfMinute toMonday toUnixTimestamp toUnixTimestamp64Milli addDays addHours addMonths
  subtractDays subtractHours subtractMonths
  toString toInt64 toUInt64 toInt256 toDecimal128 toDecimal256`);

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

function named(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .trim()
      .split(/\s+/)
      .map((name) => [name.toLowerCase(), name]),
  );
}
