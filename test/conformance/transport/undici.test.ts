/** The data plane's transport (pool, connector, undici Client) held to the suite that every transport must pass. */
import { liveTransport } from './harness.js';
import { transportSuite } from './suite.js';

transportSuite('undici', liveTransport);
