/** Writes proto/config/weir.schema.json anew: `npm run build`, then `node control/dist/publish/write-schema.js`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { jsonSchemaText } from '@weir/proto/config/json-schema.js';

// From control/dist/publish/ up to the root.
writeFileSync(fileURLToPath(new URL('../../../proto/config/weir.schema.json', import.meta.url)), jsonSchemaText());
