import { describe, expect, it } from 'vitest';
import type { Case } from './testing/cases.js';
import { freshness } from './testing/conformance/freshness.js';
import { parts } from './testing/conformance/parts.js';
import { selecting } from './testing/conformance/selecting.js';
import { staleness } from './testing/conformance/staleness.js';
import { storing } from './testing/conformance/storing.js';
import { validating } from './testing/conformance/validating.js';
import { LayerCache } from './testing/layer-case.js';
import { runCase } from './testing/run-case.js';

const tables = { storing, freshness, selecting, validating, parts, staleness };

describe.each(Object.entries(tables))('conformance of %s', (_table, cases) => {
  it.each(cases.map((row): [string, string, Case] => [row[0], row[1], row]))('%s: %s', (_rfc, _claim, row) => {
    const outcomes = runCase(row);
    expect(outcomes.map(({ seen }) => seen)).toEqual(outcomes.map(({ stated }) => stated));
  });

  it.each(cases.map((row): [string, string, Case] => [row[0], row[1], row]))(
    '%s, through the layer: %s',
    (_rfc, _claim, row) => {
      const outcomes = runCase(row, (spec, wallStartMs) => new LayerCache(spec, wallStartMs));
      expect(outcomes.map(({ seen }) => seen)).toEqual(outcomes.map(({ stated }) => stated));
    },
  );
});

describe('the tables', () => {
  const all = Object.values(tables).flat();

  it('have at least 250 cases, each of which is there once', () => {
    expect(all.length).toBeGreaterThanOrEqual(250);
    const claims = all.map(([rfc, claim]) => `${rfc}: ${claim}`);
    expect(claims.filter((claim, i) => claims.indexOf(claim) !== i)).toEqual([]);
  });
});
