/**
 * Keeps values of the environment out of messages. A reference in the wrong field (`id: ${API_KEY}`) is filled like any
 * other, and the fault it causes would print the key into a terminal, a log or a CI job; what is shown is the reference.
 */

/** Variables that were filled in, by name. */
export type FilledVariables = ReadonlyMap<string, string>;

/**
 * Shorter values are only hidden where they were filled in: a port or a zone elsewhere in a message is a coincidence,
 * and a secret this short is none.
 */
const LENGTH_MIN = 8;

/** The message with every stretch of a variable's value replaced by its reference. Values may be cut or escaped. */
export function conceal(message: string, variables: FilledVariables): string {
  let text = message;
  for (const [name, value] of variables) {
    if (value.length < LENGTH_MIN) continue;
    const reference = `\${${name}}`;
    text = replaceStretches(text, value, reference);
    const escaped = JSON.stringify(value).slice(1, -1);
    if (escaped !== value) text = replaceStretches(text, escaped, reference);
  }
  return text;
}

/** Replaces each stretch that begins like the value, as far as it is like it; messages cut what is long. */
function replaceStretches(message: string, value: string, reference: string): string {
  const lowerMessage = message.toLowerCase();
  const lowerValue = value.toLowerCase();
  // Lowering may change the length of exotic text; then only the exact spelling is looked for.
  const sameLength = lowerMessage.length === message.length && lowerValue.length === value.length;
  const [hay, needle] = sameLength ? [lowerMessage, lowerValue] : [message, value];
  const start = needle.slice(0, LENGTH_MIN);
  let result = '';
  let from = 0;
  for (let at = hay.indexOf(start); at !== -1; at = hay.indexOf(start, from)) {
    let length = start.length;
    while (length < needle.length && hay[at + length] === needle[length]) length += 1;
    result += message.slice(from, at) + reference;
    from = at + length;
  }
  return result + message.slice(from);
}
