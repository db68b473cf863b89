import { afterAll, beforeAll, expect, test } from 'vitest';
import { billsText } from '../oracle/bill-text.ts';
import { storyOf } from '../oracle/given.ts';
import { organizationOf } from '../oracle/read-organization.ts';
import { serverBills, textBill } from '../oracle/server-bills.ts';
import { createOrganization } from '../oracle/server-organization.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
let server: TestServer;
beforeAll(async () => { server = await startTestServer(); await server.moveTo('2024-08-01T00:00:00Z'); }, 60_000);
afterAll(() => server.close());
test.each([0, 1, 2])('x %i', async (i) => {
  const g = `
metric traffic method=SUM unit=gb fields=region,tier segments=eu/gold,eu/*,*/gold,*/*
plan pro
price d plan=pro metric=traffic segment=*/* bands=0:0:1
price e plan=pro metric=traffic segment=eu/* bands=0:0:1
attach ap from=2024-01-01
use 2024-01-10T09:15 metric=traffic value=39 tier=tin
${i > 0 ? 'use 2024-01-11T09:15 metric=traffic value=5 region=us' : ''}
${i > 1 ? 'use 2024-01-11T09:15 metric=traffic value=7' : ''}
bill 2024-02-01`;
  const steps = storyOf(g);
  const world = await createOrganization(server, organizationOf(steps[0]!.rows), `p${i}-`);
  const bills = await serverBills(world, steps[0]!);
  console.log(billsText(bills.map((b) => textBill(world, b)), 'UTC'));
  expect(1).toBe(1);
});
