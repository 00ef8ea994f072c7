import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Advice } from '@weir/proto/events/advice.js';
import type { DoctorReport } from '@weir/proto/events/doctor.js';
import { expect, it } from 'vitest';
import { startGateway } from '../../support/gateway.js';
import { onStage, until } from '../../support/stage.js';
import { carriedOut } from './prescription.js';

const MENU = JSON.stringify({
  entries: Array.from({ length: 100 }, (_, id) => ({ id, title: `entry ${id}`, path: `/${id}` })),
});

it('a gateway that is told what to keep, send in part and compress, and does so, is asked less and sends less', () =>
  onStage(async (stage) => {
    let asked = 0;
    const origin = createServer((_request, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end(MENU);
    });
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    stage.onEnd(() => void origin.close());
    const { port } = origin.address() as AddressInfo; // It listens at an address.
    const config = `gateway: { accessLog: false }
upstreams: [{ id: shop, targets: "http://127.0.0.1:${port}" }]
routes: [{ id: menu, match: /menu, upstream: shop }]
`;
    const weir = await startGateway(config);
    stage.onEnd(() => weir.close());
    const ask = async (): Promise<string> => {
      const answer = await fetch(`${weir.url}/menu?fields=entries(id)`, { headers: { 'accept-encoding': 'br' } });
      return answer.text();
    };
    const { host, port: metricsPort } = weir.node.metricsAddress;
    const advice = async (): Promise<readonly Advice[]> =>
      ((await (await fetch(`http://${host}:${metricsPort}/doctor`)).json()) as DoctorReport).advice ?? []; // Our own page.
    let given: readonly Advice[] = [];
    await until(
      async () => {
        for (let i = 0; i < 10; i += 1) expect(await ask()).toBe(MENU);
        given = await advice();
        return given.length >= 3;
      },
      () => JSON.stringify(given),
    );
    expect(given.map(({ kind }) => kind).sort()).toEqual(['cache', 'compress', 'fields']);
    await weir.reload(
      carriedOut(
        config,
        given.flatMap(({ changes }) => changes),
      ),
    );
    const askedBefore = asked;
    const answer = await fetch(`${weir.url}/menu?fields=entries(id)`, { headers: { 'accept-encoding': 'br' } });
    expect(answer.headers.get('content-encoding')).toBe('br');
    expect(JSON.parse(await answer.text()).entries[7]).toEqual({ id: 7 });
    for (let i = 0; i < 10; i += 1) await ask();
    // Once, and once more for each second that this takes.
    expect(asked - askedBefore).toBeLessThan(6);
    expect(weir.bugs).toEqual([]);
  }));
