/** Keys of a mapping that are names themselves: they are held to what holds for a name that is written as a value. */
import type * as z from 'zod';

interface Context {
  addIssue(issue: {
    readonly code: 'custom';
    path: string[];
    readonly message: string;
    readonly params: Record<string, unknown>;
  }): void;
}

/** The key itself; what is wrong with it becomes an issue at its place. */
export function checkedKey(name: z.ZodType<string>, key: string, context: Context): string {
  const result = name.safeParse(key);
  const [issue] = result.error?.issues ?? [];
  if (issue?.code === 'custom')
    context.addIssue({ code: 'custom', path: [key], message: issue.message, params: issue.params ?? {} });
  return key;
}
