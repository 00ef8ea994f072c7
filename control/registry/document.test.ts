import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { violations } from '../model/invariants.js';
import { actorOf, askedOf, drawnCommand, factsOf } from '../model/testing/random-commands.js';
import { applyDocument, exportDocument, partsOf, previewDocument, readDocument, showDocument } from './document.js';
import { local, memoryRegistry } from './testing/memory-registry.js';

async function filled(drawn: readonly Parameters<typeof actorOf>[0][]) {
  const registry = await memoryRegistry();
  await registry.must(
    'user.create',
    { login: 'ada', name: 'Ada', isOperator: true },
    { facts: { passwordHash: 'scrypt$1' } },
  );
  await registry.must('team.create', { id: 'one', name: 'One' });
  for (const [step, one] of drawn.entries()) {
    const asked = askedOf(one, registry);
    await registry.execute({
      what: asked.what,
      input: asked.input,
      actor: actorOf(one, registry),
      facts: factsOf(step, asked),
    });
  }
  return registry;
}

const sequence = fc.array(drawnCommand(), { minLength: 20, maxLength: 100, size: 'max' });

describe('the document of a registry', () => {
  it('makes the same registry elsewhere, by YAML as by JSON, and nothing when it is applied again', async () => {
    await fc.assert(
      fc.asyncProperty(sequence, fc.constantFrom('yaml', 'json'), async (drawn, format) => {
        const registry = await filled(drawn);
        const exported = exportDocument(registry, { withHashes: true });
        const read = readDocument(showDocument(exported, format as 'yaml'));
        if (!read.ok) throw new Error(JSON.stringify(read.faults));
        const other = await memoryRegistry();
        const applied = await applyDocument(other, read.document, local, 'moved');
        // What was rejected stands beside what has followed it, and is one subscription elsewhere.
        expect(applied.refused).toBe(null);
        expect(violations(other)).toEqual([]);
        const again = exportDocument(other, { withHashes: true });
        expect(sorted(again)).toEqual(sorted(exported));
        expect(await applyDocument(other, read.document, local, 'again')).toEqual({
          refused: null,
          entries: 0,
          notes: [],
        });
        expect(previewDocument(other, read.document, []).differences).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('has no hash and no secret unless it is made to move, and says what it can not make', async () => {
    const registry = await memoryRegistry();
    await registry.must('user.create', { login: 'ada', name: 'Ada' }, { facts: { passwordHash: 'scrypt$hash' } });
    await registry.must('team.create', { id: 'one', name: 'One' });
    await registry.must('application.create', { id: 'app', teamId: 'one', name: 'App' });
    const credential = { sha256: 'ab'.repeat(32), lastFour: 'wxyz' };
    await registry.must('key.create', { applicationId: 'app', name: 'ci' }, { facts: { credential } });
    await registry.must('secret.set', { teamId: 'one', name: 'PIN' }, { facts: { sealed: 'v1.sealed' } });
    const text = showDocument(exportDocument(registry), 'yaml');
    for (const secret of ['scrypt$hash', credential.sha256, 'v1.sealed']) expect(text).not.toContain(secret);
    const read = readDocument(text);
    const other = await memoryRegistry();
    const applied = read.ok ? await applyDocument(other, read.document, local, '') : null;
    expect(applied).toEqual({
      refused: null,
      entries: 3,
      notes: [expect.stringContaining('key app ci'), expect.stringContaining('secret one/PIN')],
    });
    expect([other.count('key'), other.count('secret'), other.userByLogin('ada')?.passwordHash]).toEqual([0, 0, null]);
    // Where they are, it changes neither.
    expect(read.ok && previewDocument(registry, read.document, []).differences).toEqual([]);
  });

  it('is previewed field by field, and refused as a whole where a rule would be broken', async () => {
    const registry = await memoryRegistry();
    await registry.must('team.create', { id: 'one', name: 'One' });
    const service = {
      id: 'shop',
      team: 'one',
      kind: 'rest',
      name: 'Shop',
      description: '',
      tags: [],
      visibility: 'team',
      basePath: '/shop',
      hosts: [],
      versioning: { by: 'none' },
      access: 'open',
      plans: [],
      draft: { routes: [{ match: '/*' }] },
    };
    const documentOf = (...services: object[]) => {
      const read = readDocument(JSON.stringify({ version: 1, teams: [{ id: 'one', name: 'Uno' }], services }));
      if (!read.ok) throw new Error(JSON.stringify(read.faults));
      return read.document;
    };
    expect(previewDocument(registry, documentOf(service), [])).toEqual({
      differences: [
        { does: 'change', kind: 'team', name: 'one', fields: ['name'] },
        { does: 'create', kind: 'service', name: 'shop', fields: [] },
      ],
      ...{ faults: [], notes: [] },
    });
    for (const [broken, words] of [
      [[service, { ...service, id: 'other' }], 'another service lies at /shop'],
      [[{ ...service, team: 'none' }], 'names team none'],
      [[{ ...service, stage: 'published' }], 'live'],
      [[{ ...service, basePath: '/.weir/jobs/x' }], 'belongs to the gateway'],
      [[service, service], 'twice'],
    ] as const) {
      const document = documentOf(...broken);
      expect(JSON.stringify(previewDocument(registry, document, ['/.weir/jobs']).faults)).toContain(words);
      const { refused } = await applyDocument(registry, document, local, '');
      expect(refused).toMatchObject({ why: 'invalid', detail: expect.stringContaining(words) });
      expect(registry.count('service')).toBe(0);
    }
    const release = { number: 1, notes: '', by: '', design: service.draft };
    const published = { ...service, stage: 'published', live: [{ release: 1 }], releases: [release] };
    expect((await applyDocument(registry, documentOf(published), local, '')).refused).toBe(null);
    const turned = { ...published, releases: [{ ...release, design: { routes: [] } }] };
    expect(previewDocument(registry, documentOf(turned), []).faults).toMatchObject([
      { path: 'services[0].releases[0]' },
    ]);
    expect((await applyDocument(registry, documentOf(service), { ...local, via: 'none' }, '')).refused).toMatchObject({
      why: 'forbidden',
    });
  });

  it('is read without harm, whatever the text is', () => {
    for (const text of [
      '',
      '{',
      'a: [',
      '{"version":2}',
      '[]',
      '{"version":1,"users":[{"login":"A B","name":"A"}]}',
      `{"version":1,"teams":${'['.repeat(5_000)}`,
      'x'.repeat(2_000_000),
    ])
      expect(readDocument(text)).toMatchObject({
        ok: false,
        faults: [{ message: expect.any(String), cure: expect.any(String) }],
      });
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => void expect(typeof readDocument(text).ok).toBe('boolean')),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.json(), (text) => void expect(typeof readDocument(text).ok).toBe('boolean')),
      { numRuns: 200 },
    );
  });

  it('is cut into parts that name only what is in them or came before', async () => {
    const registry = await memoryRegistry();
    await registry.must('team.create', { id: 'one', name: 'One' });
    for (let n = 0; n < 30; n += 1) {
      await registry.must('service.create', { id: `s${n}`, teamId: 'one', name: 'S', basePath: `/s${n}` });
      await registry.must('service.set-draft', { id: `s${n}`, draft: { contract: 'y'.repeat(200_000), routes: [] } });
    }
    const document = exportDocument(registry);
    const parts = [...partsOf(document)];
    expect(parts.length).toBeGreaterThan(5);
    expect(parts.flatMap(({ services }) => services)).toEqual(document.services);
    const other = await memoryRegistry();
    expect(await applyDocument(other, document, local, '')).toMatchObject({ refused: null, entries: parts.length });
    expect(sorted(exportDocument(other))).toEqual(sorted(document));
  });
});

/** What has no order of its own. */
function sorted(document: ReturnType<typeof exportDocument>): string[] {
  const { users, teams, services, applications, subscriptions, secrets } = document;
  const keyless = applications.map((application) => ({
    ...application,
    keys: application.keys.map((key) => JSON.stringify(key)).sort(),
  }));
  const members = teams.map((team) => ({ ...team, members: Object.entries(team.members).sort() }));
  return [users, members, services, keyless, subscriptions, secrets]
    .flatMap((list) => list.map((item) => JSON.stringify(item)))
    .sort();
}
