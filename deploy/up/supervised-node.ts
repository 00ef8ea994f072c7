/** A supervisor's sight of its node, in the words of the admin API. Pure. */
import type { SupervisedNode } from '@weir/control/api/control-status.js';
import { reachableAddress } from '@weir/proto/bus/address.js';
import type { LifePhase } from './node-life.js';
import type { Supervision } from './supervisor.js';

const states: Readonly<Record<LifePhase, SupervisedNode['state']>> = {
  starting: 'starting',
  running: 'running',
  waiting: 'restarting',
  stopping: 'stopping',
  stopped: 'stopped',
};

export function supervisedNode({ life, pid, lastExit, metrics, status, trouble }: Supervision): SupervisedNode {
  return {
    state: states[life.phase],
    pid,
    restarts: life.restarts,
    lastExit,
    metrics: metrics === null ? null : `http://${reachableAddress(metrics)}/metrics`,
    status,
    trouble,
  };
}
