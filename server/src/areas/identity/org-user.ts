import { sql } from 'kysely';
import { dateTime, email, flag, list, optional, reference, text, withDefault } from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { administratorMustRemain, isActive } from './last-administrator.ts';
import { permissionStatements } from './permission-statement.ts';

/**
 * A person in an organization; the same person has the same id in each (spec 10 §14). Name and address
 * belong to the person, statements and the end of access to the organization.
 */
export const orgUser = defineResource({
  name: 'OrgUser',
  path: 'users',
  summary: 'a user',
  table: 'org_user',
  permission: 'config:user',
  event: null,
  maxPageSize: 200,
  fields: {
    permissionPolicy: withDefault(permissionStatements({ min: 0 }), []),
    dtEndAccess: optional(dateTime()),
  },
  computed: {
    email: { schema: email(), sql: sql`select email from person where person.id = org_user.id` },
    firstName: {
      schema: optional(text({ max: 100 })),
      sql: sql`select first_name from person where person.id = org_user.id`,
    },
    lastName: {
      schema: optional(text({ max: 100 })),
      sql: sql`select last_name from person where person.id = org_user.id`,
    },
    contactNumber: {
      schema: optional(text({ max: 50 })),
      sql: sql`select contact_number from person where person.id = org_user.id`,
    },
    supportUser: {
      schema: flag(),
      sql: sql`select support_user from person where person.id = org_user.id`,
    },
    // Nobody is asked to accept terms here.
    firstAcceptedTermsAndConditions: { schema: optional(dateTime()), sql: sql`null` },
    lastAcceptedTermsAndConditions: { schema: optional(dateTime()), sql: sql`null` },
    // Where else somebody is a user is nobody's business here; see `GET users/me`.
    organizations: { schema: list(reference('Organization')), sql: sql`jsonb_build_array(org_user.org_id)` },
  },
  filters: { ids: anyId('id') },
  example: {},
  except: ['create', 'delete'],
  check: async ({ tx, orgId, now }, next, before) => {
    const isEnded = before !== null && isActive(before, now) && !isActive(next, now);
    if (isEnded) await administratorMustRemain(tx, { orgId, now, userId: next.id });
  },
});
