import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { passOnStderr } from './node-stderr.js';

it('passes on every line but the one remark that is untrue', async () => {
  const from = new PassThrough();
  const said: string[] = [];
  passOnStderr(from, (line) => said.push(line));
  from.write('weir node 7: draini');
  from.write(
    'ng\nWarning: uWS.HttpResponse writes must be made from within a corked callback. See documentation.\nbug: x\n',
  );
  from.end();
  await once(from, 'close');
  expect(said).toEqual(['weir node 7: draining', 'bug: x']);
});
