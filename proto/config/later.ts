/**
 * Keys of the public interface that this version cannot act on. They are refused by name instead of being accepted and
 * ignored: nobody shall believe that a setting protects them which does nothing. A key leaves this list in the change
 * that makes it work.
 */
import * as z from 'zod';

export const laterKeys = z.registry<{ readonly keys: readonly string[] }>();
