/**
 * The making of a worker's bus, and of its presence on it: over NATS where that is named, else over the channel to its parent.
 * A bus that is away is no reason not to start: traffic needs nothing of it.
 */
import { randomInt } from 'node:crypto';
import type { Bus } from '@weir/proto/bus/bus.js';
import type { BusParts } from '@weir/proto/bus/carrier.js';
import { ipcBus } from '@weir/proto/bus/ipc-bus.js';
import type { IpcEnd } from '@weir/proto/bus/ipc-link.js';
import { natsOptionsOf } from '@weir/proto/bus/nats-files.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import type { OwnReport } from '@weir/proto/cluster/membership.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import type { ClusterSettings } from './settings.js';

export interface JoinParts {
  /** The half of the channel to the parent that is the bus's. */
  readonly parent: IpcEnd;
  readonly report: () => Omit<OwnReport, 'told'>;
  readonly log: (text: string) => void;
}

export interface Joined {
  readonly presence: Presence;
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
  const bus = await busOf(settings, parent, { clock: realClock, inbox });
  const random = Math.random;
  const warn = once(log);
  const presence = new Presence({ bus, clock: realClock, subjects, life, role: 'node', random, report, warn });
  return {
    presence,
    async leave() {
      presence.leave();
      await bus.close();
    },
  };
}

async function busOf({ nats, id }: ClusterSettings, parent: IpcEnd, parts: BusParts): Promise<Bus> {
  if (nats === null) return ipcBus(parent, parts);
  // The client of NATS is loaded only where there is one.
  const { natsBus } = await import('@weir/proto/bus/nats-bus.js');
  return natsBus(natsOptionsOf(nats.place, nats.files, `weir ${id}`), { ...parts, random: Math.random });
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
