/** The metrics of OpenTelemetry's conventions for generative AI, by the names that its exporters give them in Prometheus. */
import { label, snake } from './cell-samples.js';
import { type Family, histogramFamily, type Labels, plainHistogramFamily } from './exposition.js';
import { type GenAiCells, type GenAiSeries, tokenBuckets } from './gen-ai-cells.js';

export function genAiFamilies({ series }: GenAiCells): Family[] {
  return [
    plainHistogramFamily('gen_ai_client_token_usage', 'Tokens of requests to models.', tokenBuckets, function* () {
      for (const one of series.values()) {
        if (one.input.count > 0) yield [[...labelsOf(one), label('gen_ai_token_type', 'input')], one.input];
        if (one.output.count > 0) yield [[...labelsOf(one), label('gen_ai_token_type', 'output')], one.output];
      }
    }),
    histogramFamily('gen_ai_client_operation_duration_seconds', 'Requests to models, to their end.', function* () {
      for (const one of series.values())
        for (const [error, cells] of one.durations)
          yield [[...labelsOf(one), ...(error === '' ? [] : [label('error_type', error)])], cells];
    }),
    histogramFamily(
      'gen_ai_server_time_to_first_token_seconds',
      'From the begin of the attempt that answered a stream to its first content.',
      function* () {
        for (const one of series.values()) if (one.firstToken.count > 0) yield [labelsOf(one), one.firstToken];
      },
    ),
    histogramFamily(
      'gen_ai_server_time_per_output_token_seconds',
      'Of streams, the time from their first content to their last by the tokens behind the first.',
      function* () {
        for (const one of series.values()) if (one.perToken.count > 0) yield [labelsOf(one), one.perToken];
      },
    ),
  ];
}

const labelsOf = ({ operation, provider, model }: GenAiSeries): Labels => [
  label('gen_ai_operation_name', snake(operation)),
  label('gen_ai_provider_name', provider),
  label('gen_ai_request_model', model),
];
