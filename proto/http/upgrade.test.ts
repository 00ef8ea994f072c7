import { describe, expect, it } from 'vitest';
import { webSocketAsk } from './upgrade.js';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const CONNECTION = ['connection', 'keep-alive, Upgrade'];
const VERSION = ['sec-websocket-version', '13'];
const REST = [...CONNECTION, ...VERSION, 'sec-websocket-key', KEY];

describe('what a request asks for by Upgrade', () => {
  it.each([
    [['upgrade', 'websocket', ...REST], 'handshake'],
    [['upgrade', 'WebSocket', ...REST], 'handshake'],
    [['upgrade', 'h2c, websocket/13', ...REST], 'handshake'],
    [['upgrade', 'h2c', 'upgrade', 'websocket', ...REST], 'handshake'],
    [['upgrade', 'h2c', ...REST], 'none'],
    [['upgrade', 'websockets', ...REST], 'none'],
    [['upgrade', 'x/websocket', ...REST], 'none'],
    [[...REST], 'none'],
    [['upgrade', 'websocket', ...VERSION, 'sec-websocket-key', KEY], 'none'],
    [['upgrade', 'websocket', 'connection', 'close', ...VERSION, 'sec-websocket-key', KEY], 'none'],
    [['upgrade', 'websocket', ...CONNECTION, 'sec-websocket-version', '8', 'sec-websocket-key', KEY], 'version'],
    [['upgrade', 'websocket', ...REST, 'sec-websocket-version', '8'], 'version'],
    [['upgrade', 'websocket', ...CONNECTION, 'sec-websocket-key', KEY], 'version'],
    [['upgrade', 'websocket', ...CONNECTION, ...VERSION], 'malformed'],
    [['upgrade', 'websocket', ...CONNECTION, ...VERSION, 'sec-websocket-key', 'short'], 'malformed'],
    [['upgrade', 'websocket', ...CONNECTION, ...VERSION, 'sec-websocket-key', `${KEY}=`], 'malformed'],
    [['upgrade', 'websocket', ...REST, 'sec-websocket-key', KEY], 'malformed'],
  ])('%j is %s', (headers, expected) => expect(webSocketAsk('GET', headers, false)).toBe(expected));

  it.each([
    ['POST', false],
    ['get', false],
    ['HEAD', false],
    ['GET', true],
  ])('%s, body: %s, asks for nothing', (method, hasBody) =>
    expect(webSocketAsk(method, ['upgrade', 'websocket', ...REST], hasBody)).toBe('none'),
  );
});
