import { createUwsListener } from '@weir/node/listener/uws/server.js';
import { describeHttp } from './http-suite.js';

describeHttp('uWebSockets.js', createUwsListener);
