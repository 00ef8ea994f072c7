/** What was seen of answers, for tests of advice. Only tests import this file. */
import type { Look } from '../answer-stats.js';

/** At an answer of JSON, 1,000 bytes long, that the upstream gave after 10 ms and did not say how long to keep. */
export const makeLook = (overrides: Partial<Look> = {}): Look => ({
  ...{
    weight: 1,
    atMs: 0,
    url: 1,
    method: 'GET',
    status: 200,
    isPersonal: false,
    isSaid: false,
    digest: 7,
    bytes: 1_000,
  },
  ...{ waitMs: 10, wasAsked: true, isCodable: false, isJson: true, isSelected: false },
  ...overrides,
});
