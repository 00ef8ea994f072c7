/**
 * The making of a worker's bus, of its presence on it, and of its way to the purge log: over NATS where that is named, else over the
 * channel to its parent.
 * A bus that is away is no reason not to start: traffic needs nothing of it.
 */
import { randomInt } from 'node:crypto';
import { askedLog } from '@weir/proto/bus/asked-log.js';
import type { Bus } from '@weir/proto/bus/bus.js';
import type { BusParts } from '@weir/proto/bus/carrier.js';
import { ipcBus } from '@weir/proto/bus/ipc-bus.js';
import type { IpcEnd } from '@weir/proto/bus/ipc-link.js';
import { natsOptionsOf } from '@weir/proto/bus/nats-files.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import type { OwnReport } from '@weir/proto/cluster/membership.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { PURGE_LOG } from '@weir/proto/cluster/purge-entries.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { keyRing } from '@weir/proto/signing/ed25519.js';
import type { PurgeLog } from '../cluster/follow-purges.js';
import type { ClusterSettings } from './settings.js';

export interface JoinParts {
  /** The half of the channel to the parent that is the bus's. */
  readonly parent: IpcEnd;
  readonly report: () => Omit<OwnReport, 'told'>;
  readonly log: (text: string) => void;
}

export interface Joined {
  readonly presence: Presence;
  readonly purgeLog: PurgeLog;
  /** When what was told is out, or can't be any more. */
  leave(): Promise<void>;
}

const SESSIONS = 2 ** 47;

/** Throws when the settings name files that can't be read. */
export async function joinCluster(settings: ClusterSettings, { parent, report, log }: JoinParts): Promise<Joined> {
  const subjects = new Subjects(settings.cluster);
  const life = { id: settings.id, incarnation: Date.now(), session: randomInt(SESSIONS) };
  // The session keeps the replies of two processes apart that were given one name by mistake.
  const inbox = subjects.inbox(`${settings.id.slice(0, 40)}-${life.session}`);
  const { bus, purgeLog, close } = await linksOf(settings, parent, { clock: realClock, inbox }, subjects);
  const random = Math.random;
  const warn = once(log);
  const presence = new Presence({ bus, clock: realClock, subjects, life, role: 'node', random, report, warn });
  return {
    presence,
    purgeLog,
    async leave() {
      presence.leave();
      await close();
    },
  };
}

interface Links {
  readonly bus: Bus;
  readonly purgeLog: PurgeLog;
  close(): Promise<void>;
}

async function linksOf(
  { nats, id }: ClusterSettings,
  parent: IpcEnd,
  parts: BusParts,
  subjects: Subjects,
): Promise<Links> {
  const place = subjects.place(PURGE_LOG);
  if (nats === null) {
    const bus = ipcBus(parent, parts);
    // Only processes of this machine reach it.
    return { bus, purgeLog: { log: askedLog(bus, place), keys: null }, close: () => bus.close() };
  }
  // The client of NATS is loaded only where there is one.
  const [{ natsBus }, { JetStream }, { jetStreamLog }] = await Promise.all([
    import('@weir/proto/bus/nats-bus.js'),
    import('@weir/proto/bus/jetstream.js'),
    import('@weir/proto/bus/jetstream-log.js'),
  ]);
  const keys = keyRing(nats.trust);
  const options = natsOptionsOf(nats.place, nats.files, `weir ${id}`);
  const bus = natsBus(options, { ...parts, random: Math.random, isPaced: true });
  const jetStream = new JetStream(options, { ...parts, inbox: `${parts.inbox}-js`, random: Math.random });
  const log = jetStreamLog(jetStream, { place, makes: null });
  const close = async (): Promise<void> => {
    await Promise.all([bus.close(), jetStream.close()]);
  };
  return { bus, purgeLog: { log, keys }, close };
}

/** Different texts that are told in all; a warning that comes with each heartbeat is told once. */
const WARNINGS_MAX = 100;

function once(log: (text: string) => void): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (told.has(text) || told.size >= WARNINGS_MAX) return;
    told.add(text);
    log(text);
  };
}
