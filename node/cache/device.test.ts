import { expect, it } from 'vitest';
import { type Device, deviceOf } from './device.js';

const APPLE = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const agents: readonly (readonly [Device, string])[] = [
  ['phone', `Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) ${APPLE} Version/17.5 Mobile/15E148 Safari/604.1`],
  ['phone', 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36'],
  ['tablet', 'Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 Chrome/126.0 Safari/537.36'],
  ['tablet', `Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) ${APPLE} Version/12.1.2 Mobile/15E148 Safari/604.1`],
  ['tablet', 'Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0'],
  ['phone', 'Mozilla/5.0 (Android 13; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0'],
  ['other', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36'],
  ['other', 'curl/8.5.0'],
];

it.each(agents)('%s: %s', (device, userAgent) => {
  expect(deviceOf(['user-agent', userAgent])).toBe(device);
});

it('a browser that says it is mobile is believed, and one that says nothing is something else', () => {
  const desktop = agents[6]?.[1] ?? '';
  expect(deviceOf(['user-agent', desktop, 'sec-ch-ua-mobile', '?1'])).toBe('phone');
  expect(deviceOf(['user-agent', desktop, 'sec-ch-ua-mobile', '?0'])).toBe('other');
  expect(deviceOf([])).toBe('other');
});

// A look-ahead from each of them took time by the square of the length: half a minute for this one.
it('is told as fast of a long text that a client made up', () => {
  expect(deviceOf(['user-agent', `${'Android'.repeat(100_000)}Mobi`])).toBe('phone');
});
