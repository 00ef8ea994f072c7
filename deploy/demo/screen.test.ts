import { describe, expect, it } from 'vitest';
import { createScreen, wantsColour } from './screen.js';

function outputOf(isTTY: boolean) {
  const written: string[] = [];
  return { written, isTTY, write: (text: string) => written.push(text) };
}

describe('the screen', () => {
  it('redraws in place on a terminal, over as many lines as it drew before', () => {
    const output = outputOf(true);
    const screen = createScreen(output, () => 0);
    screen.show(['a', 'b'], 'short');
    screen.show(['c', 'd', 'e'], 'short');
    screen.finish(['f']);
    expect(output.written).toEqual(['a\nb\n', '\x1b[2F\x1b[Jc\nd\ne\n', '\x1b[3F\x1b[Jf\n']);
  });

  it('draws no line wider than the terminal, for it would take two, and keeps the colours of what it cuts', () => {
    const output = { ...outputOf(true), columns: 3 };
    const screen = createScreen(output, () => 0);
    screen.show(['abcdef', '\x1b[31mabcdef\x1b[0m', 'é→x…y'], 'short');
    expect(output.written).toEqual(['abc\n\x1b[31mabc\x1b[0m\né→x\n']);
  });

  it('draws no more lines than a low terminal can take back, and all of them at the end', () => {
    const output = { ...outputOf(true), rows: 3 };
    const screen = createScreen(output, () => 0);
    screen.show(['a', 'b', 'c', 'd'], 'short');
    screen.finish(['a', 'b', 'c', 'd']);
    expect(output.written).toEqual(['a\nb\n', '\x1b[2F\x1b[Ja\nb\nc\nd\n']);
  });

  it('says the short form every five seconds elsewhere, the whole at the end, and never moves a cursor', () => {
    const output = outputOf(false);
    let nowMs = 0;
    const screen = createScreen(output, () => nowMs);
    for (nowMs = 0; nowMs <= 11_000; nowMs += 250) screen.show(['table'], `at ${nowMs}`);
    screen.finish(['table']);
    expect(output.written).toEqual(['at 0\n', 'at 5000\n', 'at 10000\n', '\ntable\n']);
  });
});

describe('colour', () => {
  it('is for terminals whose user did not decline', () => {
    expect(wantsColour(outputOf(true), {})).toBe(true);
    expect(wantsColour(outputOf(true), { NO_COLOR: '' })).toBe(true);
    expect(wantsColour(outputOf(true), { NO_COLOR: '1' })).toBe(false);
    expect(wantsColour(outputOf(true), { TERM: 'dumb' })).toBe(false);
    expect(wantsColour(outputOf(false), {})).toBe(false);
  });
});
