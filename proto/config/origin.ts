/** `*`, an origin, or one with a wildcard host. An origin is scheme, host and port, nothing else (RFC 6454). */
import { parseUrl } from './network.js';
import { leaf, readText } from './scalars.js';
import { accept, quote, refuse } from './units.js';

export const origin = leaf(
  (value) =>
    readText(value, 'an origin', (written) => {
      if (written === '*' || written === 'null') return accept(written);
      const url = parseUrl(written.replace('://*.', '://wildcard.'));
      const bare =
        url !== null && url.pathname === '/' && !written.endsWith('/') && url.search === '' && url.username === '';
      const known = bare && /^[a-z][a-z0-9+.-]*:\/\/(\*\.)?[^*]+$/i.test(written) && url.host !== '';
      return known
        ? accept(written.toLowerCase())
        : refuse(`${quote(written)} is not an origin`, 'write https://app.example.com, https://*.example.com or *');
    }),
  { type: 'string', examples: ['https://app.example.com', '*'] },
);
