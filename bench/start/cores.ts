/** Who runs where: the proxy has a core to itself, everything around it shares a second one. And is anybody else here? */
import { loadavg } from 'node:os';
import { allowedCores } from '../measure/process-usage.js';

export interface Cores {
  readonly proxy: number;
  readonly load: number;
}

/** The first two cores that we may use: one for the proxy alone, one for origin and load generator together. */
export function chooseCores(): Cores {
  const [proxy, load] = allowedCores();
  if (proxy === undefined || load === undefined) {
    throw new Error('this comparison needs two cores: one for the proxy, one for origin and load generator');
  }
  return { proxy, load };
}

/** Above this, others use the machine as well, and the figures say more about them. */
const QUIET_LOAD = 0.5;

/** Load average of the last minute, before anything of ours runs. */
export const loadBeforeStart = (): number => loadavg()[0] ?? 0;

export const isQuiet = (load: number): boolean => load <= QUIET_LOAD;

export const loadSentence = (load: number): string =>
  `Load average before the start: ${load.toFixed(2)}; above ${QUIET_LOAD} the machine was not quiet and the figures are worth little.`;
