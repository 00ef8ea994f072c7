/** Where the API of a provider lies: a URL with the path that everything is below. */
import { parseUrl, type TargetAddress } from './network.js';
import { leaf, readText } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

export interface ApiAddress extends TargetAddress {
  /** Without a slash at its end; empty: none. */
  readonly basePath: string;
}

export function apiUrl() {
  return leaf(
    (value): Reading<ApiAddress> => {
      const asText = readText(value, 'a URL');
      return asText.ok ? readApiUrl(asText.value) : asText;
    },
    { type: 'string', pattern: '^https?://', examples: ['https://llm.example.com/v1', 'http://127.0.0.1:8000/v1'] },
  );
}

/** Paths of operations: who copies one from an example has named a place too far down. */
const OPERATION = /\/(?:chat\/completions|completions|responses|messages|embeddings|models|api\/chat|v2\/chat)$/;

export function readApiUrl(text: string): Reading<ApiAddress> {
  const cure = 'write the URL that the API lies below, such as https://llm.example.com/v1';
  const url = parseUrl(text);
  if (url === null || url.hostname === '') return refuse(`${quote(text)} is not a URL`, cure);
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'http' && scheme !== 'https') return refuse(`${quote(text)} is neither http nor https`, cure);
  if (url.username !== '' || url.password !== '')
    return refuse('the URL must not hold credentials', 'put them under `keys`, as a reference');
  if (url.search !== '' || url.hash !== '') return refuse(`the URL ${quote(text)} has a query or a fragment`, cure);
  if (url.port === '0') return refuse('nothing listens on port 0', cure);
  const basePath = url.pathname.replace(/\/+$/, '');
  const operation = OPERATION.exec(basePath)?.[0];
  if (operation !== undefined)
    return refuse(
      `the URL ends with an operation, ${operation}`,
      `write ${url.origin}${basePath.slice(0, -operation.length)}`,
    );
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
  return accept({ scheme, host, port, basePath });
}
