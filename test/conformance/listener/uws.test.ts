import { createUwsListener } from '@weir/node/listener/uws/server.js';
import { describeEdges } from './edge-suite.js';
import { describeFlow } from './flow-suite.js';
import { describeHttp } from './http-suite.js';
import { describeResponses } from './response-suite.js';
import { describeWebSocket } from './websocket-suite.js';

const name = 'uWebSockets.js';

describeHttp(name, createUwsListener);
describeResponses(name, createUwsListener);
describeFlow(name, createUwsListener);
describeEdges(name, createUwsListener);
describeWebSocket(name, createUwsListener);
