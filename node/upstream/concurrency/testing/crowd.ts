/**
 * Clients that come by chance, whether or not the former ones were answered (open loop), through a gate to a model of an
 * upstream, in virtual time. Only tests import this file.
 */
import type { Random } from '../../../time/clock.js';
import type { Departure, Gate, Refusal, RefusalKind } from '../gate.js';
import { type PriorityRank, Waiter } from '../line.js';
import { type Agenda, exponential, type Plant } from './plant.js';

export interface CrowdOptions {
  readonly random: Random;
  /** Mean time from one client to the next. */
  readonly everyMs: (nowMs: number) => number;
  /** How long a client waits for its answer, and a request for a place. */
  readonly deadlineMs: number;
  readonly queueMs: number;
  /** They leave at their deadline, and the upstream works on; else they stay, and their answer is late. */
  readonly leave?: boolean;
  readonly priority?: (random: Random) => PriorityRank;
}

export interface Fate {
  readonly cameAtMs: number;
  readonly priority: PriorityRank;
  readonly kind: 'good' | 'late' | 'left' | 'timed out' | RefusalKind;
  readonly tookMs: number;
}

/** What became of each client that comes until then; those who still wait or are worked on are not told. */
export function runCrowd(agenda: Agenda, gate: Gate, plant: Plant, options: CrowdOptions, untilMs: number): Fate[] {
  const fates: Fate[] = [];
  const { random } = options;

  class Client extends Waiter {
    override readonly priority = options.priority?.(random) ?? 1;
    readonly cameAtMs = agenda.nowMs;
    override readonly deadlineAtMs = agenda.nowMs + options.deadlineMs;

    override admit(nowMs: number): void {
      let isInside = true;
      const leave = (departure: Departure, kind: Fate['kind']): void => {
        if (!isInside) return;
        isInside = false;
        gate.leave(departure, agenda.nowMs - nowMs, agenda.nowMs - nowMs, agenda.nowMs);
        this.end(kind);
      };
      if (options.leave) agenda.at(this.deadlineAtMs, () => leave('abandoned', 'left'));
      plant.send(() => {
        const isGood = agenda.nowMs <= this.deadlineAtMs;
        leave(isGood ? 'answered' : 'slow', isGood ? 'good' : 'late');
      });
    }

    override refuse({ kind }: Refusal): void {
      this.end(kind);
    }

    end(kind: Fate['kind']): void {
      const { cameAtMs, priority } = this;
      fates.push({ cameAtMs, priority, kind, tookMs: agenda.nowMs - cameAtMs });
    }
  }

  const come = (): void => {
    const { nowMs } = agenda;
    const client = new Client();
    if (gate.enter()) client.admit(nowMs);
    else {
      const refusal = gate.wait(client, nowMs);
      if (refusal !== null) client.refuse(refusal);
      else if (client.line !== null) {
        agenda.at(nowMs + gate.waitLimitMs(client, options.queueMs, nowMs), () => {
          if (client.line === null) return;
          if (agenda.nowMs < nowMs + options.queueMs) return gate.expire(client, agenda.nowMs);
          gate.abandon(client, agenda.nowMs);
          client.end('timed out');
        });
      }
    }
    agenda.at(nowMs + exponential(options.everyMs(nowMs), random), come);
  };
  agenda.at(agenda.nowMs, come);
  agenda.runUntil(untilMs);
  return fates;
}
