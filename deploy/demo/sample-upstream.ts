/**
 * Program of one sample upstream: `sample-upstream.js SEED INDEX COUNT NAME`, started by demo.ts with a channel to it.
 * Lives as long as that channel; Ctrl-C in the terminal is for the parent, who ends us in its own order.
 */
import { type BeginMessage, isMessage, type ListeningMessage } from './messages.js';
import { createSampleServer } from './sample-server.js';
import { behaviourAt, seededRandom } from './schedule.js';

const [seedText, indexText, countText, name] = process.argv.slice(2);
if (name === undefined || process.send === undefined) {
  throw new Error('started by the demo as: sample-upstream.js SEED INDEX COUNT NAME');
}
const seed = Number(seedText);
const index = Number(indexText);
const count = Number(countText);

/** How late a stall may end; it only has to look prompt. */
const REFRESH_MS = 50;

let startWallMs = Number.POSITIVE_INFINITY;
const behaviour = () => behaviourAt(seed, count, index, Date.now() - startWallMs);

// Both lanes roll the same dice, so what happens on one side is what would have happened on the other.
const lane = () => createSampleServer({ name, behaviour, random: seededRandom(seed + index) });
const lanes = { without: lane(), with: lane() };

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  if (isMessage<BeginMessage>(message, 'begin')) startWallMs = message.startWallMs;
});
setInterval(() => {
  lanes.without.refresh();
  lanes.with.refresh();
}, REFRESH_MS);

const [without, withWeir] = await Promise.all([lanes.without.listen(0), lanes.with.listen(0)]);
const listening: ListeningMessage = { kind: 'listening', ports: { without, with: withWeir } };
process.send(listening);
