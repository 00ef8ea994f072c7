/** Lines over time on a canvas, with what they say in words beside them for whoever doesn't see it. */
import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Line {
  readonly label: string;
  /** Light and dark. */
  readonly stroke: readonly [string, string];
  /** Dashes tell lines apart where colours don't. */
  readonly dash?: number[];
  readonly values: readonly number[];
}

export interface ChartProps {
  readonly label: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly unit: string;
  readonly heightPx?: number;
}

export function Chart({ label, times, lines, unit, heightPx = 200 }: ChartProps) {
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const isDark = useComputedColorScheme('light') === 'dark';
  const latest = lines.map(({ label: name, values }) => `${name} ${showLast(values)} ${unit}`).join(', ');
  useEffect(() => {
    if (place.current === null || width === 0) return;
    const ink = isDark ? '#a9b0b7' : '#545b62';
    const grid = { stroke: isDark ? '#2c3136' : '#eceff1', width: 1 };
    const axis = { stroke: ink, grid, ticks: grid };
    const plot = new UPlot(
      {
        ...{ width, height: heightPx, cursor: { y: false }, legend: { live: true } },
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
        axes: [
          { ...axis, space: 80, values: (_plot, times) => times.map(clockOf) },
          { ...axis, size: 48 },
        ],
        series: [
          { label: 'Time', value: (_plot, time) => (time === null ? '–' : clockOf(time)) },
          ...lines.map(({ label: name, stroke, dash }) => ({
            ...{ label: name, stroke: stroke[isDark ? 1 : 0], width: 2, points: { show: false } },
            ...(dash === undefined ? {} : { dash }),
          })),
        ],
      },
      [[...times], ...lines.map(({ values }) => [...values])],
      place.current,
    );
    return () => plot.destroy();
  }, [width, isDark, times, lines, heightPx]);
  return (
    <figure ref={ref} className="chart" aria-label={`${label}. Latest: ${latest}`}>
      <div ref={place} aria-hidden="true" />
    </figure>
  );
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** Of seconds since 1970, as the reader's own clock has them; days are not told, for nothing here is as old. */
function clockOf(time: number): string {
  return clock.format(time * 1_000);
}

function showLast(values: readonly number[]): string {
  return String(Math.round(values.at(-1) ?? 0));
}
