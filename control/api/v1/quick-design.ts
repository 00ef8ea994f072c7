/** The design of a service that is made in one step: of a server alone, or of an OpenAPI document. Pure. */

import type { ContractFault } from '../../contract/contract-faults.js';
import { readContract } from '../../contract/read.js';
import { designOf, type OperationSummary } from '../../contract/to-design.js';
import type { Design } from '../../model/entities.js';

export interface Drawn {
  /** Null: the document can't be read. */
  readonly design: Design | null;
  /** Of the document; empty: it has none. */
  readonly title: string;
  /** What to call first, below the base path. */
  readonly firstPath: string;
  readonly faults: readonly ContractFault[];
}

/** Everything goes to the server, below the path that its address has. */
export function designOfServer(server: string): Drawn {
  const url = URL.canParse(server) ? new URL(server) : null;
  const path = url?.pathname.replace(/\/+$/, '') ?? '';
  const target = url === null || path === '' ? server.replace(/\/+$/, '') : url.origin;
  const route = {
    ...{ id: 'all', match: '/*', upstream: 'server' },
    ...(path === '' ? {} : { rewrite: { replacePrefix: { from: '/', with: path } } }),
  };
  const upstreams = [{ id: 'server', targets: [target] }];
  const design: Design = { contract: '', upstreams, routes: [route], validate: 'off', mock: false };
  return { design, title: '', firstPath: '/', faults: [] };
}

/** `server`: in place of those that the document names; empty: as it says. */
export function designOfDocument(document: string, server: string): Drawn {
  const { contract, faults } = readContract(document);
  if (contract === null) return { design: null, title: '', firstPath: '', faults };
  const text = JSON.stringify(contract.document);
  const sent =
    server === ''
      ? contract
      : {
          ...contract,
          servers: [{ url: server, description: '' }],
          operations: contract.operations.map((operation) => ({ ...operation, servers: [] })),
        };
  const { design, summary, faults: designed } = designOf(sent, text);
  return { design, title: summary.title, firstPath: firstOf(summary.operations), faults: [...faults, ...designed] };
}

/** What can be asked for without knowing anything, where there is such. */
function firstOf(operations: readonly OperationSummary[]): string {
  const reads = operations.filter(({ method }) => method === 'GET');
  const plain = reads.find(({ path }) => !path.includes('{'));
  return (plain ?? reads[0] ?? operations[0])?.path ?? '/';
}
