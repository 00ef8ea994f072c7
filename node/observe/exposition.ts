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
  /** Whole lines with their line ends; one piece per series, so that slices fall between series; empty for one that has nothing to tell. */
  lines(): Iterable<string>;
}

/** Characters written before others get their turn: a millisecond or two of work on a slow core. */
export const SLICE_CHARACTERS = 16 * 1024;
/** Who has nothing to tell was asked all the same, and counts as so many characters. */
const LOOK_CHARACTERS = 64;

const MS_PER_S = 1_000;

/** Undefined: a series that was looked at, and is not told. */
export function family(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  samples: () => Iterable<Sample | undefined>,
): Family {
  return {
    name,
    help,
    type,
    *lines() {
      for (const sample of samples())
        yield sample === undefined ? '' : `${name}${braced(joined(sample[0]))} ${sample[1]}\n`;
    },
  };
}

/** A histogram in seconds over cells in milliseconds. */
export function histogramFamily(
  name: string,
  help: string,
  series: () => Iterable<readonly [Labels, DurationCells] | undefined>,
): Family {
  return bucketed(name, help, bucketsMs, MS_PER_S, function* () {
    for (const one of series()) {
      if (one === undefined) yield undefined;
      else yield [one[0], { counts: one[1].counts, count: one[1].count, sum: one[1].sumMs }];
    }
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
  series: () => Iterable<readonly [Labels, Buckets] | undefined>,
): Family {
  const bounds = [...upTo.map((bound) => String(bound / divisor)), '+Inf'];
  return {
    name,
    help,
    type: 'histogram',
    *lines() {
      for (const one of series()) {
        if (one === undefined) {
          yield '';
          continue;
        }
        const [labels, cells] = one;
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

/**
 * The text of all families, in pieces. `breathe` lets others have the event loop between two of them. Never in one: fourteen megabytes
 * of text, joined, measured, encoded and sent in one turn, held the requests up for a hundred milliseconds.
 */
export async function writeFamilies(families: readonly Family[], breathe: () => Promise<void>): Promise<string[]> {
  const pieces: string[] = [];
  let piece: string[] = [];
  let work = 0;
  for (const { name, help, type, lines } of families) {
    piece.push(`# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`);
    for (const line of lines()) {
      piece.push(line);
      work += line === '' ? LOOK_CHARACTERS : line.length;
      if (work < SLICE_CHARACTERS) continue;
      pieces.push(piece.join(''));
      piece = [];
      work = 0;
      await breathe();
    }
  }
  pieces.push(piece.join(''));
  return pieces;
}

const joined = (labels: Labels): string => labels.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',');
const braced = (labels: string): string => (labels === '' ? '' : `{${labels}}`);

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeValue = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');
