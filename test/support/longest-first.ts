/**
 * The order of test files: what takes long begins first, or it would be waited for by itself at the end. Vitest knows how long each took
 * from the run before, which a fresh clone does not have; then it goes by the size of files, and a campaign that takes a minute has ten lines.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** By beginnings of their paths: half a minute and more, the longest first, and campaigns, which are short to write. */
export const LONG: readonly string[] = [
  'test/integration/cache/purge.test.ts',
  'test/integration/process/up.test.ts',
  'test/integration/jobs/',
  'test/conformance/listener/uws.test.ts',
  'test/integration/revisions/',
  'test/conformance/purges/',
  'test/browser/',
  'test/cluster/',
  'test/integration/registry/',
  'test/simulation/',
  'test/integration/process/',
  'test/integration/management/',
  'test/integration/cache-l2/',
  'test/deploy/docker.test.ts',
  'test/integration/config/accepted.test.ts',
  'test/integration/doctor/design.test.ts',
  'test/integration/doctor/overload.test.ts',
  'test/integration/ai/field-failures.test.ts',
  'test/fuzz/',
  'bench/layers/subjects.test.ts',
  'node/cluster/simulation.test.ts',
  'proto/cluster/simulation.test.ts',
  'control/cluster/histories.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // One project follows the other: a process that several files share ends where a file of another project comes between. What needs one
    // to itself comes before, for it is mostly long.
    const projects = [...new Set(sorted.map(({ project }) => project))]
      .sort((one, other) => Number(other.config.isolate) - Number(one.config.isolate))
      .map(({ name }) => name);
    const placed = sorted.map((file) => ({
      file,
      project: projects.indexOf(file.project.name),
      rank: rankOf(file.moduleId.slice(this.ctx.config.root.length + 1)),
    }));
    placed.sort((one, other) => one.project - other.project || one.rank - other.rank);
    return placed.map(({ file }) => file);
  }
}

function rankOf(path: string): number {
  const rank = LONG.findIndex((beginning) => path.startsWith(beginning));
  return rank === -1 ? LONG.length : rank;
}
