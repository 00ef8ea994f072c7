import { describe, expect, it } from 'vitest';
import { type PeopleApi, peopleApi } from '../../people/testing/people-api.js';
import { documentRoutes } from './registry-document.js';

async function house(canOpen?: () => boolean): Promise<PeopleApi> {
  const api = await peopleApi({
    more: ({ registry }) =>
      documentRoutes({ registry, reservedPaths: () => ['/.weir'], ...(canOpen === undefined ? {} : { canOpen }) }),
  });
  await api.registry.must('team.create', { id: 'red', name: 'Red' });
  await api.registry.must('application.create', { id: 'web', teamId: 'red', name: 'Web' });
  const credential = { sha256: 'ab'.repeat(32), lastFour: 'wxyz' };
  await api.registry.must('key.create', { applicationId: 'web', name: 'ci' }, { facts: { credential } });
  await api.registry.must('secret.set', { teamId: 'red', name: 'PIN' }, { facts: { sealed: 'v1.sealed' } });
  return api;
}

const text = (api: PeopleApi, path: string, document: string) =>
  api.server.inject({
    ...{ method: 'POST', url: path, payload: document },
    headers: { host: 'localhost:9080', 'content-type': 'application/yaml', ...api.local },
  });

describe('the registry as a document, by the API', () => {
  it('comes as YAML or JSON, with hashes and sealed secrets where they are asked for alone', async () => {
    const api = await house();
    const plain = await api.ask('GET', '/v1/registry', api.local);
    expect([plain.status, plain.headers['content-type']]).toEqual([200, 'application/yaml']);
    expect(plain.text).toContain('id: web');
    for (const secret of ['ab'.repeat(32), 'v1.sealed']) expect(plain.text).not.toContain(secret);
    const whole = await api.ask('GET', '/v1/registry?format=json&hashes=yes', api.local);
    expect(whole.body).toMatchObject({ version: 1, secrets: [{ team: 'red', name: 'PIN', sealed: 'v1.sealed' }] });
    expect((await api.ask('GET', '/v1/registry?format=xml', api.local)).status).toBe(400);
  });

  it('shows what it would change, does it, and nothing the second time', async () => {
    const [from, to] = [await house(), await peopleApi({ more: ({ registry }) => documentRoutes({ registry }) })];
    const { text: document } = await from.ask('GET', '/v1/registry?hashes=yes', from.local);
    const seen = (await text(to, '/v1/registry/preview', document)).json();
    expect(seen).toMatchObject({ count: 4, faults: [], notes: [] });
    expect(seen.differences.map(({ does, kind, name }: Record<string, string>) => `${does} ${kind} ${name}`)).toEqual([
      ...['create team red', 'create application web', 'create key web ci', 'create secret red/PIN'],
    ]);
    expect(to.registry.number).toBe(0);
    expect((await text(to, '/v1/registry?reason=moved', document)).json()).toEqual({ entries: 3, notes: [] });
    expect((await to.registry.audit(0, 1))?.[0]).toMatchObject({ what: 'registry.import', reason: 'moved' });
    expect((await to.ask('GET', '/v1/registry?hashes=yes', to.local)).text).toBe(document);
    expect((await text(to, '/v1/registry', document)).json()).toEqual({ entries: 0, notes: [] });
    expect((await text(to, '/v1/registry/preview', document)).json()).toMatchObject({ count: 0 });
  });

  it('changes nothing where any of it is faulty, and says where', async () => {
    const api = await house();
    const before = api.registry.number;
    const faulty = 'version: 1\nteams: [{ id: blue, name: Blue }]\nsecrets: [{ team: none, name: A, sealed: v1.x }]\n';
    for (const document of ['version: 2', 'a: [', faulty, 'version: 1\nteams: [{ id: Blue }]']) {
      const answer = await text(api, '/v1/registry', document);
      expect([document, answer.statusCode, answer.json().faults.length > 0]).toEqual([document, 422, true]);
    }
    const reserved = `version: 1\nservices: [{ id: s, team: red, kind: rest, name: S, description: "", tags: [], visibility: team,
      basePath: /.weir/x, hosts: [], versioning: { by: none }, access: open, plans: [], draft: {} }]`;
    expect((await text(api, '/v1/registry/preview', reserved)).json().faults[0].message).toMatch(
      /belongs to the gateway/,
    );
    expect((await text(api, '/v1/registry', reserved)).statusCode).toBe(422);
    expect(api.registry.number).toBe(before);
  });

  it('takes no secret that this control could not open', async () => {
    const api = await house(() => false);
    const document = 'version: 1\nsecrets: [{ team: red, name: PIN, sealed: v1.elsewhere }]';
    for (const path of ['/v1/registry', '/v1/registry/preview']) {
      const answer = await text(api, path, document);
      expect([answer.statusCode, answer.json().faults]).toMatchObject([422, [{ path: 'secrets[0].sealed' }]]);
    }
    expect(api.registry.get('secret', 'red/PIN')?.sealed).toBe('v1.sealed');
    expect((await text(api, '/v1/registry', 'version: 1\nsecrets: [{ team: red, name: PIN }]')).statusCode).toBe(200);
  });
});
