/** Amazon Bedrock: Converse and ConverseStream, for every model that they serve. */
import type { Provider } from '../../provider.js';
import { continues } from '../anthropic/anthropic.js';
import { answer } from './answer.js';
import { error } from './error.js';
import { bedrockOperations } from './operations.js';
import { request } from './request.js';
import { BedrockStream } from './stream.js';

/** Settings: `region`, for the signature; those of guardrails stand in request.ts. */
export const bedrock: Provider = {
  kind: 'bedrock',
  title: 'Amazon Bedrock',
  // It depends on the region: https://bedrock-runtime.eu-central-1.amazonaws.com
  defaultUrl: null,
  credential: { kind: 'sigv4', service: 'bedrock' },
  framing: 'aws-event-stream',
  request,
  continues,
  answer,
  stream: () => new BedrockStream(),
  error,
  operations: bedrockOperations,
};
