/**
 * Azure OpenAI (learn.microsoft.com/azure/ai-foundry/openai/reference). A model is a deployment there, and stands in the path.
 * Where a category of the content filter was hit, the choice ends as filtered, whatever its finish reason says; what the filter
 * found in the prompt comes as a first chunk without choices, which says nothing to a caller. Pure.
 *
 * Settings: `apiVersion`; with `v1` the deployment stands in the body, as the newer API wants it.
 */

import type { Provider, ProviderPlace } from '../provider.js';
import { encodeStep, encodeUri } from '../uri.js';
import { compatibleProvider, type OwnWays } from './compatible/compatible.js';
import type { CompatibleSpec } from './compatible/spec.js';
import { openAiSpec } from './openai.js';
import { openAiOperations } from './openai-operations/openai-operations.js';

/** The last version that is not a preview. */
const API_VERSION = '2024-10-21';

const spec: CompatibleSpec = {
  ...openAiSpec,
  id: 'azure-openai',
  title: 'Azure OpenAI',
  credential: { kind: 'header', name: 'api-key', prefix: '' },
  errorKinds: {
    // The filter's answer to a prompt: 400 with this code.
    content_filter: 'contentFiltered',
    ResponsibleAIPolicyViolation: 'contentFiltered',
    DeploymentNotFound: 'notFound',
    OperationNotSupported: 'invalidRequest',
    // A code in place of a word: the status of the answer.
    '401': 'authentication',
    '404': 'notFound',
    '429': 'rateLimited',
  },
};

const { defaultUrl: _openAiUrl, ...azureSpec } = spec;

const pathOf = ({ basePath, model, settings }: ProviderPlace, end: string): string =>
  settings['apiVersion'] === 'v1'
    ? `${basePath}/openai/v1${end}`
    : `${basePath}/openai/deployments/${encodeStep(model)}${end}`;
const queryOf = ({ settings }: ProviderPlace): string =>
  settings['apiVersion'] === 'v1' ? '' : `api-version=${encodeUri(settings['apiVersion'] ?? API_VERSION)}`;

const ways: OwnWays = { path: (place) => pathOf(place, '/chat/completions'), query: queryOf };

const today = compatibleProvider(azureSpec, ways);
/** Versions before 2024-09-01-preview refuse `stream_options` and `max_completion_tokens`: a stream's usage has to be estimated. */
const before = compatibleProvider({ ...azureSpec, streamUsage: 'unasked', maxTokens: 'max_tokens' }, ways);

export const azureOpenAi: Provider = {
  ...today,
  request: (chat, place) => (isOld(place.settings['apiVersion'] ?? API_VERSION) ? before : today).request(chat, place),
  // Moderations are a service of its own there, with an API of its own.
  operations: openAiOperations(['embeddings', 'images', 'imageEdits', 'speech', 'transcriptions'], {
    title: 'Azure OpenAI',
    place: (place, end) => ({ path: pathOf(place, end), query: queryOf(place), headers: [] }),
    knowsBase64: true,
    streamsImages: true,
  }),
};

/** Versions are dates, and words (`v1`, `preview`) stand behind every date. */
const isOld = (version: string): boolean => version < '2024-09-01';
