/**
 * The same requests in the words of OpenTelemetry's conventions for generative AI ("Semantic conventions for generative AI metrics"), for
 * dashboards that know them; ai-cells.ts has what they lack. Names of models are the operator's, as there, so series are bounded by
 * the configuration and the few operations that there are.
 */
import type { Exchange } from '../pipeline/exchange.js';
import { DurationCells } from './duration-cells.js';

/** As the conventions advise. */
export const tokenBuckets: readonly number[] = Array.from({ length: 14 }, (_, power) => 4 ** power);

export class TokenCells {
  /** Not cumulative; the last is what lies above all bounds. */
  readonly counts = new Float64Array(tokenBuckets.length + 1);
  count = 0;
  sum = 0;

  observe(tokens: number): void {
    let bucket = 0;
    while (bucket < tokenBuckets.length && tokens > (tokenBuckets[bucket] ?? 0)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.count += 1;
    this.sum += tokens;
  }
}

export interface GenAiSeries {
  readonly operation: string;
  readonly model: string;
  /** Empty: nobody was asked. */
  readonly provider: string;
  readonly input: TokenCells;
  readonly output: TokenCells;
  readonly firstToken: DurationCells;
  readonly perToken: DurationCells;
  /** By why it failed; empty: it has not. */
  readonly durations: Map<string, DurationCells>;
}

export class GenAiCells {
  readonly series = new Map<string, GenAiSeries>();
  #last: GenAiSeries | null = null;

  ended({ ai, failure, receivedAtMs, endedAtMs }: Exchange): void {
    if (ai === null) return;
    const series = this.#of(ai.operation, ai.model, ai.provider);
    if (ai.usage !== null) {
      series.input.observe(ai.usage.input);
      series.output.observe(ai.usage.output);
    }
    if (ai.firstTokenMs >= 0) series.firstToken.observe(ai.firstTokenMs);
    // Between the first token and the last there is one gap less than there are tokens.
    const gaps = (ai.usage?.output ?? 0) - 1;
    if (ai.contentMs >= 0 && gaps > 0) series.perToken.observe(ai.contentMs / gaps);
    const error = ai.error ?? failure?.code ?? '';
    const durations = series.durations.get(error) ?? new DurationCells();
    series.durations.set(error, durations);
    durations.observe(endedAtMs - receivedAtMs);
  }

  /** Forgets what `isKnown` denies. */
  retain(isKnown: (series: GenAiSeries) => boolean): void {
    this.#last = null;
    for (const [key, series] of this.series) if (!isKnown(series)) this.series.delete(key);
  }

  #of(operation: string, model: string, provider: string): GenAiSeries {
    const last = this.#last;
    if (last?.operation === operation && last.model === model && last.provider === provider) return last;
    const key = [operation, model, provider].join('\0');
    let series = this.series.get(key);
    if (series === undefined) {
      series = {
        ...{ operation, model, provider, input: new TokenCells(), output: new TokenCells() },
        ...{ firstToken: new DurationCells(), perToken: new DurationCells(), durations: new Map() },
      };
      this.series.set(key, series);
    }
    this.#last = series;
    return series;
  }
}
