import type { Instant } from '../../src/kernel/time.ts';
import type { Made } from '../support/configured.ts';
import type { TestServer } from '../support/stores.ts';
import type { Band, Organization } from './organization.ts';

/** An organization on a server: what was made of its parts, by kind and name. */
export type Names = {
  readonly server: TestServer;
  readonly organization: Organization;
  /** What all its codes begin with. */
  readonly prefix: string;
  readonly names: ReadonlyMap<string, Made>;
  make(name: string, path: string, body: object): Promise<void>;
  id(name: string): string | undefined;
};

export function moment(instant: Instant): string {
  return instant.toString();
}

export function bandsBody(bands: readonly Band[]) {
  return bands.map(({ lower, fixed, unit }) => ({
    lowerLimit: Number(lower),
    fixedPrice: Number(fixed),
    unitPrice: Number(unit),
  }));
}
