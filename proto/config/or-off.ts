/** A setting that is `true` for its usual fields, `false` for none (null), or its fields. */
import * as z from 'zod';
import { flag } from './scalars.js';

export const orOff = <T extends z.ZodType>(fields: T) =>
  z.union([flag().transform((on) => (on ? (fields.parse({}) as z.output<T>) : null)), fields]);
