/** Who may know whom: the direction of imports between workspaces, and between layers and the rest of a node. */
import { posix } from 'node:path';
import { powersOf } from './purity.js';
import { chainFile, isTest, mayImport, socketModules } from './rules.js';
import { type Import, importsOf, type Source, type Violation } from './source.js';

export function importRules(source: Source): Violation[] {
  const found: Violation[] = [];
  for (const entry of importsOf(source)) {
    const message = direction(source.path, entry) ?? layering(source.path, entry) ?? socket(source.path, entry);
    if (message !== undefined) found.push({ path: source.path, line: entry.line, ...message });
  }
  return found;
}

type Finding = Pick<Violation, 'rule' | 'message'>;

/** The file of this house that an import means, relative to the root, or undefined for a package. */
export function resolveImport(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('@weir/')) return specifier.slice('@weir/'.length);
  if (specifier.startsWith('.')) return posix.join(posix.dirname(path), specifier);
  return undefined;
}

const workspaceOf = (path: string): string => path.slice(0, path.indexOf('/'));

function direction(path: string, { specifier }: Import): Finding | undefined {
  const meant = resolveImport(path, specifier);
  const own = workspaceOf(path);
  const allowed = mayImport[own];
  if (meant === undefined || allowed === undefined) return undefined;
  const other = workspaceOf(meant);
  if (!allowed.includes(other)) {
    return {
      rule: 'import-direction',
      message: `${own} may import ${allowed.join(', ')}, not ${other} (${specifier})`,
    };
  }
  if ((other === own) !== specifier.startsWith('.')) {
    return {
      rule: 'import-form',
      message: `inside a workspace imports are relative, across them @weir/… (${specifier})`,
    };
  }
  return undefined;
}

function layering(path: string, { specifier, typeOnly }: Import): Finding | undefined {
  const meant = resolveImport(path, specifier);
  if (meant === undefined || !path.startsWith('node/') || isTest(path)) return undefined;
  if (meant.startsWith('node/layers/') && path !== chainFile && !path.startsWith('node/layers/')) {
    return { rule: 'layering', message: `only ${chainFile} names layers (${specifier})` };
  }
  // The type of a place in the chain is what a layer implements; the chain's values are not its business.
  if (!typeOnly && path.startsWith('node/layers/') && meant === chainFile.replace(/\.ts$/, '.js')) {
    return { rule: 'layering', message: 'a layer does not know the chain that it stands in' };
  }
  return undefined;
}

function socket(path: string, { specifier, typeOnly }: Import): Finding | undefined {
  if (typeOnly || isTest(path) || !socketModules.has(specifier) || powersOf(path).has('sockets')) return undefined;
  return { rule: 'sockets', message: `${specifier} opens connections; only the edges in test/tidy/rules.ts may` };
}
