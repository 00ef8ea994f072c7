import { describe, expect, it } from 'vitest';
import { ask, setUp } from './testing/gateway.js';

const nested = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
const bodyWith = (member: string): string => JSON.stringify(ask()).replace('{', `{${member},`);
const tool = `"tools":[{"type":"function","function":{"name":"f","parameters":${nested}}}]`;

describe('a question that is nested without end', () => {
  it.each([
    ['a field that is passed on', bodyWith(`"metadata":${nested}`)],
    ['a tool', bodyWith(tool)],
    ['a schema', bodyWith(`"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":${nested}}}`)],
  ])('is refused before any of it is walked over: %s', (_where, body) => {
    const gateway = setUp();
    const { handler } = gateway.send(body);
    expect(handler.head?.status).toBe(400);
    expect(gateway.below.calls).toHaveLength(0);
  });
});
