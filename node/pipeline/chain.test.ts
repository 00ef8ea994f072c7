import { expect, it } from 'vitest';
import { chain } from './chain.js';

/**
 * Hits that are offered to others skip these layers (cache/reuse.ts). Each of them either comes to nothing for a plain GET, or is known
 * to `isAlikeForAll`. Whoever puts another one above the cache decides there which it is, and writes it down here.
 */
it('has only layers above the cache of which it is known what a reused answer skips', () => {
  const names = chain.map((place) => place.name);
  expect(names.slice(0, names.indexOf('cache'))).toEqual([
    ...['observe', 'trace'], // a hit is counted by `reused`; its id is written by the listener
    'ownCookies', // what is stored sets none
    'answerFailure', // a hit is none
    ...['transformResponse', 'cors', 'show', 'handOverToJob'], // known
    'deadline', // nothing is waited for
    'addresses', // known
    'hopFields', // a plain request names none
    ...['limitCallers', 'authenticate', 'limitConsumers'], // known
    ...['bodyLimit', 'purge', 'upgradeGate'], // a plain GET has no body, is no PURGE and no handshake
    ...['holdToContract', 'compress', 'select'], // known
    ...['redirect', 'mock', 'respond', 'askModels', 'mcp', 'batch'], // end the chain, and have no cache below
  ]);
});
