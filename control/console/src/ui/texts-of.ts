/** Inputs of a form, each bound by its name to one text of the record that the form fills. Pure. */

/** Members that may be any text. */
type TextIn<Of> = { [Name in keyof Of]-?: string extends Of[Name] ? Name : never }[keyof Of];

/** As much of an event as an input tells: what it holds now. */
interface Typed {
  readonly currentTarget: { readonly value: string };
}

/** `text('url')`: what its input shows, and what happens as one types there. */
export function textsOf<Of extends object>(of: Of, set: (part: Partial<NoInfer<Of>>) => void) {
  return (name: TextIn<Of>) => ({
    value: of[name] as string, // One of those that are texts.
    onChange({ currentTarget }: Typed) {
      set({ [name]: currentTarget.value } as Partial<Of>); // That member, and a text.
    },
  });
}
