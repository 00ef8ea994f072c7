/**
 * Path patterns as a tree of segments, walked depth first: at each segment a literal before a parameter before the
 * rest, so the patterns that match come out in the order of their specificity. No pattern of a user is ever run as a
 * regular expression, and a walk visits each node of the tree at most once: its cost is bounded by the configuration,
 * whatever the path is.
 *
 *   /orders/{id}      (root) ─ orders ─ {} ● /orders/{id}
 *   /orders/*                     └──── * ● /orders/*
 *   /{tenant}/status     └─── {} ─ status ● /{tenant}/status
 */

import { matchablePath } from '@weir/proto/http/request-path.js';
import type { PathMatchSpec } from '@weir/proto/snapshot/snapshot.js';
import { segmentsOf } from './path.js';

export interface PathNode<L> {
  readonly literals: Map<string, PathNode<L>>;
  parameter: PathNode<L> | null;
  /** What is known of paths that end here. */
  end: L | null;
  /** What is known of paths that go on from here in any way, or not at all. */
  rest: L | null;
}

export function createPathTree<L>(): PathNode<L> {
  return { literals: new Map(), parameter: null, end: null, rest: null };
}

export interface PathPattern {
  /** Null: a parameter. */
  readonly segments: readonly (string | null)[];
  /** Names of the parameters in order. */
  readonly names: readonly string[];
  readonly hasRest: boolean;
}

/** Reads a pattern, or throws with the reason why no path could ever match it. */
export function pathPattern(spec: PathMatchSpec): PathPattern {
  const written = spec.kind === 'exact' ? spec.path : spec.kind === 'prefix' ? spec.prefix : spec.template;
  const normal = written.startsWith('/') ? matchablePath(written) : null;
  if (normal === null) throw new Error(`the path ${JSON.stringify(written)} can never match a request`);
  const segments = segmentsOf(normal);
  if (spec.kind === 'exact') return { segments, names: [], hasRest: false };
  if (spec.kind === 'prefix') {
    // A prefix stands for whole segments, so a slash at its end adds nothing.
    return { segments: segments.at(-1) === '' ? segments.slice(0, -1) : segments, names: [], hasRest: true };
  }
  const hasRest = segments.at(-1) === '*';
  const names: string[] = [];
  const parts = (hasRest ? segments.slice(0, -1) : segments).map((segment) => {
    if (!segment.startsWith('{') || !segment.endsWith('}')) return segment;
    names.push(segment.slice(1, -1));
    return null;
  });
  return { segments: parts, names, hasRest };
}

/** The leaf of a pattern, made where it is not there yet. */
export function leafOf<L>(root: PathNode<L>, pattern: PathPattern, make: () => L): L {
  let node = root;
  for (const segment of pattern.segments) {
    if (segment === null) {
      node.parameter ??= createPathTree();
      node = node.parameter;
      continue;
    }
    let child = node.literals.get(segment);
    if (child === undefined) {
      child = createPathTree();
      node.literals.set(segment, child);
    }
    node = child;
  }
  if (pattern.hasRest) {
    node.rest ??= make();
    return node.rest;
  }
  node.end ??= make();
  return node.end;
}

/**
 * Asks the leaves that match a path in normal form, the most specific one first, until one gives an answer.
 * `values` holds the values of the parameters on the way, and `restAt` is where the rest begins (-1: there is none).
 */
export function walkPath<L, R>(
  root: PathNode<L>,
  path: string,
  ask: (leaf: L, values: readonly string[], restAt: number) => R | null,
): R | null {
  const values: string[] = [];
  const visit = (node: PathNode<L>, at: number): R | null => {
    if (at > path.length) {
      const ended = node.end === null ? null : ask(node.end, values, -1);
      if (ended !== null) return ended;
      return node.rest === null ? null : ask(node.rest, values, path.length);
    }
    const slash = path.indexOf('/', at);
    const segmentEnd = slash === -1 ? path.length : slash;
    const segment = path.slice(at, segmentEnd);
    const child = node.literals.get(segment);
    const found = child === undefined ? null : visit(child, segmentEnd + 1);
    if (found !== null) return found;
    if (node.parameter !== null && segment !== '') {
      values.push(segment);
      const taken = visit(node.parameter, segmentEnd + 1);
      if (taken !== null) return taken;
      values.pop();
    }
    return node.rest === null ? null : ask(node.rest, values, at);
  };
  return visit(root, 1);
}
