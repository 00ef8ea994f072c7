/** The documentation of a service as its callers see it. */
import { ApiDocs } from '../api-docs.js';
import type { TabProps } from '../service.js';

export default function Docs({ service }: TabProps) {
  return (
    <ApiDocs id={service.id} basePath={service.basePath} hosts={service.hosts} isOpen={service.access === 'open'} />
  );
}
