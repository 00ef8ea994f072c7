/**
 * Structured Fields on their way out (RFC 9651 §4.1). What a type can't hold is a bug of the caller where the caller chose
 * it (a key, a token), and made to fit where it came from elsewhere (a text).
 */
import { structuredString } from './proxy-status.js';
import { type BareItem, type Item, isInnerList, type Member, type Parameters } from './structured-fields.js';

export function formatDictionary(members: ReadonlyMap<string, Member>): string {
  const parts: string[] = [];
  for (const [key, member] of members) {
    const isTrue = !isInnerList(member) && isPlainTrue(member.bare);
    parts.push(isTrue ? `${key}${formatParameters(member.parameters)}` : `${key}=${formatMember(member)}`);
  }
  return parts.join(', ');
}

export function formatList(members: readonly Member[]): string {
  return members.map(formatMember).join(', ');
}

export function formatMember(member: Member): string {
  if (!isInnerList(member)) return formatItem(member);
  return `(${member.items.map(formatItem).join(' ')})${formatParameters(member.parameters)}`;
}

export function formatItem({ bare, parameters }: Item): string {
  return `${formatBareItem(bare)}${formatParameters(parameters)}`;
}

function formatParameters(parameters: Parameters): string {
  let text = '';
  for (const [key, bare] of parameters) text += isPlainTrue(bare) ? `;${key}` : `;${key}=${formatBareItem(bare)}`;
  return text;
}

function isPlainTrue(bare: BareItem): boolean {
  return bare.kind === 'boolean' && bare.value;
}

export function formatBareItem(bare: BareItem): string {
  switch (bare.kind) {
    case 'integer':
      return String(bare.value);
    case 'decimal':
      return formatDecimal(bare.value);
    case 'string':
      return structuredString(bare.value);
    case 'token':
      return bare.value;
    case 'bytes':
      return `:${bare.value}:`;
    case 'boolean':
      return bare.value ? '?1' : '?0';
    case 'date':
      return `@${bare.value}`;
    case 'display':
      return `%"${bare.value.replace(BEYOND_DISPLAY, escapeCharacter)}"`;
  }
}

/** Three places at most, and at least one, so that it is still a decimal when it is read. */
function formatDecimal(value: number): string {
  const text = value.toFixed(3).replace(/0{1,2}$/, '');
  return text;
}

const BEYOND_DISPLAY = /[^\x20\x21\x23\x24\x26-\x7e]+/gu;

const hex = (octet: number): string => `%${octet.toString(16).padStart(2, '0')}`;

function escapeCharacter(text: string): string {
  return Array.from(new TextEncoder().encode(text), hex).join('');
}
