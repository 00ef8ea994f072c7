/**
 * The least that a process of Node can add to a stream: bytes from one socket to the other, unread. It knows no requests, so it is none of the
 * gateways; what it adds at the 99th percentile is the machine's and Node's share in what they add.
 *
 * Run as a process of its own: `node relay.js PORT MOCK_PORT`.
 */
import { connect, createServer } from 'node:net';

const [port, mockPort] = process.argv.slice(2).map(Number);
if (port === undefined || mockPort === undefined) throw new Error('usage: relay.js PORT MOCK_PORT');

createServer({ noDelay: true }, (client) => {
  const provider = connect({ host: '127.0.0.1', port: mockPort, noDelay: true });
  client.pipe(provider).pipe(client);
  // Either may leave between two loads.
  client.on('error', () => provider.destroy());
  provider.on('error', () => client.destroy());
}).listen(port, '127.0.0.1');
