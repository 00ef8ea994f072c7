/** Link (RFC 8288): a list of targets, each in angle brackets, with parameters behind it. Pure. */
import type { HeaderList } from './headers.js';

/** What stands between commas; commas in a target or in quotes belong to their link. */
const MEMBER = /(?:<[^>]*>|"(?:[^"\\]|\\.)*"|[^,])+/g;
/** The first `rel` counts (§3.3); several types are separated by spaces. */
const REL = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i;

/** Without the links of these relation types, which are lower-case; whatever is no link stays. */
export function withoutLinks(headers: HeaderList, types: ReadonlySet<string>): HeaderList {
  if (!headers.some((name, i) => i % 2 === 0 && name === 'link')) return headers;
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]];
    const told = name === 'link' ? withoutTypes(value, types) : value;
    if (name !== 'link' || told !== '') kept.push(name, told);
  }
  return kept;
}

function withoutTypes(value: string, types: ReadonlySet<string>): string {
  const links = (value.match(MEMBER) ?? []).map((link) => link.trim());
  return links.filter((link) => link !== '' && !relationsOf(link).some((type) => types.has(type))).join(', ');
}

function relationsOf(link: string): string[] {
  const [, quoted, bare] = REL.exec(link.replace(/<[^>]*>/, '')) ?? [];
  return (quoted ?? bare ?? '').toLowerCase().split(/\s+/);
}
