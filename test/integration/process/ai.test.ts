/** From weir.yaml to an answer of a model, by the real `weir up`; and a key that is nowhere but in the request to its provider. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { SpendAnswer } from '@weir/control/insight/spend-report.js';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { askAdmin } from '../../support/admin.js';
import { buildFirst, cleanUp, LONG_MS, runWeir, startUpstream, startWeir, waitFor } from './weir-process.js';

beforeAll(buildFirst, 4 * LONG_MS);
afterEach(cleanUp);

const KEY = 'sk-test-4f9a1c77e0b2d6';

interface Asked {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A server in the words of OpenAI's API reference. */
async function startModels(): Promise<{ readonly url: string; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const url = await startUpstream((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(pieces).toString());
      asked.push({ path: request.url, headers: request.headers, body });
      const message = { role: 'assistant', content: `this is ${body.model}`, refusal: null };
      response.setHeader('content-type', 'application/json').end(
        JSON.stringify({
          ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1_760_000_000, model: body.model },
          choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
          usage: { prompt_tokens: 8, completion_tokens: 3, total_tokens: 11 },
        }),
      );
    });
  });
  return { url, asked };
}

async function ask(traffic: string, model: string): Promise<{ readonly status: number; readonly said: unknown }> {
  const response = await fetch(`${traffic}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  const answer = JSON.parse(await response.text());
  return { status: response.status, said: answer.choices?.[0]?.message?.content ?? answer.error };
}

/** Each file below the folder, as bytes that a text is looked for in. */
function filesBelow(folder: string): readonly (readonly [name: string, content: string])[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => [name, readFileSync(join(folder, name), 'latin1')]);
}

it(
  'a provider, a route and a key are enough, and names for models come by a reload',
  async () => {
    const models = await startModels();
    const config = (more: string) => `gateway: { listen: 127.0.0.1:0 }
ai: { providers: { openai: { url: ${models.url}/v1, keys: "\${OPENAI_API_KEY}" } }${more} }
routes: [{ match: /v1/*, ai: true }]
`;
    const weir = await startWeir(config(''), { OPENAI_API_KEY: KEY });
    expect(await ask(weir.traffic, 'openai/gpt-5-mini')).toEqual({ status: 200, said: 'this is gpt-5-mini' });
    expect(models.asked[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${KEY}`, host: new URL(models.url).host },
      body: { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'Hello' }] },
    });
    expect((await ask(weir.traffic, 'fast')).status).toBe(404);

    weir.writeConfig(config(', models: { fast: openai/gpt-5-nano }, limits: { tokens: 5000/day }'));
    await expect
      .poll(() => ask(weir.traffic, 'fast'), { timeout: LONG_MS })
      .toEqual({ status: 200, said: 'this is gpt-5-nano' });
    // Nodes tell control once a second what it took.
    const spend = async (...more: string[]) => {
      const { stdout } = await runWeir(['ai', 'spend', '--by', 'model', '--admin', weir.admin, ...more], weir.folder);
      return stdout;
    };
    await expect.poll(() => spend('--json'), { timeout: LONG_MS }).toContain('"left":4989');
    const { items, total } = JSON.parse(await spend('--json')) as SpendAnswer;
    expect(items.map(({ name, inputTokens, outputTokens }) => [name, inputTokens, outputTokens]).sort()).toEqual([
      ['fast', 8, 3],
      ['openai/*', 8, 3],
    ]);
    expect(total.costMicros).toBeGreaterThan(0);
    const shown = await spend('--model', 'fast', '--since', '1h');
    expect(shown).toMatch(/^fast +\$0\.0000 +1 +8 +3 +0 +0$/m);
    expect(shown).toMatch(/^all-tokens +all +4,989 tokens of 5,000 tokens\/day +99% /m);

    weir.writeConfig(config(', models: { fast: opnai/gpt-5-nano }'));
    await waitFor(() => weir.said().includes('there is no provider "opnai"'), weir.said);
    expect((await ask(weir.traffic, 'fast')).status).toBe(200);
  },
  2 * LONG_MS,
);

it(
  'a key is shown by nothing: not the log, status, metrics, history, nor a file of the state',
  async () => {
    const models = await startModels();
    const config = (key: string) => `gateway: { listen: 127.0.0.1:0 }
ai: { providers: { openai: { url: ${models.url}/v1, keys: ["${key}"] } } }
routes: [{ match: /v1/*, ai: true }]
`;
    const weir = await startWeir(config(`\${OPENAI_API_KEY}`), { OPENAI_API_KEY: KEY });
    expect((await ask(weir.traffic, 'openai/m')).status).toBe(200);
    weir.writeConfig(config('sk-in-the-file-81c2'));
    await waitFor(() => weir.said().includes('the key of a provider stands in the file itself'), weir.said);
    const pages = [
      `${weir.admin}/status`,
      `${weir.metrics}/metrics`,
      `${weir.admin}/revisions`,
      `${weir.admin}/revisions/1`,
    ];
    const texts = await Promise.all(pages.map(async (page) => (await askAdmin(page)).text()));
    const history = await runWeir(['history', '--admin', weir.admin], weir.folder);
    expect(history.code).toBe(0);
    // A change that is only proposed is compared as well, and refused without being shown.
    const diff = await runWeir(['diff', '-f', weir.configFile, '--admin', weir.admin], weir.folder);
    expect(diff.stderr + diff.stdout).toContain('the key of a provider stands in the file itself');
    expect(texts.at(-1)).toContain('OPENAI_API_KEY');
    const kept = filesBelow(join(weir.folder, 'state'));
    // Or the loop below would say nothing.
    expect(kept.some(([, content]) => content.includes('OPENAI_API_KEY'))).toBe(true);
    for (const text of [
      weir.said(),
      history.stdout,
      diff.stdout,
      diff.stderr,
      ...texts,
      ...kept.map(([, content]) => content),
    ])
      for (const secret of [KEY, 'sk-in-the-file']) expect(text).not.toContain(secret);
  },
  2 * LONG_MS,
);
