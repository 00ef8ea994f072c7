/** The password that was just signed in with, for the change that has to follow a generated one: in memory alone, and forgotten with that. */
let typed = '';

export function rememberTyped(password: string): void {
  typed = password;
}

export function typedPassword(): string {
  return typed;
}
