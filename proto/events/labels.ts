/** What an operator calls a node by, such as `zone=a`. Apart from the messages that hold labels, so that a command line that reads one needs no schemas. */
const LABEL = /^[\w.-]{1,40}=[\w.-]{1,40}$/;
export const labelsMax = 16;

export function isLabel(text: string): boolean {
  return LABEL.test(text);
}
