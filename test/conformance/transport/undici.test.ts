/** undici's client behind pool and connector, held to the suite that every transport must pass. */
import { undiciTransport } from './harness.js';
import { transportSuite } from './suite.js';

transportSuite('undici', undiciTransport);
