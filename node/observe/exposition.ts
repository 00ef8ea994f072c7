/**
 * Prometheus' text format (version 0.0.4), written directly and in slices.
 *
 * prom-client can format metrics as well, and does so for the process metrics. For a node's own series it was too slow:
 * it builds and hashes an object for each line, and all of it in one turn of the event loop. A thousand routes on two
 * hundred upstreams are 49,000 lines; they took 160 to 210 ms in one piece, in which no request moved. Here the labels of
 * a series are joined once for all its lines, and the writer stops for breath after each slice.
 */
import { bucketsMs, type DurationCells } from './duration-cells.js';

export type Labels = readonly (readonly [name: string, value: string])[];
export type Sample = readonly [labels: Labels, value: number];

/** One metric: what is written above its lines, and where they come from when they are asked for. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Whole lines with their line ends; one piece per series, so that slices fall between series. */
  lines(): Iterable<string>;
}

/** Characters written before others get their turn: about a millisecond of work on a slow core. */
export const SLICE_CHARACTERS = 64 * 1024;

const MS_PER_S = 1_000;

export function family(type: 'counter' | 'gauge', name: string, help: string, samples: () => Iterable<Sample>): Family {
  return {
    name,
    help,
    type,
    *lines() {
      for (const [labels, value] of samples()) yield `${name}${braced(joined(labels))} ${value}\n`;
    },
  };
}

/** A histogram in seconds over cells in milliseconds. */
export function histogramFamily(
  name: string,
  help: string,
  series: () => Iterable<readonly [Labels, DurationCells]>,
): Family {
  return bucketed(name, help, bucketsMs, MS_PER_S, function* () {
    for (const [labels, { counts, count, sumMs: sum }] of series()) yield [labels, { counts, count, sum }];
  });
}

interface Buckets {
  /** Not cumulative; the last is what lies above all bounds. */
  readonly counts: Float64Array;
  readonly count: number;
  readonly sum: number;
}

/** A histogram of what has no unit. */
export const plainHistogramFamily = (
  name: string,
  help: string,
  bounds: readonly number[],
  series: () => Iterable<readonly [Labels, Buckets]>,
): Family => bucketed(name, help, bounds, 1, series);

/** What is told is what was observed by `divisor`. */
function bucketed(
  name: string,
  help: string,
  upTo: readonly number[],
  divisor: number,
  series: () => Iterable<readonly [Labels, Buckets]>,
): Family {
  const bounds = [...upTo.map((bound) => String(bound / divisor)), '+Inf'];
  return {
    name,
    help,
    type: 'histogram',
    *lines() {
      for (const [labels, cells] of series()) {
        const shared = joined(labels);
        const beforeBound = `${name}_bucket{${shared}${shared === '' ? '' : ','}le="`;
        let below = 0;
        let text = '';
        for (let i = 0; i < bounds.length; i += 1) {
          below += cells.counts[i] ?? 0;
          text += `${beforeBound}${bounds[i]}"} ${below}\n`;
        }
        const suffix = braced(shared);
        yield `${text}${name}_sum${suffix} ${cells.sum / divisor}\n${name}_count${suffix} ${cells.count}\n`;
      }
    },
  };
}

/** The text of all families. `breathe` lets others have the event loop between two slices. */
export async function writeFamilies(families: readonly Family[], breathe: () => Promise<void>): Promise<string> {
  const slices: string[] = [];
  let slice = '';
  for (const { name, help, type, lines } of families) {
    slice += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    for (const line of lines()) {
      slice += line;
      if (slice.length < SLICE_CHARACTERS) continue;
      slices.push(slice);
      slice = '';
      await breathe();
    }
  }
  slices.push(slice);
  return slices.join('');
}

const joined = (labels: Labels): string => labels.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',');
const braced = (labels: string): string => (labels === '' ? '' : `{${labels}}`);

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeValue = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');
