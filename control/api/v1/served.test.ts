/** Changes of a service that is served, by the API: none of them takes it away from its callers by the way. */
import { beforeAll, describe, expect, it } from 'vitest';
import { design, plans, type WholeApi, wholeApi } from './testing/whole-api.js';

let house: WholeApi;
const places = { conflict: '', shadow: '' };
beforeAll(async () => {
  house = await wholeApi({
    conflictOf: () => (places.conflict === '' ? null : places.conflict),
    shadowedBy: () => (places.shadow === '' ? null : places.shadow),
  });
});

async function ask(who: string, method: string, url: string, body?: unknown) {
  const { status, body: told } = await house.api.ask(method, url, house.users.get(who)?.session ?? {}, body);
  return { status, ...told };
}

const faulty = [{ ...plans[0], limits: ['as many as you like'] }, plans[1]];

describe('a service that is served', () => {
  it('is not changed into what can’t be served: 422 with the place of the fault', async () => {
    const url = `/v1/services/${house.things.red.shop}`;
    const before = house.registry.number;
    const refused = await ask('red owner', 'PATCH', url, { plans: faulty });
    expect(refused).toMatchObject({
      status: 422,
      title: 'Would Not Be Served',
      faults: [{ path: expect.stringContaining('plans[0].limits') }],
    });
    expect(house.registry.number).toBe(before);
    // A draft may have faults; `check` tells them.
    expect((await ask('red owner', 'PATCH', `/v1/services/${house.things.red.next}`, { plans: faulty })).status).toBe(
      200,
    );
    // One that is served no longer for another reason can be mended.
    await house.registry.must('secret.delete', { teamId: 'red', name: 'TOKEN' });
    expect((await ask('red owner', 'PATCH', url, { plans, name: 'Mended' })).status).toBe(200);
    await house.reset();
  });

  it('serves no release that can’t be served, and is not restored to one, nor to a place that weir.yaml has taken', async () => {
    const { shop, gone } = house.things.red;
    await house.registry.must('secret.delete', { teamId: 'red', name: 'TOKEN' });
    const before = house.registry.number;
    expect(await ask('red developer', 'PUT', `/v1/services/${shop}/live`, { live: [{ release: 1 }] })).toMatchObject({
      status: 422,
    });
    expect(await ask('red owner', 'POST', `/v1/services/${gone}/restore`, {})).toMatchObject({ status: 422 });
    expect(house.registry.number).toBe(before);
    await house.reset();
    places.conflict = 'route site of weir.yaml lies at or below /red/gone';
    expect(await ask('red owner', 'POST', `/v1/services/${gone}/restore`, {})).toMatchObject({
      status: 409,
      detail: places.conflict,
    });
    places.conflict = '';
    expect((await ask('red owner', 'POST', `/v1/services/${gone}/restore`, {})).status).toBe(200);
    await house.reset();
  });

  it('says before and when it is published whose calls it takes, and what an owner has to publish', async () => {
    const { shop } = house.things.red;
    const sent = { ...design, upstreams: [{ id: 'app', targets: ['http://127.0.0.1:9001'] }] };
    await ask('red developer', 'PUT', `/v1/services/${shop}/draft`, sent);
    places.shadow = 'it answers below /red/shop in place of route site of weir.yaml (/red/*)';
    const check = (who: string) => ask(who, 'POST', `/v1/services/${shop}/draft/check`, {});
    const [dev, owner] = [await check('red developer'), await check('red owner')];
    const shadow = { severity: 'warning', path: 'basePath', message: places.shadow };
    expect(dev).toMatchObject({
      ok: true,
      faults: [{ severity: 'warning', message: expect.stringContaining('an owner of team red') }, shadow],
    });
    expect(owner).toMatchObject({ ok: true, faults: [shadow] });
    expect(await ask('red owner', 'GET', `/v1/services/${shop}`)).toMatchObject({ shadows: places.shadow });
    const refused = await ask('red developer', 'POST', `/v1/services/${shop}/releases`, {});
    expect(refused).toMatchObject({ status: 403, detail: expect.stringContaining('TOKEN to http://127.0.0.1:9001') });
    expect(await ask('red owner', 'POST', `/v1/services/${shop}/releases`, {})).toMatchObject({
      status: 201,
      warnings: [shadow],
    });
    places.shadow = '';
    // From then on whoever publishes may.
    expect(await ask('red developer', 'POST', `/v1/services/${shop}/releases`, {})).toMatchObject({
      status: 201,
      warnings: [],
    });
    await house.reset();
  });
});
