/**
 * Which version of a service a draft is saved against. What is on the screen is asked for anew whenever something has changed, and the version with it; a
 * draft that somebody else has saved meanwhile would be overwritten by one who has never seen it. So the version that was opened stays, and control
 * refuses (412), until the draft that is kept is the one that this editor has opened or saved. Pure.
 */

export interface Opened {
  /** The draft as it was opened, or as control kept it when it was saved here. */
  readonly draft: string;
  readonly version: number;
}

/** Other changes of a service, such as a release, make a version too, and overtake nobody. */
export function isOvertaken(opened: Opened, keptDraft: string): boolean {
  return keptDraft !== opened.draft;
}

export function versionToSend(opened: Opened, keptDraft: string, version: number): number {
  return isOvertaken(opened, keptDraft) ? opened.version : version;
}
