/** Limits of a plan as one line: rates as they are (`100/s`), anything else as JSON. Pure. */

export function textOfLimits(limits: readonly unknown[]): string {
  return limits
    .map((limit) => (isRate(limit) ? limit.rate : typeof limit === 'string' ? limit : JSON.stringify(limit)))
    .join(', ');
}

/** Commas within braces belong to what stands there. What can't be read goes as it is, for control to say what is wrong. */
export function limitsOf(text: string): readonly unknown[] {
  return parts(text).map((part) => {
    if (!part.startsWith('{')) return { rate: part };
    try {
      return JSON.parse(part) as unknown;
    } catch {
      return { rate: part };
    }
  });
}

function parts(text: string): readonly string[] {
  const found: string[] = [];
  let [part, depth] = ['', 0];
  for (const letter of text) {
    if (letter === '{') depth += 1;
    if (letter === '}') depth -= 1;
    if (letter === ',' && depth <= 0) {
      found.push(part.trim());
      part = '';
    } else part += letter;
  }
  return [...found, part.trim()].filter((one) => one !== '');
}

function isRate(limit: unknown): limit is { readonly rate: string } {
  if (typeof limit !== 'object' || limit === null || Array.isArray(limit)) return false;
  const [[name, value] = ['', null], ...others] = Object.entries(limit);
  return others.length === 0 && name === 'rate' && typeof value === 'string';
}
