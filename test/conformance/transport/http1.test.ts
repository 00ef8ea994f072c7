/** Weir's own plaintext client behind pool and connector, held to the suite that every transport must pass. */
import { liveTransport } from './harness.js';
import { transportSuite } from './suite.js';

transportSuite('native', liveTransport);
