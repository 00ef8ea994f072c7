/**
 * The texts of prompts: `{{name}}` is the place of a variable's value, and what stands between `{{#name}}` and `{{/name}}` is there
 * only where the variable has one. Nothing else means anything: there are no expressions, no loops and no nesting, so that whoever
 * reads a template knows what a caller's value can do in it, which is to stand there. `\{{` is two braces. Pure.
 */
import type { AiPromptPiece } from '../snapshot/ai.js';
import { accept, quote, type Reading, refuse } from './units.js';

export const variableNamePattern = '^[A-Za-z_][A-Za-z0-9_]{0,63}$';

const TAG = /\\\{\{|\{\{([#/]?)\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}|\{\{/g;

export function readTemplate(text: string): Reading<readonly AiPromptPiece[]> {
  const pieces: AiPromptPiece[] = [];
  let when: string | null = null;
  let plain = '';
  let from = 0;
  const flush = (): void => {
    if (plain !== '') pieces.push({ text: plain, variable: null, when });
    plain = '';
  };
  for (const tag of text.matchAll(TAG)) {
    plain += text.slice(from, tag.index);
    from = tag.index + tag[0].length;
    const [whole, mark, name] = tag;
    if (whole.startsWith('\\')) plain += '{{';
    else if (name === undefined) {
      const near = quote(text.slice(tag.index, tag.index + 20));
      return refuse(`two braces begin a variable, and ${near} is none`, 'write {{name}}, or \\{{ for two braces');
    } else if (mark === '') {
      flush();
      pieces.push({ text: '', variable: name, when });
    } else if (mark === '#') {
      if (when !== null) return refuse(`{{#${name}}} stands inside of {{#${when}}}`, 'close the outer one before it');
      flush();
      when = name;
    } else {
      if (when !== name) return refuse(`{{/${name}}} closes nothing that was open`, `write {{#${name}}} before it`);
      flush();
      when = null;
    }
  }
  plain += text.slice(from);
  flush();
  return when === null ? accept(pieces) : refuse(`{{#${when}}} is never closed`, `write {{/${when}}} where it ends`);
}

export function variablesOf(pieces: readonly AiPromptPiece[]): string[] {
  return pieces.flatMap(({ variable, when }) => [variable, when].filter((name) => name !== null));
}
